"""Comparison and breakdown: counts against brute force, sentences word for word, and the edges."""

from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from core.classes import CLASS_NAMES
from core.statistics.agreement import OUTCOMES, outcomes
from core.statistics.comparison import best_sentence, compare, compare_chosen, compare_with_baseline, tied_with_best
from core.statistics.significance import mcnemar, mcnemar_at_most

LABELS = np.repeat(np.arange(10), 1000)


def answers(wrong_places: NDArray[np.int64], shift: int = 1) -> NDArray[np.int64]:
    """Right on every image of LABELS but those at `wrong_places`, where the class `shift` further is predicted."""
    predicted = LABELS.copy()
    predicted[wrong_places] = (predicted[wrong_places] + shift) % 10
    return predicted


def wrong(seed: int, share: float) -> NDArray[np.int64]:
    return np.random.default_rng(seed).choice(len(LABELS), int(share * len(LABELS)), replace=False)


BASELINE = answers(wrong(0, 0.1))
BETTER = answers(np.setdiff1d(wrong(0, 0.1), wrong(1, 0.2)))


def test_the_four_counts_and_the_images_behind_them_agree() -> None:
    a, b = answers(wrong(2, 0.1)), answers(wrong(3, 0.12), shift=2)
    result = compare(LABELS, a, b, classes=CLASS_NAMES)
    outcome = outcomes(LABELS, a, b)
    expected = [((a == LABELS) & (b == LABELS)), (a == LABELS) & (b != LABELS), (a != LABELS) & (b == LABELS)]
    assert [result.both_right, result.only_a, result.only_b] == [int(mask.sum()) for mask in expected]
    assert result.both_right + result.only_a + result.only_b + result.both_wrong == result.n == 10_000
    assert np.array_equal(outcome == OUTCOMES.index("only A right"), expected[1])
    assert result.same_answer == np.count_nonzero(a == b)
    assert result.difference == pytest.approx(np.mean(b == LABELS) - np.mean(a == LABELS))
    assert result.p == pytest.approx(stats.binomtest(result.only_a, result.only_a + result.only_b).pvalue)


def test_probabilities_do_as_well_as_predicted_labels() -> None:
    probabilities = np.full((10_000, 10), 0.05, dtype=np.float32)
    probabilities[np.arange(10_000), BETTER] = 0.55
    assert compare(LABELS, BASELINE, probabilities, classes=CLASS_NAMES) == compare(
        LABELS, BASELINE, BETTER, classes=CLASS_NAMES
    )


def test_a_real_difference_is_said_in_a_sentence_to_quote() -> None:
    result = compare(LABELS, BASELINE, BETTER, "cnn", "resnet18", classes=CLASS_NAMES)
    assert result.better == "resnet18"
    assert result.sentence == (
        "resnet18 is better than cnn on these 10,000 images: 91.66 % (91.10 to 92.19) against "
        "90.00 % (89.40 to 90.57), difference +1.66 points (95 % interval +1.41 to +1.91), exact McNemar p < 0.0001. "
        "This compares two trained models, not the two recipes."
    )


def test_the_sentence_is_told_from_the_better_models_side_whichever_comes_first() -> None:
    forwards = compare(LABELS, BASELINE, BETTER, "cnn", "resnet18", classes=CLASS_NAMES)
    backwards = compare(LABELS, BETTER, BASELINE, "resnet18", "cnn", classes=CLASS_NAMES)
    assert backwards.sentence == forwards.sentence
    assert backwards.difference == -forwards.difference


def test_a_difference_that_may_be_chance_is_not_called_one() -> None:
    result = compare(
        LABELS, answers(np.arange(0, 1000)), answers(np.arange(10, 1012)), "first", "second", classes=CLASS_NAMES
    )
    assert result.better is None
    assert result.sentence.startswith(
        "No significant difference between first and second on these 10,000 images: "
        "first 90.00 % (89.40 to 90.57) against second 89.98 % (89.38 to 90.55), "
        "difference +0.02 points (95 % interval -0.07 to +0.11), exact McNemar p = 0.83."
    )


def test_an_interval_without_zero_beside_a_p_above_5_percent_is_explained() -> None:
    result = compare(
        LABELS, answers(np.arange(100, 114)), answers(np.arange(0, 5)), "first", "second", classes=CLASS_NAMES
    )
    assert result.p > 0.05
    assert result.low > 0
    assert "The interval excludes 0, but the test is the stricter of the two and decides." in result.sentence


