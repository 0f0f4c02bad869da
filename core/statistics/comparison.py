"""Trained models compared on the same images: is the difference real?

Differences are shares, B less A, so that with the baseline as A a gain is positive. All functions here speak of the
trained models at hand; what can be said of the recipes they were trained by is in core.statistics.recipes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.statistics import wording
from core.statistics.agreement import OUTCOMES, Answers, outcomes, predicted, right
from core.statistics.breakdown import (
    ClassDifference,
    PairDifference,
    class_differences,
    class_sentence,
    pair_differences,
    pair_sentence,
)
from core.statistics.intervals import difference_interval
from core.statistics.metrics import Labels
from core.statistics.significance import SIGNIFICANCE, holm, mcnemar


@dataclass(frozen=True)
class Comparison:
    """Two trained models on the same n images. Without images accuracies, difference and interval are None.

    `looks` is how many comparisons were made together; p_adjusted is corrected for them, the interval is not.
    """

    name_a: str
    name_b: str
    n: int
    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    same_answer: int
    accuracy_a: float | None
    accuracy_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float
    p_adjusted: float
    looks: int
    classes: tuple[ClassDifference, ...]
    pairs: tuple[PairDifference, ...]

    @property
    def shown(self) -> bool:
        """Whether a difference is shown at 5 %, corrected for the number of comparisons made together."""
        return self.p_adjusted < SIGNIFICANCE

    @property
    def better(self) -> str | None:
        """Name of the model that is shown to be better, None if neither is."""
        if not self.shown:
            return None
        return self.name_b if self.only_b > self.only_a else self.name_a

    @property
    def sentence(self) -> str:
        """The finding as a reader can quote it, with what it does not say."""
        if self.difference is None or self.low is None or self.high is None:
            return f"There are no images to compare {self.name_a} and {self.name_b} on."
        finding = self._finding(self.difference, self.low, self.high)
        return f"{finding} This compares two trained models, not the two recipes."

    @property
    def class_sentence(self) -> str:
        """In which classes a difference is shown."""
        return class_sentence(self.classes, self.name_a, self.name_b)

    @property
    def pair_sentence(self) -> str:
        """Which confusions are shown to differ in frequency."""
        return pair_sentence(self.pairs, self.name_a, self.name_b, [row.name for row in self.classes])

    @property
    def _correction(self) -> str:
        return f" after Holm's correction for {self.looks} comparisons" if self.looks > 1 else ""

    def _finding(self, difference: float, low: float, high: float) -> str:
        """Told from the side of the more accurate model, so that the difference reads as its lead."""
        ahead, behind = (self.name_b, self.accuracy_b or 0.0), (self.name_a, self.accuracy_a or 0.0)
        if difference < 0:
            ahead, behind, low, high = behind, ahead, -high, -low
        images = wording.these(self.n, "image")
        if self.only_a + self.only_b == 0:
            return (
                f"No difference between {self.name_a} and {self.name_b} on {images}: both have exactly the same ones "
                "right."
            )
        evidence = (
            f"difference {wording.points(abs(difference))} (95 % interval {wording.points_interval(low, high)}), "
            f"exact McNemar {wording.p_stated(self.p_adjusted)}{self._correction}."
        )
        leading, trailing = (wording.share_of(share, self.n) for _, share in (ahead, behind))
        if self.shown:
            return f"{ahead[0]} is better than {behind[0]} on {images}: {leading} against {trailing}, {evidence}"
        shares = f"{ahead[0]} {leading} against {behind[0]} {trailing}"
        decided = " The interval excludes 0, but the test is the stricter of the two and decides." if low > 0 else ""
        return (
            f"No significant difference between {self.name_a} and {self.name_b} on {images}: {shares}, "
            f"{evidence}{decided}"
        )


@dataclass(frozen=True)
class ChosenComparison(Comparison):
    """Two models that were chosen, each as the most accurate of its kind, from `looks` pairs of models.

    The luckiest of many is compared with the luckiest of others, so that p_adjusted counts every such pair.
    """

    @property
    def _correction(self) -> str:
        if self.looks == 1:
            return ""
        return f" after Bonferroni's correction for the {self.looks:,} pairs that these two were chosen from"


def compare(
    labels: Labels,
    answers_a: Answers,
    answers_b: Answers,
    name_a: str = "A",
    name_b: str = "B",
    *,
    classes: Sequence[str],
) -> Comparison:
    """Compare two trained models by their answers to the same images, A being the baseline.

    Answers are probabilities (n, k) or predicted labels (n,). The test is McNemar's exact one, the interval that of
    the paired bootstrap; classes and confused pairs are tested likewise, with Holm's correction. Names should differ.
    Raises ValueError when labels and answers do not fit together.
    """
    predicted_a, predicted_b = predicted(answers_a), predicted(answers_b)
    outcome = outcomes(labels, predicted_a, predicted_b)
    both_right, only_a, only_b, both_wrong = np.bincount(outcome, minlength=len(OUTCOMES)).tolist()
    n = len(labels)
    low, high = difference_interval(only_a, only_b, n)
    p = float(mcnemar(only_a, only_b))
    return Comparison(
        name_a=name_a,
        name_b=name_b,
        n=n,
        both_right=both_right,
        only_a=only_a,
        only_b=only_b,
        both_wrong=both_wrong,
        same_answer=int(np.count_nonzero(predicted_a == predicted_b)),
        accuracy_a=(both_right + only_a) / n if n else None,
        accuracy_b=(both_right + only_b) / n if n else None,
        difference=(only_b - only_a) / n if n else None,
        low=low if n else None,
        high=high if n else None,
        p=p,
        p_adjusted=p,
        looks=1,
        classes=class_differences(labels, outcome, classes),
        pairs=pair_differences(labels, predicted_a, predicted_b, len(classes)),
    )


def compare_with_baseline(
    labels: Labels,
    baseline: Answers,
    others: Mapping[str, Answers],
    baseline_name: str = "baseline",
    *,
    classes: Sequence[str],
) -> list[Comparison]:
    """Compare each of several models, by name, with one baseline; p_adjusted is Holm's over all of them."""
    comparisons = [
        compare(labels, baseline, answers, baseline_name, name, classes=classes) for name, answers in others.items()
    ]
    adjusted = holm([comparison.p for comparison in comparisons]).tolist()
    return [
        replace(comparison, p_adjusted=p, looks=len(comparisons))
        for comparison, p in zip(comparisons, adjusted, strict=True)
    ]


