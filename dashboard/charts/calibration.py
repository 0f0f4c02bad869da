"""Whether confidence can be believed: accuracy against confidence with counts, and accuracy against coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.statistics.calibration import Calibration, CoveragePoint, ReliabilityBin
from dashboard.charts.words import chart_texts
from dashboard.style import RunStyle, Theme
from jobs.reports.report_charts import FEWEST_IN_BIN


@dataclass(frozen=True)
class Series:
    """One model's calibration, and how it is drawn; a quiet one is there to be compared with."""

    name: str
    calibration: Calibration
    style: RunStyle
    quiet: bool = False


def reliability(series: Sequence[Series], theme: Theme) -> go.Figure:
    """Accuracy with its 95 % interval over mean confidence, bin by bin; below it how many images each bin has.

    On the dotted diagonal confidence is as high as accuracy; below it the model is too sure. Counts are drawn on a
    logarithmic axis, for most images are in the last bin.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.05)
    # An outline is seen over a bar; one bar would hide another.
    bars = "overlay" if any(entry.quiet for entry in series) else "group"
    figure.update_layout(height=460, margin={"t": 28}, legend={"y": -0.16, "yanchor": "top"}, barmode=bars, bargap=0.1)
    diagonal = {"color": theme.muted, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=diagonal, hoverinfo="skip", showlegend=False)
    shown = chart_texts(entry.name for entry in series)
    for entry in series:
        named = {"name": shown[entry.name], "legendgroup": shown[entry.name]}
        figure.add_scatter(**_line(entry), **named, row=1, col=1)
        figure.add_bar(**_counts(entry), **named, row=2, col=1)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02])
    figure.update_xaxes(title_text="mean confidence", row=2, col=1)
    figure.update_yaxes(title_text="accuracy", tickformat=".0%", range=[0, 1.02], row=1, col=1)
    most = max((row.n for entry in series for row in entry.calibration.bins), default=1)
    decades = len(str(max(most, 1)))
    return figure.update_yaxes(title_text="images", type="log", range=[0, decades], dtick=1, row=2, col=1)


def coverage(
    points: Mapping[str, Sequence[CoveragePoint]], styles: Mapping[str, RunStyle], asked: Mapping[str, CoveragePoint]
) -> go.Figure:
    """Accuracy with its 95 % interval over the share of images answered, the surest first; a line for each run by name.

    The large mark of each line is the point in `asked`.
    """
    figure = go.Figure(layout={"height": 380, "margin": {"t": 28}, "legend": {"y": -0.2, "yanchor": "top"}})
    shown = chart_texts(points)
    for name, of_run in points.items():
        figure.add_scatter(**_interval(of_run, styles[name]))
        figure.add_scatter(**_curve(of_run, styles[name]), name=shown[name])
        if name in asked:
            figure.add_scatter(**_mark(asked[name], styles[name]), name=shown[name])
    figure.update_xaxes(title_text="coverage (share of images predicted)", tickformat=".0%", range=[0, 1.02])
    return figure.update_yaxes(title_text="accuracy on these images", tickformat=".1%")


def _line(curve: Series) -> dict[str, Any]:
    bins = [row for row in curve.calibration.bins if row.n >= FEWEST_IN_BIN]
    accuracies = [row.accuracy or 0.0 for row in bins]
    drawn = curve.style
    return {
        "x": [row.confidence for row in bins],
        "y": accuracies,
        "mode": "lines+markers",
        "line": {"color": drawn.colour, "dash": "dot" if curve.quiet else drawn.dash, "width": 1 if curve.quiet else 2},
        "marker": {"symbol": f"{drawn.marker}-open" if curve.quiet else drawn.marker, "size": 8},
        "error_y": {
            "array": [row.accuracy_high - at for row, at in zip(bins, accuracies, strict=True)],
            "arrayminus": [at - row.accuracy_low for row, at in zip(bins, accuracies, strict=True)],
            "symmetric": False,
            "thickness": 1,
            "width": 0,
        },
        "customdata": [[row.n, row.accuracy_low, row.accuracy_high] for row in bins],
        "hovertemplate": (
            "%{fullData.name}: %{y:.1%} (%{customdata[1]:.1%} to %{customdata[2]:.1%}) of %{customdata[0]:,} images "
            "right at %{x:.1%}<extra></extra>"
        ),
    }


def _counts(curve: Series) -> dict[str, Any]:
    bins: Sequence[ReliabilityBin] = curve.calibration.bins
    filled = "rgba(0,0,0,0)" if curve.quiet else curve.style.colour
    return {
        "x": [(row.lower + row.upper) / 2 for row in bins],
        "y": [row.n or None for row in bins],
        "showlegend": False,
        "marker": {"color": filled, "line": {"color": curve.style.colour, "width": 1}},
        "customdata": [[row.lower, row.upper] for row in bins],
        "hovertemplate": (
            "%{fullData.name}: %{y:,} images with a confidence of %{customdata[0]:.1%} to %{customdata[1]:.1%}"
            "<extra></extra>"
        ),
    }


def _curve(points: Sequence[CoveragePoint], drawn: RunStyle) -> dict[str, Any]:
    # A model that is equally sure of all images has one point only, which a line would not show.
    single = len({point.n for point in points}) == 1
    return {
        "x": [point.coverage for point in points],
        "y": [point.accuracy for point in points],
        "mode": "markers" if single else "lines",
        "line": {"color": drawn.colour, "dash": drawn.dash, "width": 2},
        "marker": {"color": drawn.colour, "symbol": drawn.marker, "size": 10},
        "customdata": [[point.threshold, point.accuracy_low, point.accuracy_high] for point in points],
        "hovertemplate": (
            "%{fullData.name}: predicts %{x:.0%} with %{y:.2%} (%{customdata[1]:.2%} to %{customdata[2]:.2%}), from "
            "a confidence of %{customdata[0]:.1%}<extra></extra>"
        ),
    }


def _interval(points: Sequence[CoveragePoint], drawn: RunStyle) -> dict[str, Any]:
    there, back = [point.coverage for point in points], [point.coverage for point in reversed(points)]
    red, green, blue = (int(drawn.colour[at : at + 2], 16) for at in (1, 3, 5))
    return {
        "x": there + back,
        "y": [point.accuracy_high for point in points] + [point.accuracy_low for point in reversed(points)],
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},0.14)",
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _mark(point: CoveragePoint, drawn: RunStyle) -> dict[str, Any]:
    return {
        "x": [point.coverage],
        "y": [point.accuracy],
        "mode": "markers",
        "marker": {"color": drawn.colour, "symbol": drawn.marker, "size": 12},
        "hoverinfo": "skip",
        "showlegend": False,
    }
