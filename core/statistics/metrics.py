"""The figures of one model on one set of images, from its labels and probabilities alone.

Labels and predictions are integers of shape (n,), probabilities are floats of shape (n, k) with rows that sum to 1.
No function returns NaN: a figure that is 0/0 is None, and n = 0 is an allowed input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]
Probabilities = NDArray[np.floating[Any]]

MOST_SHOWN = 30
"""Classes of which a confusion matrix can still be read."""

SMALLEST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""What a stored probability of 0 counts as in a logarithm: float32 holds nothing smaller in full precision."""


@dataclass(frozen=True)
class ClassFigures:
    """How one class fares; a share is None where nothing was there to divide by."""

    label: int
    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class MacroFigures:
    """Unweighted means over the classes; an undefined share counts as 0, as in scikit-learn."""

    precision: float
    recall: float
    f1: float


def images_of_mean_recall(classes: Sequence[ClassFigures]) -> int | None:
    """The number of images of which the mean recall is the accuracy: all of them, if every class has as many.

    None where classes differ in size: the mean of their recalls is no share of images then.
    """
    sizes = {figures.support for figures in classes}
    return sum(figures.support for figures in classes) if len(sizes) == 1 else None


def predictions(probabilities: Probabilities) -> NDArray[np.int64]:
    """The most probable class of each row, (n, k) -> (n,); of equals the lowest label."""
    highest: NDArray[np.int64] = np.asarray(probabilities).argmax(axis=1)
    return highest


def accuracy(labels: Labels, predicted: Labels) -> float | None:
    """Share of images predicted right; None without images."""
    _require_pairs(labels, predicted)
    return float(np.mean(labels == predicted)) if len(labels) else None


def confusion_matrix(labels: Labels, predicted: Labels, class_count: int) -> NDArray[np.int64]:
    """Counts of shape (k, k): rows are true classes, columns predicted ones.

    Raises ValueError when lengths differ or a label is not in 0..k-1.
    """
    _require_pairs(labels, predicted)
    _require_range(labels, class_count)
    _require_range(predicted, class_count)
    cells = np.asarray(labels, dtype=np.int64) * class_count + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=class_count**2).reshape(class_count, class_count)


def most_confused(matrix: NDArray[np.integer[Any]], start: int = 0) -> list[int]:
    """The labels of the classes that a matrix (k, k) is shown of: all in their order, or MOST_SHOWN by rank.

    Classes rank by the pairs that are most often taken for one another, so that both of a pair are seen together; for a
    difference of two matrices, by those that changed most. `start` is the rank to begin with, from 0.
    """
    if len(matrix) <= MOST_SHOWN:
        return list(range(len(matrix)))
    errors = np.triu(_errors_between(matrix)).ravel()
    pairs = np.flatnonzero(errors)
    by_errors = pairs[np.argsort(-errors[pairs], kind="stable")]
    places = np.stack(np.unravel_index(by_errors, matrix.shape), axis=1)
    ranked = list(dict.fromkeys([*places.ravel().tolist(), *range(len(matrix))]))
    return ranked[start : start + MOST_SHOWN]


def confused_with(matrix: NDArray[np.integer[Any]], label: int) -> list[int]:
    """A class of a matrix (k, k), then those that are confused with it, most errors first; at most MOST_SHOWN in all.

    Errors in both directions count; for a difference of two matrices, changes do.
    """
    errors = _errors_between(matrix)[label]
    order = np.argsort(-errors, kind="stable")
    return [label, *order[errors[order] > 0][: MOST_SHOWN - 1].tolist()]


