"""Where a difference of two models comes from: class by class, and confusion by confusion.

Differences are shares, B less A. Looking often finds something by chance alone, hence Holm's correction: p_adjusted
of a class counts every class, that of a pair every pair of classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.statistics import wording
from core.statistics.agreement import OUTCOMES
from core.statistics.intervals import difference_interval
from core.statistics.metrics import Labels, confusion_matrix
from core.statistics.significance import SIGNIFICANCE, holm, mcnemar

NAMED_AT_MOST = 5
"""How many classes or confusions a sentence names before it only counts the rest."""
MOST_PAIRS = 1_000
"""Of so many pairs each is listed, whether a model confuses it or not: of up to 32 classes."""


@dataclass(frozen=True)
class ClassDifference:
    """Two models on the n images of one class. Without images accuracies, difference and interval are None.

    The interval covers this class with 95 %, not all classes at once.
    """

    label: int
    name: str
    n: int
    only_a: int
    only_b: int
    accuracy_a: float | None
    accuracy_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float
    p_adjusted: float

    @property
    def shown(self) -> bool:
        """Whether the difference stands after correction for looking at every class."""
        return self.p_adjusted < SIGNIFICANCE


@dataclass(frozen=True)
class PairDifference:
    """How often two models take the n images of class `true` for class `predicted`."""

    true: int
    predicted: int
    n: int
    count_a: int
    count_b: int
    only_a: int
    only_b: int
    p: float
    p_adjusted: float

    @property
    def shown(self) -> bool:
        """Whether the difference stands after correction for looking at every pair of classes."""
        return self.p_adjusted < SIGNIFICANCE


def class_differences(labels: Labels, outcome: NDArray[np.int64], names: Sequence[str]) -> tuple[ClassDifference, ...]:
    """One entry for each class in the order of the labels; `outcome` (n,) as agreement.outcomes gives it."""
    cells = np.asarray(labels, dtype=np.int64) * len(OUTCOMES) + outcome
    counts = np.bincount(cells, minlength=len(names) * len(OUTCOMES)).reshape(len(names), len(OUTCOMES))
    p = mcnemar(counts[:, 1], counts[:, 2])
    adjusted = _adjusted_where(counts.sum(axis=1) > 0, p)
    return tuple(
        _class_difference(label, name, counts[label], p[label], adjusted[label]) for label, name in enumerate(names)
    )


def pair_differences(
    labels: Labels, predicted_a: Labels, predicted_b: Labels, class_count: int
) -> tuple[PairDifference, ...]:
    """One entry for each pair of different classes whose true class has images.

    Of more than MOST_PAIRS only those that a model confuses; p_adjusted counts all of them just the same.
    """
    matrix_a = confusion_matrix(labels, predicted_a, class_count)
    matrix_b = confusion_matrix(labels, predicted_b, class_count)
    agreed = predicted_a == predicted_b
    shared = confusion_matrix(labels[agreed], predicted_a[agreed], class_count)
    only_a, only_b = matrix_a - shared, matrix_b - shared
    support = matrix_a.sum(axis=1)
    p = mcnemar(only_a, only_b)
    looked_at = ~np.eye(class_count, dtype=bool) & (support > 0)[:, None]
    adjusted = _adjusted_where(looked_at, p)
    listed = looked_at & (matrix_a + matrix_b > 0) if np.count_nonzero(looked_at) > MOST_PAIRS else looked_at
    return tuple(
        PairDifference(
            true=true,
            predicted=taken_for,
            n=int(support[true]),
            count_a=int(matrix_a[true, taken_for]),
            count_b=int(matrix_b[true, taken_for]),
            only_a=int(only_a[true, taken_for]),
            only_b=int(only_b[true, taken_for]),
            p=float(p[true, taken_for]),
            p_adjusted=float(adjusted[true, taken_for]),
        )
        for true, taken_for in np.argwhere(listed).tolist()
    )


def class_sentence(classes: Sequence[ClassDifference], name_a: str, name_b: str) -> str:
    """In which classes a difference is shown, the largest first, and which classes had no image."""
    shown = sorted((row for row in classes if row.shown), key=lambda row: -abs(row.difference or 0.0))
    parts = [f"{row.name} ({wording.points(row.difference or 0.0)})" for row in shown]
    empty = [row.name for row in classes if row.n == 0]
    unseen = f" Without images: {', '.join(empty)}." if empty else ""
    if not shown:
        return f"By class, no significant difference between {name_a} and {name_b}.{unseen}"
    return f"By class, {name_b} differs from {name_a} on {wording.listed(parts, NAMED_AT_MOST)}.{unseen}"


def pair_sentence(pairs: Sequence[PairDifference], name_a: str, name_b: str, classes: Sequence[str]) -> str:
    """Which confusions are shown to differ in frequency, the largest change first."""
    shown = sorted((pair for pair in pairs if pair.shown), key=lambda pair: -abs(pair.count_b - pair.count_a))
    parts = [
        (f"{classes[pair.true]} classified as {classes[pair.predicted]} ({pair.count_b} times against {pair.count_a})")
        for pair in shown
    ]
    if not shown:
        return f"No single confusion is significantly more frequent with {name_a} or {name_b}."
    return f"{name_b} against {name_a}: {wording.listed(parts, NAMED_AT_MOST)}."


def _class_difference(label: int, name: str, counts: NDArray[np.int64], p: float, p_adjusted: float) -> ClassDifference:
    both, only_a, only_b, neither = (int(count) for count in counts)
    n = both + only_a + only_b + neither
    low, high = difference_interval(only_a, only_b, n)
    return ClassDifference(
        label=label,
        name=name,
        n=n,
        only_a=only_a,
        only_b=only_b,
        accuracy_a=(both + only_a) / n if n else None,
        accuracy_b=(both + only_b) / n if n else None,
        difference=(only_b - only_a) / n if n else None,
        low=low if n else None,
        high=high if n else None,
        p=float(p),
        p_adjusted=float(p_adjusted),
    )


def _adjusted_where(looked_at: NDArray[np.bool_], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's adjustment over the comparisons looked at; the others, for want of images, get 1."""
    adjusted = np.ones_like(p)
    adjusted[looked_at] = holm(p[looked_at])
    return adjusted