def compare_chosen(
    labels: Labels,
    answers_a: Answers,
    answers_b: Answers,
    name_a: str,
    name_b: str,
    pairs: int,
    *,
    classes: Sequence[str],
) -> ChosenComparison:
    """Compare the most accurate model of one kind with that of another, chosen from so many pairs."""
    comparison = compare(labels, answers_a, answers_b, name_a, name_b, classes=classes)
    return ChosenComparison(**{**vars(comparison), "p_adjusted": min(1.0, comparison.p * pairs), "looks": pairs})


def best_sentence(best: Sequence[str], count: int) -> str:
    """Which of `count` runs may be called best; `best` are their names as tied_with_best gives them."""
    whole = f"Of these {count} runs"
    if len(best) == 1:
        return f"{whole} {best[0]} is the best."
    if len(best) == count:
        return f"{whole} none is significantly better than all others: all are tied."
    return f"{whole} {', '.join(best[:-1])} and {best[-1]} are tied as the best."


def tied_with_best(labels: Labels, runs: Mapping[str, Answers], baseline: str | None = None) -> tuple[str, ...]:
    """Names of the runs that may be called best: all that no other one is shown to be better than.

    A run is left out if any of the m - 1 others beats it at p < 5 % / (m - 1), or, where all are held against a
    baseline, in its comparison with that by Holm's correction as compare_with_baseline has it: what that calls worse
    is never called best here. One name means "best", several mean "tied". The truly best run, whichever it is, is
    among them with at least 95 % (subset selection, Gupta 1965): each of the two rules leaves it out with at most
    2.5 %, for it takes an error in one direction.
    """
    names = list(runs)
    if not names:
        return ()
    right_of = np.array([right(labels, answers) for answers in runs.values()], dtype=np.float32)
    only_own = np.rint(right_of @ (1 - right_of).T).astype(np.int64)
    p = mcnemar(only_own, only_own.T)
    shown = p < SIGNIFICANCE / max(1, len(names) - 1)
    if baseline is not None:
        position, others = names.index(baseline), [place for place, name in enumerate(names) if name != baseline]
        by_holm = holm(p[position, others]) < SIGNIFICANCE
        shown[position, others] |= by_holm
        shown[others, position] |= by_holm
    beaten = (shown & (only_own > only_own.T)).any(axis=0)
    return tuple(name for name, is_beaten in zip(names, beaten.tolist(), strict=True) if not is_beaten)
