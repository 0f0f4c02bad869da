"""Every statistic holds for any number of classes and images: against scikit-learn and scipy."""

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from scipy import optimize, special, stats
from sklearn import metrics as sklearn_metrics
from sklearn.calibration import calibration_curve

from core.statistics import metrics
from core.statistics.breakdown import MOST_PAIRS
from core.statistics.calibration import calibration, fit_temperature
from core.statistics.comparison import compare
from core.statistics.intervals import accuracy_interval
from core.statistics.label_errors import label_quality, label_trust

CLASSES = [2, 3, 37, 200]


def labels_of(classes: int, n: int = 1200) -> np.ndarray:
    """Labels of unequal classes, each with an image at least."""
    random = np.random.default_rng(classes)
    return np.concatenate([np.arange(classes), random.choice(classes, n, p=random.dirichlet(np.ones(classes)))])


def probabilities_of(labels: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(0, 1, (len(labels), classes))
    logits[np.arange(len(labels)), labels] += 1.5 + np.log(classes) / 2
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", CLASSES)
def test_figures_of_classes_and_their_means_are_those_of_scikit_learn(classes: int) -> None:
    labels = labels_of(classes)
    predicted = metrics.predictions(probabilities_of(labels, classes))
    matrix = metrics.confusion_matrix(labels, predicted, classes)
    names = [f"class {label}" for label in range(classes)]
    assert np.array_equal(matrix, sklearn_metrics.confusion_matrix(labels, predicted, labels=range(classes)))
    figures = metrics.per_class(matrix, names)
    expected = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=0
    )
    ours = ([each.precision or 0, each.recall or 0, each.f1 or 0, each.support] for each in figures)
    assert pytest.approx(np.array(expected)) == np.array(list(ours)).T
    assert [each.name for each in figures] == names
    assert metrics.macro(figures).f1 == pytest.approx(expected[2].mean())


@pytest.mark.parametrize("classes", CLASSES)
def test_the_recall_of_a_class_has_wilsons_interval(classes: int) -> None:
    labels = labels_of(classes)
    matrix = metrics.confusion_matrix(labels, metrics.predictions(probabilities_of(labels, classes)), classes)
    for right, support in zip(np.diag(matrix).tolist(), matrix.sum(axis=1).tolist(), strict=True):
        expected = stats.binomtest(right, support).proportion_ci(method="wilson")
        assert accuracy_interval(right, support) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("classes", CLASSES)
def test_figures_of_probabilities_are_those_of_scikit_learn(classes: int) -> None:
    labels = labels_of(classes)
    shares = probabilities_of(labels, classes)
    every = range(classes)
    assert metrics.log_loss(labels, shares) == pytest.approx(sklearn_metrics.log_loss(labels, shares, labels=every))
    truth = np.eye(classes)[labels]
    assert metrics.brier_score(labels, shares) == pytest.approx(np.square(shares - truth).sum(axis=1).mean())
    areas = [sklearn_metrics.roc_auc_score(labels == label, shares[:, label]) for label in every]
    assert metrics.roc_auc(labels, shares) == pytest.approx(np.mean(areas))
    if classes > 2:
        expected = sklearn_metrics.top_k_accuracy_score(labels, shares, k=2, labels=every)
        assert metrics.top_k_accuracy(labels, shares) == pytest.approx(expected)
    assert sum(each.n for each in calibration(labels, shares).bins) == len(labels)


