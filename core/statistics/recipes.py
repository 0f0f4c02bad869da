"""Recipes compared by their seeds: would the difference return with other seeds and other images?

A recipe is a configuration without its seed; its group holds finished runs that differ in the seed only. Differences
are shares, B less A.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.statistics import wording
from core.statistics.agreement import Answers, right
from core.statistics.intervals import LEVEL, SeedMean, mean_over_seeds, student_quantile
from core.statistics.metrics import Labels
from core.statistics.significance import SIGNIFICANCE, holm


@dataclass(frozen=True)
class RecipeFigures:
    """A recipe's accuracy over its seeds, on the same `images`; the interval speaks of other seeds on these images."""

    name: str
    accuracy: SeedMean
    images: int = 0

    @property
    def words(self) -> str:
        """The mean with its interval and what it rests on: "91.20 % (90.87 to 91.53) over 3 seeds".

        One seed has the interval of its test images, which says nothing about other seeds.
        """
        figures = self.accuracy
        if figures.mean is None:
            return "no finished run"
        if figures.low is None or figures.high is None:
            return f"{wording.share_of(figures.mean, self.images)} with one seed"
        interval = wording.percent_interval(figures.low, figures.high)
        return f"{wording.percent(figures.mean)} ({interval}) over {figures.n} seeds"

    @property
    def sentence(self) -> str:
        """Mean, standard deviation, n and interval, or what their lack means."""
        spread = self.accuracy.sd
        if spread is not None:
            return f"{self.name}: {self.words} (standard deviation {100 * spread:.2f} points)."
        if self.accuracy.mean is None:
            return f"{self.name}: {self.words}."
        return (
            f"{self.name}: {self.words}, an interval for other images; one seed cannot show how the recipe varies "
            "from seed to seed."
        )


@dataclass(frozen=True)
class RecipeComparison:
    """Two recipes on the same n images. With fewer than two seeds of either, or two images, interval and p are None.

    `seed_variance` and `image_variance` are the two parts of the difference's squared standard error.
    """

    a: RecipeFigures
    b: RecipeFigures
    n: int
    difference: float | None
    seed_variance: float | None
    image_variance: float | None
    degrees_of_freedom: float | None
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    looks: int

    @property
    def shown(self) -> bool:
        """Whether a difference of the recipes is shown at 5 %, corrected for the comparisons made together."""
        return self.p_adjusted is not None and self.p_adjusted < SIGNIFICANCE

    @property
    def better(self) -> str | None:
        """Name of the recipe that is shown to be better, None if neither is."""
        if not self.shown or self.difference is None:
            return None
        return self.b.name if self.difference > 0 else self.a.name

    @property
    def verdict(self) -> str:
        """How recipe B stands against A in one word: better, worse, tied, or unknown without a test."""
        if self.p_adjusted is None:
            return "unknown"
        return "tied" if self.better is None else "better" if self.better == self.b.name else "worse"

    @property
    def sentence(self) -> str:
        """The finding as a reader can quote it, with what it rests on."""
        if self.n < 2:
            return f"{wording.counted(self.n, 'image')}: too few to compare {self.a.name} and {self.b.name} on."
        if self.low is None or self.high is None or self.difference is None or self.p_adjusted is None:
            return self._too_few()
        return self._finding(self.difference, self.low, self.high, self.p_adjusted)

    def _too_few(self) -> str:
        few = [recipe for recipe in (self.a, self.b) if recipe.accuracy.n < 2]
        have = " and ".join(f"{recipe.name} has {wording.counted(recipe.accuracy.n, 'finished run')}" for recipe in few)
        return (
            f"The recipes {self.a.name} and {self.b.name} cannot be compared: {have}, and at least two seeds of each "
            "are needed to know how a recipe varies."
        )

    def _finding(self, difference: float, low: float, high: float, p: float) -> str:
        """Told from the side of the recipe with the higher mean, so that the difference reads as its lead."""
        ahead, behind = self.b, self.a
        if difference < 0:
            ahead, behind, low, high = behind, ahead, -high, -low
        means = f"{ahead.name} {ahead.words} against {behind.name} {behind.words}"
        evidence = (
            f"difference {wording.points(abs(difference))} (95 % interval {wording.points_interval(low, high)}), "
            f"{wording.p_stated(p)}{self._correction}. This holds for other seeds and other images like "
            f"{wording.these(self.n, 'image')}, not for other training data.{self._few}"
        )
        if self.shown:
            return f"As a recipe {ahead.name} is better than {behind.name}: {means}, {evidence}"
        decided = " The interval excludes 0, but it is not corrected; the corrected test decides." if low > 0 else ""
        names = f"{self.a.name} and {self.b.name}"
        return f"No significant difference between the recipes {names}: {means}, {evidence}{decided}"

    @property
    def _correction(self) -> str:
        return f" after Holm's correction for {self.looks} comparisons" if self.looks > 1 else ""

    @property
    def _few(self) -> str:
        fewest = min(self.a.accuracy.n, self.b.accuracy.n)
        return " Two seeds are the minimum; use more." if fewest < 3 else ""


