"""The charts of a report: learning curves, reliability, differences by class; the matrices; the images of errors."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.statistics.breakdown import ClassDifference
from core.statistics.calibration import Calibration, ReliabilityBin
from core.statistics.metrics import most_confused
from jobs.reports import drawing
from jobs.reports.document import Cell, Chart, Matrix, Picture
from jobs.reports.drawing import QUIET, Frame, Look
from jobs.store.records import Epoch, Predictions

FEWEST_IN_BIN = 10
"""Bins of fewer images are left out: their interval spans most of the chart and says nothing."""

ROW_HEIGHT = 24


@dataclass(frozen=True)
class Curve:
    """One line over the epochs; `best` is the epoch to be marked."""

    name: str
    epochs: Sequence[Epoch]
    field: str
    look: Look
    best: int | None = None


def curves(title: str, description: str, lines: Sequence[Curve], *, percent: bool) -> Chart:
    """Lines over whole epochs, the best epoch of each marked, if it has one."""
    scale = 100 if percent else 1
    numbers = [row.epoch for curve in lines for row in curve.epochs]
    values = [scale * getattr(row, curve.field) for curve in lines for row in curve.epochs]
    frame = Frame((0.5, max([*numbers, 2]) + 0.5), drawing.room_around(values))
    places = drawing.ticks(1, max([*numbers, 2]), 8)
    whole = sorted({max(1, round(place)) for place in places})
    parts = [
        drawing.y_axis(frame, (lambda value: f"{value:g} %") if percent else (lambda value: f"{value:.3g}")),
        drawing.x_axis(frame, whole, lambda value: f"{value:.0f}", "epoch"),
        *(_curve(frame, curve, scale) for curve in lines),
    ]
    legend = tuple((drawing.sign(curve.look, marked=curve.best is not None), curve.name) for curve in lines)
    return Chart(title, description, drawing.drawing(parts), legend)


def reliability(calibrations: Mapping[str, Calibration], looks: Mapping[str, Look]) -> Chart:
    """Accuracy with its 95 % interval over mean confidence, bin by bin, for each model by name."""
    frame = Frame((0, 100), (0, 100), height=340)
    tens = [0.0, 20, 40, 60, 80, 100]
    parts = [
        drawing.y_axis(frame, lambda value: f"{value:g} %"),
        drawing.x_axis(frame, tens, lambda value: f"{value:g} %", "mean confidence"),
        drawing.line([(frame.across(0), frame.down(0)), (frame.across(100), frame.down(100))], QUIET),
        *(_bins(frame, calibrated.bins, looks[name]) for name, calibrated in calibrations.items()),
    ]
    legend = [(drawing.sign(looks[name]), name) for name in calibrations]
    legend.append((drawing.sign(QUIET, marked=False), "confidence equal to accuracy"))
    description = " ".join(f"{name}: {calibrated.sentence}" for name, calibrated in calibrations.items())
    return Chart("Accuracy against confidence", description, drawing.drawing(parts, frame.height), tuple(legend))


def class_differences(differences: Sequence[ClassDifference], drawn: Look, description: str) -> Chart:
    """Difference in accuracy of each class with its 95 % interval, in points, the largest gain on top."""
    known = sorted(
        (each for each in differences if each.difference is not None), key=lambda each: -(each.difference or 0)
    )
    ends = [100 * (end or 0.0) for each in known for end in (each.low, each.high)]
    height = drawing.TOP + drawing.BOTTOM + ROW_HEIGHT * len(known)
    frame = Frame(drawing.room_around([*ends, 0.0]), (0, 1), height, left=92)
    zero = frame.across(0)
    parts = [
        drawing.x_axis(
            frame,
            drawing.ticks(*frame.x),
            _signed,
            "points more than the baseline",
        ),
        f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{drawing.TOP}" y2="{height - drawing.BOTTOM}"/>',
        *(_class_row(frame, place, each, drawn) for place, each in enumerate(known)),
    ]
    return Chart("Difference by class", description, drawing.drawing(parts, height))


def confusion_matrix(matrix: npt.NDArray[np.int64], classes: tuple[str, ...]) -> Matrix:
    """Counts (c, c); colour follows the square root, and the diagonal is left pale, so that errors stand out."""
    shown, names = _most_confused(matrix, classes)
    wrong = shown * (1 - np.eye(len(shown), dtype=np.int64))
    strengths = np.sqrt(wrong / max(int(wrong.max()), 1))
    caption = "Images by true class (rows) and predicted class (columns); right ones uncoloured"
    return Matrix(_of_classes(caption, names, classes), names, _cells(shown, names, strengths, ","))


def difference_matrix(baseline: Predictions, other: Predictions, names: tuple[str, str]) -> Matrix:
    """The other's counts less the baseline's."""
    classes = baseline.classes
    difference, shown = _most_confused(other.matrix - baseline.matrix, classes)
    strengths = np.sign(difference) * np.sqrt(np.abs(difference) / max(int(np.abs(difference).max()), 1))
    caption = f"Images of {names[1]} less those of {names[0]}, by true class (rows) and predicted class (columns)"
    return Matrix(_of_classes(caption, shown, classes), shown, _cells(difference, shown, strengths, "+,"))


def _most_confused(
    matrix: npt.NDArray[np.int64], classes: tuple[str, ...]
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """The part of a matrix that can still be read, and its classes."""
    labels = most_confused(matrix)
    return matrix[np.ix_(labels, labels)], tuple(classes[label] for label in labels)


def _of_classes(caption: str, shown: tuple[str, ...], classes: tuple[str, ...]) -> str:
    return caption if len(shown) == len(classes) else f"{caption}; the {len(shown)} classes that are confused most"


def _cells(
    counts: npt.NDArray[np.int64], classes: Sequence[str], strengths: npt.NDArray[np.float64], written: str
) -> tuple[tuple[Cell, ...], ...]:
    """Cells of counts and of how strong they are, both (c, c); zero is left empty."""
    return tuple(
        tuple(
            Cell(
                format(count, written) if count else "",
                f"true {classes[true]}, predicted {classes[predicted]}: {count:{written}}",
                float(strengths[true, predicted]),
            )
            for predicted, count in enumerate(row)
        )
        for true, row in enumerate(counts.tolist())
    )


def picture(image: npt.NDArray[np.uint8], caption: str) -> Picture:
    """An image (s, s), or (s, s, 3) in colour, as PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return Picture(file.getvalue(), caption)