@pytest.mark.parametrize("classes", CLASSES)
def test_two_models_are_compared_class_by_class_and_pair_by_pair(classes: int) -> None:
    labels = labels_of(classes)
    names = [f"class {label}" for label in range(classes)]
    a, b = (metrics.predictions(probabilities_of(labels, classes, seed)) for seed in (1, 2))
    result = compare(labels, a, b, "a", "b", classes=names)
    assert [row.name for row in result.classes] == names
    assert [row.n for row in result.classes] == np.bincount(labels).tolist()
    for row in result.classes:
        only = row.only_a + row.only_b
        assert row.p == pytest.approx(stats.binomtest(row.only_a, only).pvalue if only else 1.0)
    matrix = metrics.confusion_matrix(labels, a, classes)
    wrong = int(matrix.sum() - np.trace(matrix))
    assert sum(pair.count_a for pair in result.pairs) == wrong
    if classes * (classes - 1) <= MOST_PAIRS:
        assert len(result.pairs) == classes * (classes - 1)
    assert min(pair.p_adjusted for pair in result.pairs) >= min(pair.p for pair in result.pairs)


def test_a_confusion_is_named_by_the_classes_of_the_data() -> None:
    labels = np.repeat([0, 1, 2], 300)
    worse = np.where(labels == 2, 0, labels)
    sentence = compare(labels, worse, labels, "a", "b", classes=("cat", "dog", "hen")).pair_sentence
    assert "hen classified as cat (0 times against 300)" in sentence


@pytest.mark.parametrize("classes", CLASSES)
def test_suspect_labels_are_those_of_cleanlab(classes: int) -> None:
    truth = labels_of(classes, 3000)
    shares = probabilities_of(truth, classes)
    labels = truth.copy()
    changed = np.random.default_rng(5).choice(np.arange(classes, len(labels)), 60, replace=False)
    labels[changed] = (labels[changed] + 1) % classes
    ours = label_quality(labels, shares)
    theirs = find_label_issues(labels, shares, filter_by="confident_learning", n_jobs=1)
    assert np.array_equal(ours.suspect, theirs)
    names = [f"class {label}" for label in range(classes)]
    trust = label_trust(int(changed[0]), int(labels[changed[0]]), {"judge": ours}, names)
    assert f"The label class {labels[changed[0]]} has" in trust.sentence


@pytest.mark.parametrize("classes", CLASSES)
def test_the_bins_of_confidence_are_those_of_scikit_learn(classes: int) -> None:
    labels = labels_of(classes)
    shares = probabilities_of(labels, classes)
    accuracies, confidences = calibration_curve(shares.argmax(axis=1) == labels, shares.max(axis=1), n_bins=15)
    filled = [each for each in calibration(labels, shares).bins if each.n]
    assert [each.accuracy for each in filled] == pytest.approx(accuracies.tolist())
    assert [each.confidence for each in filled] == pytest.approx(confidences.tolist())


@pytest.mark.parametrize("classes", CLASSES)
def test_the_temperature_is_the_one_that_scipy_finds(classes: int) -> None:
    labels = labels_of(classes)
    shares = probabilities_of(labels, classes)

    def loss(temperature: float) -> float:
        logarithms = np.log(shares) / temperature
        return float(-special.log_softmax(logarithms, axis=1)[np.arange(len(labels)), labels].mean())

    expected = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-6})
    fitted = fit_temperature(labels, shares)
    assert fitted.log_loss_after == pytest.approx(expected.fun, abs=1e-6)
    assert fitted.value == pytest.approx(expected.x, rel=1e-3)


@pytest.mark.parametrize("classes", CLASSES)
def test_the_difference_of_two_models_is_tested_as_scipy_and_numpy_do(classes: int) -> None:
    labels = labels_of(classes)
    a, b = (metrics.predictions(probabilities_of(labels, classes, seed)) for seed in (3, 4))
    result = compare(labels, a, b, classes=[f"class {label}" for label in range(classes)])
    gained, lost = int(((b == labels) & (a != labels)).sum()), int(((a == labels) & (b != labels)).sum())
    assert result.p == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)
    changes = (b == labels).astype(float) - (a == labels)
    bootstrap = stats.bootstrap((changes,), np.mean, n_resamples=4_999, method="percentile", rng=1)
    assert (result.low, result.high) == pytest.approx(tuple(bootstrap.confidence_interval), abs=0.004)
