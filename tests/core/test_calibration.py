"""core.statistics.calibration against scikit-learn, a loop and a grid, and its answers at the edges."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from core.statistics.calibration import accuracy_by_coverage, calibration, fit_temperature, with_temperature
from core.statistics.intervals import accuracy_interval

GENERATOR = np.random.default_rng(11)
LOGITS = GENERATOR.normal(size=(4000, 10)) * 2


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True)


HONEST = softmax(LOGITS)
LABELS = np.array([GENERATOR.choice(10, p=row) for row in HONEST])
TOO_SURE = softmax(2.5 * LOGITS)


def test_the_bins_are_scikit_learns() -> None:
    figures = calibration(LABELS, TOO_SURE)
    correct = TOO_SURE.argmax(axis=1) == LABELS
    accuracies, confidences = calibration_curve(correct, TOO_SURE.max(axis=1), n_bins=15)
    filled = [row for row in figures.bins if row.n]
    assert [row.accuracy for row in filled] == pytest.approx(accuracies.tolist())
    assert [row.confidence for row in filled] == pytest.approx(confidences.tolist())
    assert sum(row.n for row in figures.bins) == figures.n == 4000
    last = figures.bins[-1]
    assert (last.accuracy_low, last.accuracy_high) == accuracy_interval(round(last.accuracy * last.n), last.n)


def test_the_expected_calibration_error_is_the_one_of_its_definition() -> None:
    figures = calibration(LABELS, TOO_SURE, bins=10)
    confidences, correct = TOO_SURE.max(axis=1), TOO_SURE.argmax(axis=1) == LABELS
    expected = 0.0
    for row in range(10):
        inside = (confidences > row / 10) & (confidences <= (row + 1) / 10)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidences[inside].mean())
    assert figures.expected_error == pytest.approx(expected)


def test_an_honest_model_is_calibrated_and_an_overconfident_one_is_not() -> None:
    assert calibration(LABELS, HONEST).expected_error < 0.03
    sure = calibration(LABELS, TOO_SURE)
    assert sure.expected_error > 0.1
    assert sure.sentence.startswith("On average overconfident by ")
    assert calibration(LABELS, softmax(0.3 * LOGITS)).sentence.startswith("On average underconfident by ")


def test_the_temperature_undoes_a_known_factor() -> None:
    temperature = fit_temperature(LABELS, TOO_SURE)
    assert temperature.value == pytest.approx(2.5, rel=0.05)
    assert temperature.log_loss_before == pytest.approx(log_loss(LABELS, TOO_SURE))
    assert temperature.log_loss_after == pytest.approx(log_loss(LABELS, with_temperature(TOO_SURE, temperature.value)))
    assert temperature.sentence.startswith("The model was overconfident: temperature 2.")
    assert temperature.settled


def test_no_other_temperature_on_a_grid_does_better() -> None:
    temperature = fit_temperature(LABELS, TOO_SURE)
    losses = [log_loss(LABELS, with_temperature(TOO_SURE, value)) for value in np.geomspace(0.5, 10, 60)]
    assert temperature.log_loss_after <= min(losses) + 1e-9


def test_a_temperature_keeps_every_prediction_and_one_changes_nothing() -> None:
    assert with_temperature(TOO_SURE, 1.0) == pytest.approx(TOO_SURE)
    assert np.array_equal(with_temperature(TOO_SURE, 3.0).argmax(axis=1), TOO_SURE.argmax(axis=1))


def test_a_model_that_is_always_right_or_undecided_has_no_temperature_to_fit() -> None:
    always_right = np.full((50, 10), 0.01) + 0.9 * np.eye(10)[np.arange(50) % 10]
    temperature = fit_temperature(np.arange(50) % 10, always_right)
    assert temperature.sentence == (
        "No temperature between 0.05 and 20 can be fitted on these 50 images; the probabilities stay as they are."
    )
    undecided = fit_temperature(np.arange(50) % 10, np.full((50, 10), 0.1))
    assert (temperature.settled, temperature.value, undecided.settled, undecided.value) == (False, 1.0, False, 1.0)
    assert undecided.log_loss_after == undecided.log_loss_before


def test_accuracy_against_coverage_is_that_of_the_most_confident_images() -> None:
    points = accuracy_by_coverage(LABELS, TOO_SURE, (0.25, 0.9, 1.0))
    order = np.argsort(-TOO_SURE.max(axis=1))
    correct = (TOO_SURE.argmax(axis=1) == LABELS)[order]
    assert [point.n for point in points] == [1000, 3600, 4000]
    assert [point.accuracy for point in points] == pytest.approx([correct[:n].mean() for n in (1000, 3600, 4000)])
    assert np.count_nonzero(TOO_SURE.max(axis=1) >= points[1].threshold) == 3600
    assert points[1].sentence.startswith("Predicts 90 % of the images with ")


def test_images_of_equal_confidence_are_answered_together() -> None:
    equal = np.full((100, 10), 0.1)
    points = accuracy_by_coverage(np.arange(100) % 10, equal)
    assert {(point.coverage, point.accuracy) for point in points} == {(1.0, 0.1)}


def test_a_probability_of_zero_and_one_is_no_trouble() -> None:
    certain = np.eye(10, dtype=np.float32)[np.arange(20) % 10]
    labels = np.arange(20) % 10
    labels[0] = 5
    figures = calibration(labels, certain)
    assert figures.accuracy == 0.95
    assert np.isfinite(figures.log_loss)
    assert fit_temperature(labels, certain).value > 1
    assert with_temperature(certain, 0.05).sum(axis=1) == pytest.approx(np.ones(20))


def test_without_images_there_are_empty_bins_and_a_sentence() -> None:
    labels, probabilities = LABELS[:0], HONEST[:0]
    figures = calibration(labels, probabilities)
    assert (figures.expected_error, figures.log_loss) == (None, None)
    assert (figures.bins[0].n, figures.bins[0].accuracy) == (0, None)
    assert figures.sentence == "There are no images to judge the confidence by."
    assert fit_temperature(labels, probabilities).value == 1.0
    assert accuracy_by_coverage(labels, probabilities) == []
