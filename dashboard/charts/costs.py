"""Accuracy against what it costs, run by run, with the Pareto front."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.words import chart_text
from dashboard.style import RUN_COLOURS, RUN_MARKERS, Theme
from dashboard.tables.cost_table import Cost, Priced

HOVER_ROOM = 80
MOST_INTERVALS = 60
"""With more runs only those on the front show their interval, or nothing else could be seen."""


def interval_sentence(count: int) -> str:
    """Which of so many marks have their interval drawn."""
    if count <= MOST_INTERVALS:
        return "Bars: 95 % interval."
    return (
        f"Bars: 95 % interval; with more than {MOST_INTERVALS} runs only on the Pareto front, for the others on hover."
    )


def accuracy_against_cost(priced: Sequence[Priced], cost: Cost, theme: Theme) -> go.Figure:
    """A mark per run, its shape and colour by model: large and filled on the front, which a dotted line joins."""
    figure = go.Figure(layout={"height": 460, "margin": {"t": 28}, "legend": {"y": -0.18, "yanchor": "top"}})
    front = [row for row in priced if row.front]
    figure.add_scatter(
        x=[row.cost for row in front],
        y=[row.accuracy for row in front],
        mode="lines",
        line={"color": theme.muted, "dash": "dot", "width": 1.5, "shape": "hv"},
        name="front",
        hoverinfo="skip",
    )
    for place, model in enumerate(sorted({row.run.model for row in priced})):
        of_model = [row for row in priced if row.run.model == model]
        for on_front in (False, True):
            shown = [row for row in of_model if row.front == on_front]
            if shown:
                figure.add_scatter(**_marks(shown, model, place, cost, on_front, len(priced) <= MOST_INTERVALS))
    costs = [row.cost for row in priced]
    wide = bool(costs) and max(costs) > 8 * min(costs)
    figure.update_xaxes(title_text=cost.axis, type="log" if wide else "linear", rangemode="tozero")
    return figure.update_yaxes(title_text="test accuracy", tickformat=".1%")


def _marks(
    shown: Sequence[Priced], model: str, place: int, cost: Cost, on_front: bool, intervals: bool
) -> dict[str, Any]:
    marker, colour = RUN_MARKERS[place % len(RUN_MARKERS)], RUN_COLOURS[place % len(RUN_COLOURS)]
    return {
        "x": np.array([row.cost for row in shown]),
        "y": np.array([row.accuracy for row in shown]),
        "error_y": _reach(shown, colour) if intervals or on_front else None,
        "mode": "markers",
        "name": f"{chart_text(model)}, Pareto front" if on_front else chart_text(model),
        "marker": {
            "symbol": marker if on_front else f"{marker}-open",
            "color": colour,
            "size": 13 if on_front else 8,
        },
        # Plotly looks through every entry of a list, not of an array.
        "customdata": np.array(
            [[chart_text(row.run.name, HOVER_ROOM), row.low, row.high, cost.written(row.cost)] for row in shown], object
        ),
        "hovertemplate": (
            "%{customdata[0]}: %{y:.2%} (%{customdata[1]:.2%} to %{customdata[2]:.2%}), %{customdata[3]}<extra></extra>"
        ),
    }


def _reach(shown: Sequence[Priced], colour: str) -> dict[str, Any]:
    return {
        "array": [row.high - row.accuracy for row in shown],
        "arrayminus": [row.accuracy - row.low for row in shown],
        "symmetric": False,
        "color": colour,
        "thickness": 1,
        "width": 0,
    }
