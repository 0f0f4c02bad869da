"""Learning curves of one run: training and validation over whole epochs, with the best epoch marked."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.style import RunStyle, Theme
from jobs.store.records import Epoch

_HEIGHT = 320


def loss_curves(epochs: Sequence[Epoch], best_epoch: int | None, drawn: RunStyle, theme: Theme) -> go.Figure:
    """Training and validation loss in nats; the best epoch is the one of the lowest validation loss."""
    figure = _figure("Loss", [row.epoch for row in epochs])
    _add_pair(figure, epochs, ("train_loss", "val_loss"), "%{y:.4f}", drawn, theme)
    _mark_best(figure, _value_at(epochs, best_epoch, "val_loss"), best_epoch, drawn, theme)
    return figure


def accuracy_curves(epochs: Sequence[Epoch], best_epoch: int | None, drawn: RunStyle, theme: Theme) -> go.Figure:
    """Training and validation accuracy in per cent."""
    figure = _figure("Accuracy", [row.epoch for row in epochs])
    _add_pair(figure, epochs, ("train_accuracy", "val_accuracy"), "%{y:.2%}", drawn, theme)
    _mark_best(figure, _value_at(epochs, best_epoch, "val_accuracy"), best_epoch, drawn, theme)
    return figure.update_yaxes(tickformat=".1%")


def learning_rate_curve(epochs: Sequence[Epoch], drawn: RunStyle) -> go.Figure:
    """The learning rate of each epoch, as steps."""
    figure = _figure("Learning rate", [row.epoch for row in epochs])
    figure.add_scatter(
        x=[row.epoch for row in epochs],
        y=[row.learning_rate for row in epochs],
        mode="lines+markers",
        line={"color": drawn.colour, "width": 2, "shape": "hv"},
        marker={"symbol": drawn.marker, "size": 5},
        hovertemplate="epoch %{x}: %{y:.3g}<extra></extra>",
        showlegend=False,
    )
    return figure.update_yaxes(rangemode="tozero", tickformat=".1e").update_layout(height=220)


def epoch_axis(last: int) -> dict[str, object]:
    """An x axis that shows whole epochs only, at most about ten labels, from the first to the last."""
    step = max(1, -(-last // 10))
    return {
        "title": {"text": "epoch"},
        "tick0": 1 if step == 1 else 0,
        "dtick": step,
        "range": [0.6, max(last, 2) + 0.4],
        "showgrid": False,
    }


def _figure(title: str, numbers: Sequence[int]) -> go.Figure:
    figure = go.Figure(layout={"title": {"text": title}, "height": _HEIGHT, "hovermode": "x unified"})
    figure.update_layout(
        xaxis=epoch_axis(max(numbers, default=1)),
        legend={"y": -0.2, "yanchor": "top"},
        margin={"t": 48},
    )
    return figure


def _add_pair(
    figure: go.Figure, epochs: Sequence[Epoch], fields: tuple[str, str], form: str, drawn: RunStyle, theme: Theme
) -> None:
    """Training dashed in grey, validation solid in the run's colour."""
    looks = (("training", theme.muted, "dash", "line-ew-open"), ("validation", drawn.colour, "solid", drawn.marker))
    for field, (name, colour, dash, marker) in zip(fields, looks, strict=True):
        figure.add_scatter(
            x=[row.epoch for row in epochs],
            y=[getattr(row, field) for row in epochs],
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": marker, "size": 5},
            hovertemplate=f"{form}",
        )


def _mark_best(figure: go.Figure, value: float | None, epoch: int | None, drawn: RunStyle, theme: Theme) -> None:
    if value is None or epoch is None:
        return
    figure.add_vline(x=epoch, line={"color": theme.muted, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[epoch],
        y=[value],
        name=f"best, epoch {epoch}",
        mode="markers",
        marker={
            "symbol": drawn.marker,
            "size": 13,
            "color": drawn.colour,
            "line": {"color": theme.background, "width": 2},
        },
        hoverinfo="skip",
    )


def _value_at(epochs: Sequence[Epoch], epoch: int | None, field: str) -> float | None:
    return next((getattr(row, field) for row in epochs if row.epoch == epoch), None)
