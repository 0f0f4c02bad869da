"""core.statistics.recipes against scipy's t tests where they apply, and what too few seeds cannot say."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from core.statistics.intervals import accuracy_interval
from core.statistics.recipes import compare_recipes, compare_recipes_with_baseline, recipe_figures

LABELS = np.repeat(np.arange(10), 500)


def runs(accuracies: NDArray[np.float64] | list[float], seed: int) -> list[NDArray[np.int64]]:
    """One array of answers for each accuracy, wrong at random places."""
    generator = np.random.default_rng(seed)
    return [np.where(generator.random(len(LABELS)) < share, LABELS, (LABELS + 1) % 10) for share in accuracies]


def shares(group: list[NDArray[np.int64]]) -> list[float]:
    return [float(np.mean(answers == LABELS)) for answers in group]


def test_a_recipe_is_its_mean_spread_and_number_of_seeds() -> None:
    group = runs([0.90, 0.91, 0.92], 1)
    figures = recipe_figures(LABELS, group, "cnn")
    assert figures.accuracy.sd == pytest.approx(np.std(shares(group), ddof=1))
    interval = f"({100 * figures.accuracy.low:.2f} to {100 * figures.accuracy.high:.2f})"
    mean = f"{100 * np.mean(shares(group)):.2f} % {interval}"
    assert figures.sentence.startswith(f"cnn: {mean} over 3 seeds (standard deviation ")


def test_images_that_no_recipe_finds_harder_leave_welchs_t_test_over_seeds() -> None:
    a, b = runs([0.80, 0.84, 0.88, 0.90], 2), runs([0.70, 0.78, 0.86], 3)
    comparison = compare_recipes(LABELS, a, b)
    expected = stats.ttest_ind(shares(b), shares(a), equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert comparison.image_variance < 0.01 * comparison.seed_variance
    assert (comparison.low, comparison.high) == pytest.approx((interval.low, interval.high), rel=0.02)
    assert comparison.p == pytest.approx(expected.pvalue, rel=0.02)
    assert comparison.degrees_of_freedom == pytest.approx(expected.df, rel=0.02)


def test_seeds_that_all_answer_alike_leave_the_paired_t_test_over_images() -> None:
    a, b = runs([0.9], 4) * 3, runs([0.92], 5) * 3
    comparison = compare_recipes(LABELS, a, b)
    expected = stats.ttest_rel((b[0] == LABELS) * 1.0, (a[0] == LABELS) * 1.0)
    assert comparison.seed_variance == pytest.approx(0, abs=1e-20)
    assert comparison.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (comparison.low, comparison.high) == pytest.approx((interval.low, interval.high))


def test_the_variance_of_the_difference_is_the_one_seen_over_many_repetitions() -> None:
    generator = np.random.default_rng(6)
    differences, variances = [], []
    for _ in range(300):
        ease = generator.choice([0.3, 0.95], len(LABELS))
        group_a, group_b = (
            [
                np.where(generator.random(len(LABELS)) < ease + shift, LABELS, -1)
                for shift in generator.normal(0, 0.01, 4)
            ]
            for _ in range(2)
        )
        comparison = compare_recipes(LABELS, group_a, group_b)
        differences.append(comparison.difference)
        variances.append(comparison.seed_variance + comparison.image_variance)
    assert np.mean(variances) == pytest.approx(np.var(differences), rel=0.3)


def test_a_better_recipe_is_said_to_be_better_with_what_it_rests_on() -> None:
    comparison = compare_recipes(LABELS, runs([0.90] * 3, 7), runs([0.95] * 3, 8), "cnn", "resnet18")
    assert comparison.better == "resnet18"
    assert comparison.sentence.startswith("As a recipe resnet18 is better than cnn: ")
    assert "not for other training data" in comparison.sentence
    assert compare_recipes(LABELS, runs([0.95] * 3, 8), runs([0.90] * 3, 7), "resnet18", "cnn").better == "resnet18"


def test_no_difference_between_recipes_is_said_as_such() -> None:
    comparison = compare_recipes(LABELS, runs([0.90, 0.92], 9), runs([0.92, 0.90], 10), "one", "other")
    assert comparison.better is None
    assert comparison.sentence.startswith("No significant difference between the recipes one and other: ")
    assert "Two seeds are the minimum" in comparison.sentence


def test_one_seed_says_nothing_about_a_recipe() -> None:
    comparison = compare_recipes(LABELS, runs([0.90], 11), runs([0.95, 0.96], 12), "cnn", "resnet18")
    assert (comparison.low, comparison.p, comparison.better) == (None, None, None)
    assert comparison.difference == pytest.approx(np.mean(shares(runs([0.95, 0.96], 12))) - shares(runs([0.90], 11))[0])
    assert comparison.sentence == (
        "The recipes cnn and resnet18 cannot be compared: cnn has 1 finished run, "
        "and at least two seeds of each are needed to know how a recipe varies."
    )
    assert "with one seed, an interval for other images; one seed cannot show how" in comparison.a.sentence
    low, high = accuracy_interval(round(5000 * comparison.a.accuracy.mean), 5000)
    assert f"({100 * low:.2f} to {100 * high:.2f})" in comparison.a.sentence


def test_a_recipe_without_runs_or_images_has_a_sentence_too() -> None:
    assert recipe_figures(LABELS, [], "cnn").sentence == "cnn: no finished run."
    assert "cnn has 0 finished runs" in compare_recipes(LABELS, [], runs([0.9, 0.9], 1), "cnn", "x").sentence
    empty = [LABELS[:0]] * 2
    comparison = compare_recipes(LABELS[:0], empty, empty, "cnn", "x")
    assert comparison.sentence == "0 images: too few to compare cnn and x on."
    assert comparison.difference is None


def test_recipes_without_any_spread_are_compared_by_their_difference_alone() -> None:
    always, never = [LABELS] * 2, [(LABELS + 1) % 10] * 2
    assert compare_recipes(LABELS, always, always).p == 1.0
    comparison = compare_recipes(LABELS, never, always)
    assert (comparison.difference, comparison.low, comparison.high, comparison.p) == (1.0, 1.0, 1.0, 0.0)


def test_several_recipes_against_the_baseline_are_corrected_together_but_for_those_without_a_test() -> None:
    baseline = runs([0.90] * 3, 13)
    others = {"better": runs([0.95] * 3, 14), "single": runs([0.95], 15), "same": runs([0.90] * 3, 16)}
    better, single, same = compare_recipes_with_baseline(LABELS, baseline, others)
    assert better.looks == same.looks == 2
    assert better.p_adjusted == pytest.approx(2 * better.p)
    assert single.p_adjusted is None


def test_an_interval_without_zero_beside_a_corrected_p_above_5_percent_is_explained() -> None:
    baseline = runs([0.900, 0.905, 0.910], 13)
    others = {"ahead": runs([0.918, 0.921, 0.915], 20), **{f"same {n}": runs([0.9, 0.905, 0.91], n) for n in range(7)}}
    ahead, *_ = compare_recipes_with_baseline(LABELS, baseline, others)
    assert ahead.low > 0
    assert ahead.p < 0.05 < ahead.p_adjusted
    assert "The interval excludes 0, but it is not corrected; the corrected test decides." in ahead.sentence


def test_two_seeds_that_happen_to_agree_are_not_believed_to_be_steadier_than_many() -> None:
    many = runs(np.linspace(0.86, 0.92, 10), 21)
    twins = runs([0.905], 22) * 2
    comparison = compare_recipes(LABELS, many, twins)
    spread = np.var(shares(many), ddof=1)
    assert comparison.seed_variance == pytest.approx(spread / 10 + spread / 2, rel=0.01)
    assert compare_recipes(LABELS, twins, many).seed_variance == pytest.approx(comparison.seed_variance)
    three = compare_recipes(LABELS, many, runs([0.905], 22) * 3)
    assert three.seed_variance < spread / 5
