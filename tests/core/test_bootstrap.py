"""Metrics that count every class alike, and their bootstrap intervals, against scikit-learn and scipy."""

import time

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from core.class_means import balanced_accuracy, macro_f1
from core.statistics.bootstrap import balanced_accuracy_interval, macro_f1_interval
from core.statistics.intervals import accuracy_interval
from core.statistics.metrics import confusion_matrix

CLASSES = [2, 3, 37, 200]


def answers(classes: int, n: int, right: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of unequal classes, and predictions of which about that share is right."""
    random = np.random.default_rng(seed)
    labels = random.choice(classes, n, p=random.dirichlet(np.full(classes, 0.7)))
    return labels, np.where(random.random(n) < right, labels, random.integers(0, classes, n))


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("n", [5, 300, 4000])
def test_balanced_accuracy_and_macro_f1_are_those_of_scikit_learn(classes: int, n: int) -> None:
    labels, predicted = answers(classes, n)
    matrix = confusion_matrix(labels, predicted, classes)
    present = np.unique(labels)
    expected = sklearn_metrics.recall_score(labels, predicted, labels=present, average="macro", zero_division=0)
    assert balanced_accuracy(matrix) == pytest.approx(expected)
    assert macro_f1(matrix) == pytest.approx(sklearn_metrics.f1_score(labels, predicted, average="macro"))


@pytest.mark.parametrize("classes", CLASSES)
def test_the_intervals_are_those_of_scipys_bootstrap(classes: int) -> None:
    labels, predicted = answers(classes, 600)
    matrix = confusion_matrix(labels, predicted, classes)
    for ours, of in ((balanced_accuracy_interval(matrix), balanced_accuracy), (macro_f1_interval(matrix), macro_f1)):

        def metric(true: np.ndarray, taken: np.ndarray, of=of) -> float:  # type: ignore[no-untyped-def]
            return of(confusion_matrix(true, taken, classes)) or 0.0

        theirs = stats.bootstrap(
            (labels, predicted), metric, paired=True, vectorized=False, n_resamples=999, method="percentile", rng=1
        ).confidence_interval
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)
        assert ours.value == of(matrix)


def test_an_interval_is_always_the_same_and_quick() -> None:
    labels, predicted = answers(1000, 10_000)
    matrix = confusion_matrix(labels, predicted, 1000)
    start = time.perf_counter()
    first = macro_f1_interval(matrix, 500)
    assert time.perf_counter() - start < 2
    assert macro_f1_interval(matrix, 500) == first


def test_without_an_error_the_interval_says_what_so_few_images_can_say() -> None:
    matrix = np.diag([3, 5, 2])
    assert balanced_accuracy_interval(matrix).low == macro_f1_interval(matrix).low == accuracy_interval(10, 10)[0]
    assert balanced_accuracy_interval(matrix).high == 1


def test_without_images_there_is_no_metric() -> None:
    nothing = np.zeros((3, 3), np.int64)
    assert balanced_accuracy_interval(nothing).value is None
    assert macro_f1_interval(nothing).low is None
