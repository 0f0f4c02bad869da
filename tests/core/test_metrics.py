"""core.statistics.metrics against scikit-learn, and its answers where a figure is not defined."""

import math
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.statistics import metrics


@pytest.fixture(scope="module")
def answers() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels (500,) and float32 probabilities (500, 10) of a model that is right on about three images in four."""
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 10, 500)
    scores = generator.normal(size=(500, 10)) + 2.5 * np.eye(10)[labels]
    exponentials = np.exp(scores)
    return labels, (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)


def test_the_confusion_matrix_is_scikit_learns(answers: tuple[NDArray[np.int64], NDArray[np.float32]]) -> None:
    labels, probabilities = answers
    predicted = metrics.predictions(probabilities)
    expected = sklearn_metrics.confusion_matrix(labels, predicted, labels=range(10))
    assert np.array_equal(metrics.confusion_matrix(labels, predicted, CLASS_COUNT), expected)
    assert metrics.accuracy(labels, predicted) == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))


def test_shares_are_scikit_learns_normalised_matrices(answers: tuple[NDArray[np.int64], NDArray[np.float32]]) -> None:
    labels, probabilities = answers
    predicted = metrics.predictions(probabilities)
    matrix = metrics.confusion_matrix(labels, predicted, CLASS_COUNT)
    for shares, normalise in ((metrics.row_shares(matrix), "true"), (metrics.column_shares(matrix), "pred")):
        assert shares == pytest.approx(sklearn_metrics.confusion_matrix(labels, predicted, normalize=normalise))


def test_per_class_and_macro_figures_are_scikit_learns(answers: tuple[NDArray[np.int64], NDArray[np.float32]]) -> None:
    labels, probabilities = answers
    predicted = metrics.predictions(probabilities)
    figures = metrics.per_class(metrics.confusion_matrix(labels, predicted, CLASS_COUNT), names=CLASS_NAMES)
    ours = [(row.precision, row.recall, row.f1, row.support) for row in figures]
    expected = sklearn_metrics.precision_recall_fscore_support(labels, predicted, labels=range(10))
    assert np.array(ours) == pytest.approx(np.array(expected).T)
    assert [row.name for row in figures] == list(CLASS_NAMES)
    macro = metrics.macro(figures)
    expected_macro = sklearn_metrics.precision_recall_fscore_support(labels, predicted, average="macro")
    assert (macro.precision, macro.recall, macro.f1) == pytest.approx(expected_macro[:3])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_accuracy_is_scikit_learns(answers: tuple[NDArray[np.int64], NDArray[np.float32]], k: int) -> None:
    labels, probabilities = answers
    expected = sklearn_metrics.top_k_accuracy_score(labels, probabilities, k=k)
    assert metrics.top_k_accuracy(labels, probabilities, k) == pytest.approx(expected)


def test_area_log_loss_and_brier_score_are_scikit_learns(
    answers: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> None:
    labels, probabilities = answers
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    expected_area = sklearn_metrics.roc_auc_score(labels, exact, multi_class="ovr", average="macro")
    assert metrics.roc_auc(labels, exact) == pytest.approx(expected_area, abs=1e-12)
    assert metrics.log_loss(labels, exact) == pytest.approx(sklearn_metrics.log_loss(labels, exact))
    expected_brier = sklearn_metrics.brier_score_loss(labels, exact, labels=range(10), scale_by_half=False)
    assert metrics.brier_score(labels, exact) == pytest.approx(expected_brier)


def test_area_counts_ties_half_as_scikit_learn_does(answers: tuple[NDArray[np.int64], NDArray[np.float32]]) -> None:
    labels, probabilities = answers
    coarse = np.round(probabilities.astype(np.float64), 1)
    expected = np.mean([sklearn_metrics.roc_auc_score(labels == label, coarse[:, label]) for label in range(10)])
    assert metrics.roc_auc(labels, coarse) == pytest.approx(expected, abs=1e-12)


def test_loss_confidence_and_margin_of_single_images_are_those_of_a_worked_example() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]])
    labels = np.array([0, 0, 1])
    losses = metrics.true_class_loss(labels, probabilities)
    assert losses[:2] == pytest.approx([-math.log(0.7), -math.log(0.25)])
    assert metrics.confidence(probabilities) == pytest.approx([0.7, 0.5, 1.0])
    assert metrics.margin(probabilities) == pytest.approx([0.5, 0.25, 1.0])
    assert metrics.true_class_rank(labels, probabilities).tolist() == [0, 1, 2]


def test_a_true_class_of_probability_zero_costs_much_but_not_infinity() -> None:
    loss = metrics.true_class_loss(np.array([0]), np.array([[0.0, 1.0]], dtype=np.float32))
    assert loss == pytest.approx([87.3], abs=0.1)


def test_with_equal_probabilities_every_figure_agrees_on_the_lowest_label() -> None:
    labels = np.arange(10)
    probabilities = np.full((10, 10), 0.1, dtype=np.float32)
    assert metrics.predictions(probabilities).tolist() == [0] * 10
    assert metrics.top_k_accuracy(labels, probabilities, 1) == 0.1
    assert metrics.top_k_accuracy(labels, probabilities, 2) == 0.2
    assert metrics.roc_auc(labels, probabilities) == 0.5
    assert metrics.margin(probabilities).tolist() == [0.0] * 10


def test_what_cannot_be_divided_is_none_and_counts_as_zero_in_the_mean() -> None:
    matrix = np.zeros((10, 10), dtype=np.int64)
    matrix[0, 0], matrix[1, 0] = 3, 1
    figures = metrics.per_class(matrix, names=CLASS_NAMES)
    assert (figures[0].precision, figures[0].recall) == (0.75, 1.0)
    assert (figures[1].precision, figures[1].recall, figures[1].f1) == (None, 0.0, 0.0)
    assert (figures[2].precision, figures[2].recall, figures[2].f1, figures[2].support) == (None, None, None, 0)
    assert metrics.macro(figures).recall == pytest.approx(0.1)
    assert metrics.row_shares(matrix)[2].tolist() == [0.0] * 10
    assert metrics.column_shares(matrix)[:, 5].tolist() == [0.0] * 10


def test_without_images_every_figure_is_none_or_empty() -> None:
    labels, probabilities = np.zeros(0, dtype=np.int64), np.zeros((0, 10), dtype=np.float32)
    assert metrics.accuracy(labels, metrics.predictions(probabilities)) is None
    assert metrics.confusion_matrix(labels, labels, CLASS_COUNT).sum() == 0
    for figure in (metrics.top_k_accuracy, metrics.roc_auc, metrics.log_loss, metrics.brier_score):
        assert figure(labels, probabilities) is None
    assert metrics.margin(probabilities).shape == metrics.confidence(probabilities).shape == (0,)


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="must both have shape"):
        metrics.confusion_matrix(np.zeros(3, dtype=int), np.zeros(2, dtype=int), CLASS_COUNT)
    with pytest.raises(ValueError, match="0 to 9, not 0 to 10"):
        metrics.confusion_matrix(np.array([0, 1]), np.array([0, 10]), CLASS_COUNT)
    with pytest.raises(ValueError, match=r"\(n,\) and \(n, k\)"):
        metrics.log_loss(np.zeros(3, dtype=int), np.full((2, 10), 0.1))


def test_all_statistics_load_without_scipy_so_that_pages_open_fast() -> None:
    modules = "agreement, breakdown, calibration, comparison, intervals, metrics, recipes, significance, wording"
    heavy = "{'torch', 'scipy', 'sklearn'}"
    code = f"import sys; from core.statistics import {modules}; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "set()"
