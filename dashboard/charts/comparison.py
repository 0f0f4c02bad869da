"""Runs beside each other: their curves in one chart, and their differences class by class."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from core.statistics import wording
from core.statistics.breakdown import ClassDifference
from core.statistics.metrics import MOST_SHOWN
from dashboard.charts.curves import epoch_axis
from dashboard.charts.words import chart_texts
from dashboard.style import RunStyle, Theme
from jobs.store.records import Epoch, Run

MEASURES = {"val_accuracy": ("Validation accuracy", ".1%"), "val_loss": ("Validation loss", ".3f")}
_CLASS_HEIGHT = 20
"""Pixels of a class in a chart of many."""
_WRITTEN = {"val_accuracy": wording.percent, "val_loss": wording.number}


def overlaid_curves(
    runs: Sequence[Run],
    epochs: Mapping[str, Sequence[Epoch]],
    styles: Mapping[str, RunStyle],
    names: Mapping[str, str],
    measure: str,
    theme: Theme,
) -> go.Figure:
    """One of MEASURES over the epochs: a line per run in its own colour and dash, its best epoch by its own marker."""
    title, form = MEASURES[measure]
    figure = go.Figure(layout={"title": {"text": title}, "height": 340, "margin": {"t": 40, "b": 8}})
    shown = chart_texts(names[run.id] for run in runs)
    for run in runs:
        name, known = shown[names[run.id]], epochs[run.id]
        figure.add_scatter(**_line(known, measure, styles[run.id], name))
        best = [row for row in known if row.epoch == run.best_epoch]
        figure.add_scatter(**_best_epoch(best, measure, styles[run.id], name, theme))
    figure.update_xaxes(epoch_axis(max((row.epoch for known in epochs.values() for row in known), default=1)))
    figure.update_yaxes(tickformat=form)
    return figure.update_layout(legend={"y": -0.2, "yanchor": "top"})


def class_differences(differences: Sequence[ClassDifference], drawn: RunStyle, theme: Theme) -> go.Figure:
    """Difference in accuracy of each class with its 95 % interval in points, the largest gain on top.

    A filled marker is a difference that stands after correction for all classes, an open one is not shown to be one.
    Classes without images are left out; of many, the MOST_SHOWN that differ most are drawn.
    """
    by_size = sorted(
        (row for row in differences if row.difference is not None), key=lambda row: -abs(row.difference or 0.0)
    )
    known = sorted(by_size[:MOST_SHOWN], key=lambda row: row.difference or 0.0)
    points = [100 * (row.difference or 0.0) for row in known]
    figure = go.Figure(layout={"height": max(400, 100 + _CLASS_HEIGHT * len(known)), "margin": {"t": 28}})
    figure.add_vline(x=0, line={"color": theme.muted, "width": 1})
    figure.add_scatter(
        x=points,
        y=[row.name for row in known],
        mode="markers",
        marker={
            "color": [drawn.colour if row.shown else theme.background for row in known],
            "line": {"color": drawn.colour, "width": 2},
            "symbol": drawn.marker,
            "size": 11,
        },
        error_x={
            "array": [100 * (row.high or 0.0) - at for row, at in zip(known, points, strict=True)],
            "arrayminus": [at - 100 * (row.low or 0.0) for row, at in zip(known, points, strict=True)],
            "symmetric": False,
            "color": drawn.colour,
            "thickness": 1.5,
            "width": 0,
        },
        hovertemplate="%{y}: %{x:+.1f} points<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(dtick=1)
    return figure.update_xaxes(title_text="accuracy minus the baseline's, in points", tickformat="+.0f")


def _line(epochs: Sequence[Epoch], measure: str, drawn: RunStyle, name: str) -> dict[str, Any]:
    return {
        "x": [row.epoch for row in epochs],
        "y": [getattr(row, measure) for row in epochs],
        "mode": "lines+markers",
        "name": name,
        "line": {"color": drawn.colour, "dash": drawn.dash, "width": 2},
        "marker": {"symbol": drawn.marker, "size": 6},
        "customdata": [_WRITTEN[measure](getattr(row, measure)) for row in epochs],
        "hovertemplate": "%{fullData.name}, epoch %{x}: %{customdata}<extra></extra>",
    }


def _best_epoch(best: Sequence[Epoch], measure: str, drawn: RunStyle, name: str, theme: Theme) -> dict[str, Any]:
    return {
        "x": [row.epoch for row in best],
        "y": [getattr(row, measure) for row in best],
        "mode": "markers",
        "name": name,
        "showlegend": False,
        "marker": {
            "color": drawn.colour,
            "symbol": drawn.marker,
            "size": 15,
            "line": {"color": theme.background, "width": 2},
        },
        "customdata": [_WRITTEN[measure](getattr(row, measure)) for row in best],
        "hovertemplate": "%{fullData.name}, best epoch %{x}: %{customdata}<extra></extra>",
    }
