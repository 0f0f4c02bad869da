"""core.statistics.intervals against scipy and brute force, and its answers at the edges."""

import numpy as np
import pytest
from scipy import stats

from core.statistics.intervals import accuracy_interval, difference_interval, mean_over_seeds, student_quantile


@pytest.mark.parametrize(("right", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (9150, 10_000), (999, 1000), (1, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_accuracy_interval_is_scipys_wilson_interval(right: int, n: int, level: float) -> None:
    expected = stats.binomtest(right, n).proportion_ci(level, method="wilson")
    assert accuracy_interval(right, n, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_run_at_92_percent_is_known_to_about_half_a_point() -> None:
    low, high = accuracy_interval(9200, 10_000)
    assert (high - low) / 2 == pytest.approx(0.0053, abs=1e-4)


def test_without_images_any_accuracy_is_possible() -> None:
    assert accuracy_interval(0, 0) == (0.0, 1.0)
    assert difference_interval(0, 0, 0) == (-1.0, 1.0)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="11 right answers of 10"):
        accuracy_interval(11, 10)
    with pytest.raises(ValueError, match="do not fit into 10 images"):
        difference_interval(6, 5, 10)


@pytest.mark.parametrize(("only_a", "only_b", "n"), [(3, 9, 60), (40, 70, 1000), (310, 250, 10_000), (0, 4, 1000)])
def test_the_difference_interval_is_that_of_very_many_paired_resamples(only_a: int, only_b: int, n: int) -> None:
    generator = np.random.default_rng(3)
    shares = [only_a / n, only_b / n, 1 - (only_a + only_b) / n]
    drawn = generator.multinomial(n, shares, size=400_000)
    resamples = (drawn[:, 1] - drawn[:, 0]) / n
    expected = np.quantile(resamples, [0.025, 0.975], method="inverted_cdf")
    assert difference_interval(only_a, only_b, n) == pytest.approx(tuple(expected), abs=1.01 / n)


def test_the_difference_interval_is_scipys_paired_bootstrap() -> None:
    right_a, right_b = np.zeros(400), np.zeros(400)
    right_a[:300], right_b[20:325] = 1, 1
    result = stats.bootstrap(
        (right_a, right_b),
        lambda a, b, axis: b.mean(axis=axis) - a.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    )
    expected = result.confidence_interval
    assert difference_interval(20, 25, 400) == pytest.approx((expected.low, expected.high), abs=1.5 / 400)


def test_swapping_the_models_mirrors_the_interval() -> None:
    low, high = difference_interval(30, 55, 2000)
    other_low, other_high = difference_interval(55, 30, 2000)
    assert (low, high) == pytest.approx((-other_high, -other_low), abs=1.01 / 2000)


def test_where_no_image_separates_the_models_the_interval_still_has_a_width() -> None:
    expected = stats.binomtest(0, 10_000).proportion_ci(0.95, method="exact").high
    assert difference_interval(0, 0, 10_000) == pytest.approx((-expected, expected), rel=1e-6)


def test_when_every_image_separates_them_the_interval_is_certain() -> None:
    assert difference_interval(0, 50, 50) == (1.0, 1.0)


def test_the_interval_of_a_mean_over_seeds_is_scipys() -> None:
    values = [0.912, 0.915, 0.909, 0.911]
    figures = mean_over_seeds(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert figures.n == 4
    assert (figures.mean, figures.sd) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert (figures.low, figures.high) == pytest.approx((expected.low, expected.high))
    assert student_quantile(0.975, 3.7) == pytest.approx(stats.t.ppf(0.975, 3.7))


def test_one_seed_has_a_mean_and_no_spread_and_none_has_neither() -> None:
    single = mean_over_seeds([0.91])
    assert (single.n, single.mean, single.sd, single.low, single.high) == (1, 0.91, None, None, None)
    assert mean_over_seeds([]).mean is None


def test_equal_seeds_have_a_spread_of_zero() -> None:
    figures = mean_over_seeds([0.9, 0.9, 0.9])
    assert (figures.sd, figures.low, figures.high) == (0.0, 0.9, 0.9)


def test_the_interval_of_a_mean_stays_within_what_an_accuracy_can_be() -> None:
    figures = mean_over_seeds([0.99, 0.9])
    assert figures.low == pytest.approx(0.945 - 12.706 * 0.045, abs=1e-3)
    assert figures.high == 1.0
    assert mean_over_seeds([0.01, 0.1]).low == 0.0