def _signed(value: float) -> str:
    return f"{value:+g}" if value else "0"


def _curve(frame: Frame, curve: Curve, scale: float) -> str:
    points = [(frame.across(row.epoch), frame.down(scale * getattr(row, curve.field))) for row in curve.epochs]
    marks = [
        drawing.mark(point, curve.look, 6, "best")
        for row, point in zip(curve.epochs, points, strict=True)
        if row.epoch == curve.best
    ]
    single = [drawing.mark(points[0], curve.look, 3)] if len(points) == 1 else []
    return "".join([drawing.line(points, curve.look), *single, *marks])


def _bins(frame: Frame, bins: Sequence[ReliabilityBin], drawn: Look) -> str:
    shown = [row for row in bins if row.n >= FEWEST_IN_BIN]
    points = [(frame.across(100 * (row.confidence or 0)), frame.down(100 * (row.accuracy or 0))) for row in shown]
    intervals = [
        drawing.reach((x, frame.down(100 * row.accuracy_low)), (x, frame.down(100 * row.accuracy_high)), drawn)
        for row, (x, _) in zip(shown, points, strict=True)
    ]
    return "".join([*intervals, drawing.line(points, drawn), *(drawing.mark(point, drawn) for point in points)])


def _class_row(frame: Frame, place: int, each: ClassDifference, drawn: Look) -> str:
    y = drawing.TOP + ROW_HEIGHT * (place + 0.5)
    low, middle, high = (frame.across(100 * (value or 0.0)) for value in (each.low, each.difference, each.high))
    return (
        f'<text x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end">{each.name}</text>'
        + drawing.reach((low, y), (high, y), drawn)
        + drawing.mark((middle, y), drawn, 5, "" if each.shown else "open")
    )