def recipe_figures(labels: Labels, runs: Sequence[Answers], name: str) -> RecipeFigures:
    """Accuracy of a recipe over its runs, each given by its answers; without images or runs there is no mean."""
    return _figures(_right_matrix(labels, runs), name)


def compare_recipes(
    labels: Labels, runs_a: Sequence[Answers], runs_b: Sequence[Answers], name_a: str = "A", name_b: str = "B"
) -> RecipeComparison:
    """Compare two recipes by the answers of their runs to the same images, over seeds and images.

    Seeds are random and belong to one recipe, images are random and answered by all runs: the design "readers nested
    within test" of Hillis (2014, Statistics in Medicine 33:330-360), whose marginal-mean analysis of variance is used
    with two changes: the seeds' variances are not pooled, as in Welch's t test (1947), and the degrees of freedom
    follow Satterthwaite. Resampling seeds instead would understate their variance by 1/n, a third with three seeds.
    A 5 % test gives 2 to 5 % false alarms with two to five seeds of each; with two against ten 2 to 4 % where both
    recipes vary alike, and up to 10 % where that of the two seeds varies twice as much.
    """
    right_a, right_b = _right_matrix(labels, runs_a), _right_matrix(labels, runs_b)
    figures_a, figures_b = _figures(right_a, name_a), _figures(right_b, name_b)
    n = len(labels)
    means = (figures_a.accuracy.mean, figures_b.accuracy.mean)
    difference = means[1] - means[0] if means[0] is not None and means[1] is not None else None
    if difference is None or min(len(right_a), len(right_b)) < 2 or n < 2:
        return RecipeComparison(figures_a, figures_b, n, difference, None, None, None, None, None, None, None, 1)
    seeds, freedoms = _seed_variances([right_a, right_b])
    images = _image_variance(right_a, right_b)
    error = math.sqrt(sum(seeds) + images)
    freedom = _degrees_of_freedom([*seeds, images], [*freedoms, n - 1])
    reach = student_quantile((1 + LEVEL) / 2, freedom) * error
    p = _two_sided(difference, error, freedom)
    return RecipeComparison(
        a=figures_a,
        b=figures_b,
        n=n,
        difference=difference,
        seed_variance=sum(seeds),
        image_variance=images,
        degrees_of_freedom=freedom,
        low=difference - reach,
        high=difference + reach,
        p=p,
        p_adjusted=p,
        looks=1,
    )


def compare_recipes_with_baseline(
    labels: Labels,
    baseline: Sequence[Answers],
    others: Mapping[str, Sequence[Answers]],
    baseline_name: str = "baseline",
) -> list[RecipeComparison]:
    """Compare each of several recipes, by name, with one baseline; p_adjusted is Holm's over those that have a p."""
    comparisons = [compare_recipes(labels, baseline, runs, baseline_name, name) for name, runs in others.items()]
    tested = [comparison.p for comparison in comparisons if comparison.p is not None]
    adjusted = iter(holm(tested).tolist())
    return [
        replace(comparison, p_adjusted=next(adjusted), looks=len(tested)) if comparison.p is not None else comparison
        for comparison in comparisons
    ]