def test_equal_answers_are_said_to_be_equal() -> None:
    result = compare(LABELS, BASELINE, BASELINE, "first", "second", classes=CLASS_NAMES)
    assert result.sentence.startswith(
        "No difference between first and second on these 10,000 images: both have exactly"
    )
    assert (result.p, result.difference, result.same_answer) == (1.0, 0.0, 10_000)
    assert result.low < 0 < result.high


def test_without_images_nothing_is_claimed() -> None:
    nothing = LABELS[:0]
    result = compare(nothing, nothing, nothing, "first", "second", classes=CLASS_NAMES)
    assert result.sentence == "There are no images to compare first and second on."
    assert (result.accuracy_a, result.difference, result.low, result.p) == (None, None, None, 1.0)
    assert result.pairs == ()
    assert "Without images: T-shirt/top, Trouser" in result.class_sentence


def test_no_figure_is_ever_nan() -> None:
    few = np.array([0, 0, 3])
    for result in (
        compare(few, few, few, classes=CLASS_NAMES),
        compare(few[:0], few[:0], few[:0], classes=CLASS_NAMES),
        compare(few, few, 1 + few, classes=CLASS_NAMES),
    ):
        rows = [asdict(result), *map(asdict, result.classes), *map(asdict, result.pairs)]
        figures = [value for row in rows for value in row.values()]
        assert not any(isinstance(value, float) and np.isnan(value) for value in figures)


def test_answers_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="9999 answers do not belong to 10000 labels"):
        compare(LABELS, BASELINE, BETTER[:-1], classes=CLASS_NAMES)


def test_a_class_that_one_model_masters_is_found_and_named() -> None:
    coat = CLASS_NAMES.index("Coat")
    result = compare(
        LABELS, answers(np.arange(4000, 4200)), answers(np.arange(4000, 4050)), "first", "second", classes=CLASS_NAMES
    )
    row = result.classes[coat]
    assert (row.n, row.only_a, row.only_b) == (1000, 0, 150)
    assert row.difference == pytest.approx(0.15)
    assert [row.name for row in result.classes if row.shown] == ["Coat"]
    assert result.class_sentence == "By class, second differs from first on Coat (+15.00 points)."


def test_classes_and_pairs_are_corrected_for_looking_at_all_of_them() -> None:
    result = compare(
        LABELS, answers(np.arange(4000, 4012)), answers(np.arange(4000, 4004)), "first", "second", classes=CLASS_NAMES
    )
    coat = result.classes[4]
    assert coat.p == pytest.approx(stats.binomtest(0, 8).pvalue)
    assert coat.p_adjusted == pytest.approx(10 * coat.p)
    pair = next(row for row in result.pairs if (row.true, row.predicted) == (4, 5))
    assert (pair.count_a, pair.count_b, pair.only_a, pair.only_b) == (12, 4, 8, 0)
    assert pair.p_adjusted == pytest.approx(90 * coat.p)
    assert not pair.shown


def test_confused_pairs_add_up_to_the_confusion_matrices_off_the_diagonal() -> None:
    a, b = answers(wrong(2, 0.1)), answers(wrong(3, 0.12), shift=2)
    result = compare(LABELS, a, b, classes=CLASS_NAMES)
    assert sum(row.count_a for row in result.pairs) == np.count_nonzero(a != LABELS)
    assert sum(row.count_b - row.only_b for row in result.pairs) == np.count_nonzero((a == b) & (a != LABELS))


def test_only_classes_that_have_images_count_as_looked_at() -> None:
    kept = LABELS < 2
    result = compare(LABELS[kept], answers(np.arange(0, 12))[kept], answers(np.arange(0, 4))[kept], classes=CLASS_NAMES)
    assert len(result.pairs) == 18
    assert result.classes[0].p_adjusted == pytest.approx(2 * result.classes[0].p)
    boot = result.classes[9]
    assert (boot.n, boot.difference, boot.p_adjusted) == (0, None, 1.0)


def test_several_runs_against_the_baseline_are_corrected_together() -> None:
    others = {"better": BETTER, "same": BASELINE, "close": answers(np.union1d(wrong(0, 0.1), [3, 7]))}
    results = compare_with_baseline(LABELS, BASELINE, others, "base", classes=CLASS_NAMES)
    assert [(row.name_a, row.name_b, row.looks) for row in results] == [("base", name, 3) for name in others]
    assert results[0].p_adjusted == pytest.approx(3 * results[0].p)
    assert "after Holm's correction for 3 comparisons" in results[0].sentence
    assert compare_with_baseline(LABELS, BASELINE, {}, classes=CLASS_NAMES) == []