def _errors_between(matrix: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """How often each two classes (k, k) are taken for one another, in either direction; 0 on the diagonal."""
    beside = np.abs(matrix) * (1 - np.eye(len(matrix), dtype=np.int64))
    return np.asarray(beside + beside.T)


def row_shares(matrix: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Each cell as a share of its true class (0..1); a class without images gives a row of zeros."""
    return _divided(matrix, matrix.sum(axis=1, keepdims=True))


def column_shares(matrix: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Each cell as a share of its predicted class (0..1); a class nobody predicted gives a column of zeros."""
    return _divided(matrix, matrix.sum(axis=0, keepdims=True))


def per_class(matrix: NDArray[np.integer[Any]], names: Sequence[str]) -> list[ClassFigures]:
    """Precision, recall, F1 and support of each class, from a confusion matrix (k, k).

    Precision is None for a class nobody predicted, recall for a class without images, F1 (2 TP / (2 TP + FP + FN))
    where both hold.
    """
    right, support, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassFigures(
            label=label,
            name=names[label],
            precision=_share(right[label], predicted[label]),
            recall=_share(right[label], support[label]),
            f1=_share(2 * right[label], support[label] + predicted[label]),
            support=int(support[label]),
        )
        for label in range(len(matrix))
    ]


def macro(figures: Sequence[ClassFigures]) -> MacroFigures:
    """Unweighted means of precision, recall and F1 over the classes given; at least one is needed."""

    def mean(shares: list[float | None]) -> float:
        return sum(share or 0.0 for share in shares) / len(shares)

    return MacroFigures(
        mean([of_class.precision for of_class in figures]),
        mean([of_class.recall for of_class in figures]),
        mean([of_class.f1 for of_class in figures]),
    )


def top_k_accuracy(labels: Labels, probabilities: Probabilities, k: int = 2) -> float | None:
    """Share of images whose class is among the k most probable; of equals the lower label comes first.

    None without images.
    """
    if not len(labels):
        return None
    return float(np.mean(true_class_rank(labels, probabilities) < k))


def true_class_rank(labels: Labels, probabilities: Probabilities) -> NDArray[np.int64]:
    """Where the true class stands among each image's probabilities, 0 for the most probable; shape (n,)."""
    confidences = self_confidence(labels, probabilities)[:, None]
    before = np.arange(probabilities.shape[1]) < np.asarray(labels)[:, None]
    ahead = (probabilities > confidences) | ((probabilities == confidences) & before)
    rank: NDArray[np.int64] = ahead.sum(axis=1, dtype=np.int64)
    return rank


def roc_auc(labels: Labels, probabilities: Probabilities) -> float | None:
    """Area under the ROC curve, one class against the rest, unweighted mean over the classes.

    Computed from ranks as the Mann-Whitney statistic (Hanley and McNeil 1982), ties counted half. Classes without
    images, or with all of them, have no curve and are left out; None when no class has one.
    """
    _require_probabilities(labels, probabilities)
    areas = [_area(labels == label, probabilities[:, label]) for label in range(probabilities.shape[1])]
    defined = [area for area in areas if area is not None]
    return sum(defined) / len(defined) if defined else None


def true_class_loss(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """Cross-entropy of each image in nats: minus the logarithm of its true class's probability; shape (n,).

    A probability of 0 counts as SMALLEST_PROBABILITY, so that no loss exceeds 87.4.
    """
    return -np.log(np.maximum(self_confidence(labels, probabilities), SMALLEST_PROBABILITY))


def log_loss(labels: Labels, probabilities: Probabilities) -> float | None:
    """Mean cross-entropy in nats; None without images."""
    return float(true_class_loss(labels, probabilities).mean()) if len(labels) else None


def brier_score(labels: Labels, probabilities: Probabilities) -> float | None:
    """Mean over images of the squared distance between the probabilities and the one-hot truth; None without images.

    Brier's own definition (1950), summed over the classes: 0 is perfect, 2 is certain and always wrong.
    """
    confidences = self_confidence(labels, probabilities)
    squares = np.square(probabilities, dtype=np.float64).sum(axis=1)
    return float(np.mean(squares - 2 * confidences + 1)) if len(labels) else None


def self_confidence(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """The probability of each image's label; shape (n,). Raises ValueError when the two do not fit together."""
    _require_probabilities(labels, probabilities)
    return np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]


def confidence(probabilities: Probabilities) -> NDArray[np.float64]:
    """The probability of each image's predicted class; shape (n,)."""
    highest: NDArray[np.float64] = np.asarray(probabilities, dtype=np.float64).max(axis=1)
    return highest


def margin(probabilities: Probabilities) -> NDArray[np.float64]:
    """Most probable class's probability less the second's, 0 where the model cannot decide; shape (n,)."""
    ordered: NDArray[np.float64] = np.partition(np.asarray(probabilities, dtype=np.float64), -2, axis=1)
    return ordered[:, -1] - ordered[:, -2]


def _area(positive: NDArray[np.bool_], scores: Probabilities) -> float | None:
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = float(middle_ranks[place][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def _divided(counts: NDArray[np.integer[Any]], totals: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = counts / np.maximum(totals, 1)
    return shares


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _require_pairs(labels: Labels, predicted: Labels) -> None:
    if labels.shape != predicted.shape or labels.ndim != 1:
        raise ValueError(f"labels {labels.shape} and predictions {predicted.shape} must both have shape (n,)")


def _require_probabilities(labels: Labels, probabilities: Probabilities) -> None:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(f"labels {labels.shape} and probabilities {probabilities.shape} must be (n,) and (n, k)")
    _require_range(labels, probabilities.shape[1])


def _require_range(labels: Labels, class_count: int) -> None:
    if len(labels) and not 0 <= labels.min() <= labels.max() < class_count:
        raise ValueError(f"labels must be 0 to {class_count - 1}, not {labels.min()} to {labels.max()}")
