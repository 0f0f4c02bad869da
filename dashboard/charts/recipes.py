"""Recipes side by side: the accuracy of each seed, and the mean over the seeds with its interval."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.charts.words import chart_texts
from dashboard.style import RunStyle, Theme
from jobs.results.seed_groups import Group


def seed_accuracies(groups: Sequence[Group], styles: Mapping[str, RunStyle], theme: Theme) -> go.Figure:
    """A row per group: an open mark per seed, a filled one for the mean, and its 95 % interval where there is one."""
    figure = go.Figure(layout={"height": 96 + 56 * len(groups), "margin": {"t": 28}, "showlegend": False})
    shown = chart_texts(group.name for group in groups)
    for group in groups:
        _add_group(figure, group, shown[group.name], styles[group.id], theme)
    figure.update_yaxes(autorange="reversed", type="category")
    return figure.update_xaxes(title_text="test accuracy", tickformat=".1%")


def _add_group(figure: go.Figure, group: Group, name: str, drawn: RunStyle, theme: Theme) -> None:
    label, mean = f"{drawn.sign} {name}", group.figures.accuracy
    runs = group.finished
    figure.add_scatter(
        x=[run.test_accuracy for run in runs],
        y=[label] * len(runs),
        mode="markers",
        marker={"symbol": f"{drawn.marker}-open", "color": drawn.colour, "size": 9},
        customdata=[[run.seed] for run in runs],
        hovertemplate="seed %{customdata[0]}: %{x:.2%}<extra></extra>",
    )
    if mean.mean is None:
        return
    reach = {"array": [0.0], "arrayminus": [0.0]}
    if mean.low is not None and mean.high is not None:
        reach = {"array": [mean.high - mean.mean], "arrayminus": [mean.mean - mean.low]}
    figure.add_scatter(
        x=[mean.mean],
        y=[label],
        mode="markers",
        marker={
            "symbol": drawn.marker,
            "color": drawn.colour,
            "size": 14,
            "line": {"color": theme.background, "width": 1},
        },
        error_x={**reach, "symmetric": False, "color": drawn.colour, "thickness": 2, "width": 6},
        hovertemplate="mean %{x:.2%}<extra></extra>",
    )
