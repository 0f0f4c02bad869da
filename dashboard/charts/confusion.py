"""The cells of a confusion matrix: what each says, what it is called and how it is coloured in either theme."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics import wording
from core.statistics.metrics import MOST_SHOWN, column_shares, confused_with, most_confused, row_shares
from dashboard.style import DARK, LIGHT

COUNTS, ROW_PERCENT, COLUMN_PERCENT = "counts", "row %", "column %"
UNITS = (COUNTS, ROW_PERCENT, COLUMN_PERCENT)
DIFFERENCE = "difference"

Matrix = NDArray[np.integer[Any]]
Colours = tuple[str, str]
"""Background and ink."""

_DIMMED: tuple[Colours, Colours] = (("#e3e7eb", "#000000"), ("#2b333c", "#ffffff"))
"""A quiet grey in either theme."""


@dataclass(frozen=True)
class Cell:
    """One cell: what it shows, its name for those who hear it, and its colours (background, ink) in either theme."""

    row: int
    column: int
    text: str
    name: str
    light: Colours
    dark: Colours


@dataclass(frozen=True)
class ShownClasses:
    """The classes that a matrix is shown of, in this order, and a sentence on which those are; none where all are."""

    labels: Sequence[int]
    words: str = ""


def class_choices(classes: Sequence[str]) -> dict[str, str]:
    """What of a matrix of many classes can be looked at: the classes by rank, then each class with its own errors."""
    ends = ((start, min(start + MOST_SHOWN, len(classes))) for start in range(0, len(classes), MOST_SHOWN))
    ranks = {f"rank-{start}": f"Rank {start + 1} to {end}" for start, end in ends}
    return ranks | {f"class-{label}": name for label, name in enumerate(classes)}


def shown_classes(matrix: Matrix, classes: Sequence[str], choice: str, counted: str = "errors") -> ShownClasses:
    """The classes of one of the choices for a matrix (c, c) beside whose diagonal these are counted."""
    kind, _, number = choice.partition("-")
    if kind == "rank":
        labels = most_confused(matrix, int(number))
        ranks = f"rank {int(number) + 1} to {int(number) + len(labels)}"
        return ShownClasses(labels, f"Of {len(classes):,} classes those of {ranks} by their most frequent {counted}.")
    labels = confused_with(matrix, int(number))
    name, others = classes[int(number)], wording.counted(len(labels) - 1, "class", "classes")
    if len(labels) == 1:
        return ShownClasses(labels, f"{name} has no {counted} with other classes.")
    most = "the most " if len(labels) == MOST_SHOWN else ""
    return ShownClasses(labels, f"{name} and the {others} with which it has {most}{counted}, the most first.")


def matrix_cells(
    matrix: Matrix,
    classes: Sequence[str],
    unit: str = COUNTS,
    *,
    shown: Sequence[int] | None = None,
    dim_diagonal: bool = False,
) -> list[Cell]:
    """The cells of a matrix of counts (c, c), rows true and columns predicted, shown in one of UNITS.

    Colour follows the square root of the value, so that the errors beside a diagonal of hundreds can be told apart.
    With a dimmed diagonal the strongest colour belongs to the largest error. Only the classes `shown` have cells, in
    this order; the most confused if None.
    """
    values = _values(matrix, unit)
    coloured = values * (1 - np.eye(len(matrix))) if dim_diagonal else values
    strengths = np.sqrt(coloured / max(float(coloured.max()), 1e-12))
    return [
        Cell(
            row,
            column,
            _text(float(values[row, column]), unit),
            _name((classes[row], classes[column]), int(matrix[row, column]), float(values[row, column]), unit),
            *_sequential(float(strengths[row, column]), dimmed=dim_diagonal and row == column),
        )
        for row, column in product(most_confused(matrix) if shown is None else shown, repeat=2)
    ]


def difference_cells(
    baseline: Matrix,
    other: Matrix,
    classes: Sequence[str],
    names: tuple[str, str] = ("baseline", "other"),
    *,
    shown: Sequence[int] | None = None,
    dim_diagonal: bool = False,
) -> list[Cell]:
    """The cells of the other run's counts less the baseline's, both (c, c): blue for more, orange for fewer.

    With a dimmed diagonal the strongest colours belong to the errors that changed most. Only the classes `shown` have
    cells, in this order; those that changed most if None.
    """
    difference = other - baseline
    coloured = difference * (1 - np.eye(len(difference), dtype=int)) if dim_diagonal else difference
    largest = max(int(np.abs(coloured).max()), 1)
    strengths = np.sign(coloured) * np.sqrt(np.abs(coloured) / largest)
    return [
        Cell(
            row,
            column,
            f"{difference[row, column]:+d}" if difference[row, column] else "",
            f"{_pair(classes[row], classes[column])}: {difference[row, column]:+d}"
            f" ({names[0]} {baseline[row, column]}, {names[1]} {other[row, column]})",
            *_diverging(strengths[row, column], dimmed=dim_diagonal and row == column),
        )
        for row, column in product(most_confused(difference) if shown is None else shown, repeat=2)
    ]


def contrast(colour: str, other: str) -> float:
    """Contrast ratio of two colours "#rrggbb", 1 to 21 (WCAG 2.2, "contrast ratio")."""
    bright, dark = sorted((_luminance(colour), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _values(matrix: Matrix, unit: str) -> NDArray[np.float64]:
    if unit == ROW_PERCENT:
        return 100 * row_shares(matrix)
    if unit == COLUMN_PERCENT:
        return 100 * column_shares(matrix)
    return matrix.astype(np.float64)


def _text(value: float, unit: str) -> str:
    if not value:
        return ""
    return f"{value:.0f}" if unit == COUNTS or value >= 99.95 else f"{value:.1f}"


def _name(names: tuple[str, str], count: int, value: float, unit: str) -> str:
    true, predicted = names
    counted = f"{_pair(true, predicted)}: {count}"
    if unit == COUNTS:
        return counted
    whole = f"true {true}" if unit == ROW_PERCENT else f"predicted {predicted}"
    return f"{counted}, {value:.1f} % of all {whole}"


def _pair(true: str, predicted: str) -> str:
    return f"true {true}, predicted {predicted}"


def _sequential(strength: float, *, dimmed: bool) -> tuple[Colours, Colours]:
    return _DIMMED if dimmed else (_shade(LIGHT.sequential, strength), _shade(DARK.sequential, strength))


def _diverging(strength: float, *, dimmed: bool) -> tuple[Colours, Colours]:
    share = (strength + 1) / 2
    return _DIMMED if dimmed else (_shade(LIGHT.diverging, share), _shade(DARK.diverging, share))


def _shade(stops: Sequence[str], share: float) -> Colours:
    """The colour at a share 0 to 1 of the way through the stops, and the ink to write on it."""
    at = float(np.clip(share, 0, 1)) * (len(stops) - 1)
    below = min(int(at), len(stops) - 2)
    start, end = np.array(_channels(stops[below])), np.array(_channels(stops[below + 1]))
    red, green, blue = np.rint(start + (end - start) * (at - below)).astype(int)
    background = f"#{red:02x}{green:02x}{blue:02x}"
    return background, _ink(background)


def _ink(background: str) -> str:
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, background))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(_channels(colour)) / 255]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))