def test_only_runs_that_are_not_shown_to_be_worse_are_tied_with_the_best() -> None:
    runs = {"worse": BASELINE, "best": BETTER, "close": answers(np.union1d(np.flatnonzero(BETTER != LABELS), [3, 7]))}
    assert tied_with_best(LABELS, runs) == ("best", "close")
    assert tied_with_best(LABELS, {"only": BASELINE}) == ("only",)
    assert tied_with_best(LABELS, {}) == ()
    assert tied_with_best(LABELS, {"one": BASELINE, "twin": BASELINE}) == ("one", "twin")


def test_the_sentence_on_the_best_calls_ties_by_name() -> None:
    assert best_sentence(["a"], 3) == "Of these 3 runs a is the best."
    assert best_sentence(["a", "b"], 3) == "Of these 3 runs a and b are tied as the best."
    assert (
        best_sentence(["a", "b", "c"], 3)
        == "Of these 3 runs none is significantly better than all others: all are tied."
    )


def answers_of(right_shares: NDArray[np.float64], seed: int) -> dict[str, NDArray[np.int64]]:
    """Models that share most errors, as real ones do: some images are hard for all, the rest are mistaken by chance."""
    generator = np.random.default_rng(seed)
    hard = generator.random(len(LABELS)) < 0.08
    flips = (generator.random(len(LABELS)) < share for share in right_shares)
    return {name: np.where(hard ^ flip, (LABELS + 1) % 10, LABELS) for name, flip in zip("abc", flips, strict=True)}


def test_the_page_never_contradicts_itself_on_three_runs() -> None:
    seen = set()
    for seed in range(150):
        shares = np.random.default_rng([seed, 1]).choice([0.010, 0.014, 0.018], 3)
        runs = answers_of(shares, seed)
        others = {name: answered for name, answered in runs.items() if name != "a"}
        results = compare_with_baseline(LABELS, runs["a"], others, "a", classes=CLASS_NAMES)
        best = tied_with_best(LABELS, runs, "a")
        worse = {row.name_a if row.better == row.name_b else row.name_b for row in results if row.better}
        assert best
        assert not worse & set(best)
        if len(best) == 1 and best != ("a",):
            (against,) = [result for result in results if result.name_b == best[0]]
            assert against.better == best[0]
        seen.add(len(best))
    assert seen == {1, 2, 3}


def test_a_run_is_left_out_if_any_other_beats_it_and_not_only_the_most_accurate() -> None:
    a = answers(np.arange(900))
    b = answers(np.arange(12, 900))
    c = answers(np.r_[np.arange(120, 900), np.arange(2000, 2090)])
    runs = {"a": a, "b": b, "c": c}
    results = compare_with_baseline(LABELS, a, {"b": b, "c": c}, "a", classes=CLASS_NAMES)
    assert [result.better for result in results] == ["b", "c"]
    assert tied_with_best(LABELS, runs, "a") == ("b", "c")
    assert tied_with_best(LABELS, {"b": b, "c": c}, "b") == ("b", "c")


def test_the_luckiest_of_many_against_the_luckiest_of_others_is_corrected_for_every_pair() -> None:
    plain = compare(LABELS, BASELINE, BETTER, "cnn", "resnet18", classes=CLASS_NAMES)
    result = compare_chosen(LABELS, BASELINE, BETTER, "cnn", "resnet18", 12, classes=CLASS_NAMES)
    assert result.p_adjusted == pytest.approx(12 * plain.p)
    assert "after Bonferroni's correction for the 12 pairs that these two were chosen from" in result.sentence
    assert (
        compare_chosen(LABELS, BASELINE, BETTER, "cnn", "resnet18", 1, classes=CLASS_NAMES).sentence == plain.sentence
    )
    assert compare_chosen(LABELS, BASELINE, BETTER, "cnn", "resnet18", 10**300, classes=CLASS_NAMES).better is None


def test_no_two_models_are_less_surprising_than_their_numbers_of_errors_allow() -> None:
    generator = np.random.default_rng(5)
    for _ in range(300):
        wrong_a, wrong_b = generator.integers(0, 40, 2)
        shared = generator.integers(0, min(wrong_a, wrong_b) + 1)
        assert mcnemar(wrong_b - shared, wrong_a - shared) <= mcnemar_at_most(wrong_a, wrong_b) + 1e-12
