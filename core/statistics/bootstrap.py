"""Intervals of metrics that are no share of images, by drawing the images again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.class_means import balanced_accuracy, macro_f1
from core.statistics.intervals import LEVEL, accuracy_interval

RESAMPLES = 2_000
_CELLS_AT_ONCE = 4_000_000

Matrix = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Interval:
    """A metric and where it lies with 95 %, from 0 to 1; all None without images."""

    value: float | None
    low: float | None
    high: float | None


def balanced_accuracy_interval(matrix: Matrix, resamples: int = RESAMPLES) -> Interval:
    """The mean recall of the classes that have images, from a confusion matrix (k, k)."""
    return _interval(matrix, balanced_accuracy(matrix), _mean_recalls, resamples)


def macro_f1_interval(matrix: Matrix, resamples: int = RESAMPLES) -> Interval:
    """The mean F1 of the classes that have images or predictions, from a confusion matrix (k, k)."""
    return _interval(matrix, macro_f1(matrix), _mean_f1s, resamples)


Sums = Callable[[Matrix, Matrix, Matrix], NDArray[np.float64]]


def _interval(matrix: Matrix, value: float | None, metric: Sums, resamples: int) -> Interval:
    """The percentile interval of the bootstrap over images (Efron and Tibshirani 1993, chapter 13), always the same.

    Where no image is wrong all resamples are alike; the low end is then that of Wilson's interval of the accuracy.
    """
    n = int(matrix.sum())
    if value is None:
        return Interval(None, None, None)
    if np.trace(matrix) in (0, n):
        return Interval(value, *accuracy_interval(int(np.trace(matrix)), n))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(_resampled(matrix, metric, resamples), [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _resampled(matrix: Matrix, metric: Sums, resamples: int) -> NDArray[np.float64]:
    """The metric (resamples,) of as many draws of n images with replacement: a multinomial draw of the cells in use."""
    true, predicted = np.nonzero(matrix)
    cells = matrix[true, predicted]
    random = np.random.Generator(np.random.PCG64(0))
    at_once = max(1, _CELLS_AT_ONCE // len(cells))
    parts = []
    for start in range(0, resamples, at_once):
        drawn = random.multinomial(cells.sum(), cells / cells.sum(), size=min(at_once, resamples - start))
        right = np.where(true == predicted, drawn, 0)
        sums = ((right, true), (drawn, true), (drawn, predicted))
        parts.append(metric(*(_summed(values, by, len(matrix)) for values, by in sums)))
    return np.concatenate(parts)


def _summed(values: Matrix, by: Matrix, classes: int) -> Matrix:
    """The values (r, cells) summed over the cells of each class in `by` (cells,): (r, classes)."""
    order = np.argsort(by, kind="stable")
    sums = np.zeros((len(values), classes), dtype=np.int64)
    present, starts = np.unique(by[order], return_index=True)
    sums[:, present] = np.add.reduceat(values[:, order], starts, axis=1)
    return sums


def _mean_recalls(right: Matrix, support: Matrix, _predicted: Matrix) -> NDArray[np.float64]:
    return _mean_shares(right, support)


def _mean_f1s(right: Matrix, support: Matrix, predicted: Matrix) -> NDArray[np.float64]:
    return _mean_shares(2 * right, support + predicted)


def _mean_shares(parts: Matrix, wholes: Matrix) -> NDArray[np.float64]:
    """In each row the mean of the shares of those wholes that are not 0."""
    present = wholes > 0
    shares = parts / np.maximum(wholes, 1)
    means: NDArray[np.float64] = shares.sum(axis=1) / present.sum(axis=1)
    return means
