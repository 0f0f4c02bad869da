"""Sets of classes hold the truth as often as promised: against the exact distribution of how many they cover."""

import numpy as np
import pytest
from scipy.stats import beta, betabinom

from core.statistics.conformal import LEAST_IMAGES, class_sets, left_out_sets, measured, set_threshold

CLASSES = 6


def simulated(n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) of photos, and the probabilities (n, classes) of a model that is far too confident."""
    labels = random.integers(0, CLASSES, n)
    logits = random.normal(0, 2, (n, CLASSES))
    logits[np.arange(n), labels] += 2
    shares = np.exp(3 * logits)
    return labels, shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n", [50, 73, 109, 480])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_the_threshold_is_the_quantile_of_the_scores_and_of_a_further_one_beyond_all(n: int, coverage: float) -> None:
    labels, shares = simulated(n, np.random.default_rng(n))
    scores = 1 - shares[np.arange(n), labels]
    expected = np.quantile([*scores, np.inf], coverage, method="inverted_cdf")
    assert set_threshold(labels, shares, coverage) == expected


def test_sets_cover_as_many_further_photos_as_the_beta_binomial_distribution_says() -> None:
    n, further, draws, random = 60, 100, 3000, np.random.default_rng(0)
    covered = []
    for _ in range(draws):
        labels, shares = simulated(n + further, random)
        threshold = set_threshold(labels[:n], shares[:n], 0.9)
        assert threshold is not None
        covered.append(measured(labels[n:], class_sets(shares[n:], threshold)).covered)
    exact = betabinom(further, 55, n + 1 - 55)
    assert np.mean(covered) == pytest.approx(exact.mean(), abs=4 * exact.std() / np.sqrt(draws))
    for limit in (80, 86, 90, 95):
        below = exact.cdf(limit)
        spread = np.sqrt(below * (1 - below) / draws)
        assert np.mean(np.array(covered) <= limit) == pytest.approx(below, abs=4 * spread)


def test_so_few_images_as_suffice_keep_a_promise_of_90_percent_above_80_mostly() -> None:
    assert beta(46, LEAST_IMAGES + 1 - 46).ppf([0.025, 0.975]) == pytest.approx([0.81, 0.97], abs=0.005)


def test_too_few_images_give_no_threshold() -> None:
    labels, shares = simulated(LEAST_IMAGES, np.random.default_rng(0))
    assert set_threshold(labels, shares, 0.9) is not None
    assert set_threshold(labels[1:], shares[1:], 0.9) is None
    assert set_threshold(labels, shares, 0.99) is None
    assert left_out_sets(labels, shares, 0.9) is None
    assert set_threshold(labels[:0], shares[:0], 0.9) is None


def test_a_set_is_never_empty_and_holds_all_that_are_probable_enough() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.05, 0.05, 0.9], [0.45, 0.45, 0.1]])
    assert class_sets(shares, 0.6).tolist() == [[True, False, False], [False, False, True], [True, True, False]]
    assert class_sets(shares, 0.75).tolist() == [[True, True, False], [False, False, True], [True, True, False]]


@pytest.mark.parametrize("equal", [False, True])
def test_a_photo_that_is_left_out_does_not_move_its_own_threshold(equal: bool) -> None:
    labels, shares = simulated(80, np.random.default_rng(1))
    if equal:
        shares = shares.round(1)
    sets = left_out_sets(labels, shares, 0.9)
    assert sets is not None
    for place in range(80):
        others = np.arange(80) != place
        threshold = set_threshold(labels[others], shares[others], 0.9)
        assert threshold is not None
        assert sets[place].tolist() == class_sets(shares[place : place + 1], threshold)[0].tolist()


def test_how_well_sets_do_is_how_many_hold_the_truth_and_how_large_they_are() -> None:
    sets = np.array([[True, True, False], [False, False, True], [True, False, False], [True, True, True]])
    measures = measured(np.array([1, 2, 1, 0]), sets)
    assert (measures.n, measures.covered, measures.coverage, measures.mean_size) == (4, 3, 0.75, 1.75)
