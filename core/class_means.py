"""Metrics that count every class alike, however many images it has, from a confusion matrix (k, k): rows are true."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.integer[Any]]


def balanced_accuracy(matrix: Matrix) -> float | None:
    """The mean recall of the classes that have images; None without images."""
    return _mean_share(np.diag(matrix), matrix.sum(axis=1))


def macro_f1(matrix: Matrix) -> float | None:
    """The mean F1 of the classes that have images or predictions; None without any."""
    return _mean_share(2 * np.diag(matrix), matrix.sum(axis=1) + matrix.sum(axis=0))


def _mean_share(parts: Matrix, wholes: Matrix) -> float | None:
    present = wholes > 0
    return float((parts[present] / wholes[present]).mean()) if present.any() else None