def _seed_variances(groups: Sequence[NDArray[np.bool_]]) -> tuple[list[float], list[int]]:
    """What the choice of seeds adds to the variance of each recipe's mean, and the degrees of freedom.

    Models that differ image by image have accuracies that differ at least by chance. Where the accuracies happen to
    lie closer together, that chance part counts instead. If it does for all recipes, it is all there is: thousands
    of images tell it, so that its freedom is large. Else each has one less than its seeds.
    """
    means = [float(group.mean(axis=1).var(ddof=1)) for group in groups]
    spreads, freedoms = _believed(means, [len(group) for group in groups])
    by_chance = [_interaction(group) / group.shape[1] for group in groups]
    only_chance = all(spread <= chance for spread, chance in zip(spreads, by_chance, strict=True))
    variances = [max(pair) / len(group) for *pair, group in zip(spreads, by_chance, groups, strict=True)]
    if only_chance:
        freedoms = [(len(group) - 1) * (group.shape[1] - 1) for group in groups]
    return variances, freedoms


def _believed(spreads: list[float], seeds: list[int]) -> tuple[list[float], list[int]]:
    """The variances over the seeds of two recipes and their freedoms, two seeds against more not taken at their word.

    Two seeds often lie close together by luck. Beside the well-known spread of many that would pass for knowledge:
    with two seeds against ten 11 % of the comparisons of equal recipes would be false alarms. So the larger of both
    spreads counts for the two seeds, and if it is that of the many, with the freedom of the many.
    """
    freedoms = [count - 1 for count in seeds]
    fewer, more = (0, 1) if seeds[0] < seeds[1] else (1, 0)
    if seeds[fewer] == 2 < seeds[more] and spreads[fewer] < spreads[more]:
        return [spreads[more]] * 2, [freedoms[more]] * 2
    return spreads, freedoms


def _image_variance(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """What the choice of images adds to the variance of the difference of means.

    The spread over images of the mean difference holds, besides, how seeds and images interact; that part is in the
    seeds' own variance already and is taken off. An estimate below 0 counts as 0.
    """
    n = right_a.shape[1]
    spread = float((right_b.mean(axis=0) - right_a.mean(axis=0)).var(ddof=1))
    interaction = sum(_interaction(group) / len(group) for group in (right_a, right_b))
    return max(0.0, spread - interaction) / n


def _interaction(group: NDArray[np.bool_]) -> float:
    """Residual mean square of runs (rows) by images (columns) after the means of both."""
    runs, n = group.shape
    of_run, of_image, total = group.sum(axis=1), group.sum(axis=0), int(group.sum())
    squares = total - float(of_run @ of_run) / n - float(of_image @ of_image) / runs + total * total / (runs * n)
    return max(0.0, squares) / ((runs - 1) * (n - 1))


def _degrees_of_freedom(variances: Sequence[float], freedoms: Sequence[int]) -> float:
    """Satterthwaite's (1946) for a sum of independent variance estimates with their own degrees of freedom."""
    total = sum(variances)
    if total == 0:
        return float(min(freedoms))
    parts = (variance * variance / freedom for variance, freedom in zip(variances, freedoms, strict=True))
    return total * total / sum(parts)


def _two_sided(difference: float, error: float, freedom: float) -> float:
    """P of Student's t; without any spread every difference but 0 is certain."""
    if error == 0:
        return 0.0 if difference else 1.0
    from scipy.special import stdtr  # a quarter of a second that not every page has to spend

    return float(2 * stdtr(freedom, -abs(difference) / error))


def _figures(group: NDArray[np.bool_], name: str) -> RecipeFigures:
    accuracies = group.mean(axis=1).tolist() if group.size else []
    return RecipeFigures(name, mean_over_seeds(accuracies), group.shape[1])


def _right_matrix(labels: Labels, runs: Sequence[Answers]) -> NDArray[np.bool_]:
    """Which image each run has right, (runs, n)."""
    rows = [right(labels, answers) for answers in runs]
    return np.array(rows, dtype=bool).reshape(len(rows), len(labels))
