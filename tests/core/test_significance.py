"""core.statistics.significance against scipy and published examples."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from core.statistics.significance import holm, mcnemar


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (1, 9), (6, 0), (12, 12), (59, 86), (250, 310), (4000, 5000)])
def test_the_p_of_mcnemar_is_scipys_exact_binomial_test(only_a: int, only_b: int) -> None:
    expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue
    assert float(mcnemar(only_a, only_b)) == pytest.approx(expected, rel=1e-9)


def test_the_published_example_of_agresti_is_met() -> None:
    # Agresti, Categorical Data Analysis (2nd edition 2002), table 10.1: approval ratings, 150 and 86 of 1600 changed.
    assert float(mcnemar(86, 150)) == pytest.approx(3.7e-5, rel=0.02)


def test_without_images_that_separate_the_models_p_is_one() -> None:
    assert mcnemar([0, 0, 5], [0, 1, 5]).tolist() == [1.0, 1.0, 1.0]


def test_holms_adjustment_is_that_of_a_worked_example() -> None:
    # p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") in R.
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holms_adjustment_is_the_closed_bonferroni_test() -> None:
    p_values = np.random.default_rng(5).random(6) ** 3
    subsets = [list(chosen) for size in range(1, 7) for chosen in combinations(range(6), size)]
    for place, adjusted in enumerate(holm(p_values)):
        bonferroni = [len(chosen) * p_values[chosen].min() for chosen in subsets if place in chosen]
        assert adjusted == pytest.approx(min(1.0, max(bonferroni)))


def test_nothing_to_adjust_gives_nothing() -> None:
    assert holm([]).shape == (0,)
    assert holm([0.2]).tolist() == [0.2]
