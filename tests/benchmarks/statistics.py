"""Do the comparisons keep what they promise? Simulated models whose true difference is known give the answer.

python -m tests.benchmarks.statistics [--pairs N] [--seed S]

Every line of the table compares N pairs of simulated models (2,000 by default) on 10,000 images each. The exit
status is 1 when a target is missed: false alarms of a 5 % test at most 6 %, 95 % intervals that cover the truth in
93 to 97 % of the pairs, power within 5 points of theory and growing. Lines without a target are for information.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.classes import CLASS_NAMES
from core.statistics.comparison import ChosenComparison, compare, compare_chosen, tied_with_best
from core.statistics.intervals import accuracy_interval, difference_interval, mean_over_seeds
from core.statistics.recipes import RecipeComparison, compare_recipes
from core.statistics.significance import SIGNIFICANCE, mcnemar
from tests.benchmarks import simulation

FALSE_ALARMS = (0.0, 0.06)
COVERAGE = (0.93, 0.97)
POWER_MARGIN = 0.05
DISAGREEMENT = 0.06
"""Images that one model alone has right, as two different networks at about 91 % show it."""
SEED_SPREAD = 0.003
"""Standard deviation of the accuracy from seed to seed."""
LARGE_SPREAD = 0.01
"""The same where seeds matter more than images do, as after short trainings."""


@dataclass(frozen=True)
class Line:
    """One measured share, and the range it must lie in, if any."""

    what: str
    share: float
    target: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """The target, and whether it was missed."""
        if self.target is None:
            return ""
        low, high = self.target
        return f"{100 * low:5.1f} to {100 * high:5.1f} %{'   MISSED' if self.missed else ''}"

    @property
    def missed(self) -> bool:
        """Whether the share lies outside its target."""
        return self.target is not None and not self.target[0] <= self.share <= self.target[1]


def main() -> int:
    """Print the table; 0 when every target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000, help="simulated pairs a line; fewer than 2,000 prove little")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulation")
    chosen = parser.parse_args()
    if chosen.pairs < 1:
        parser.error("--pairs must be at least 1")
    start, missed = time.process_time(), 0
    print(f"{chosen.pairs:,} pairs a line, {simulation.IMAGES:,} images, seed {chosen.seed}\n")
    print(f"{'':<80}{'measured':>10}   target")
    for line in table(chosen.pairs, np.random.default_rng(chosen.seed)):
        missed += line.missed
        print(f"{line.what:<80}{100 * line.share:8.2f} %   {line.verdict}".rstrip(), flush=True)
    seconds = time.process_time() - start
    print(f"\n{missed or 'No'} target{'' if missed == 1 else 's'} missed; {seconds:.0f} s of one core.")
    return 1 if missed else 0


def table(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """Every line of the table, in order."""
    parts = (equal_models, known_differences, few_disagreements, single_figures, best_of_several, leaders, recipes)
    for part in parts:
        yield from part(pairs, generator)


def equal_models(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """Two models that are equally good in every class, compared whole: total, classes, confused pairs."""
    comparisons = [
        compare(simulation.LABELS, *simulation.equal_models(DISAGREEMENT, generator), classes=CLASS_NAMES)
        for _ in range(pairs)
    ]
    size = 100 * simulation.exact_size(DISAGREEMENT)
    yield Line(
        f"equal models called different (exact test: {size:.2f} %)",
        _mean(comparison.shown for comparison in comparisons),
        FALSE_ALARMS,
    )
    yield Line(
        "equal models: interval covers 0",
        _mean(comparison.low <= 0 <= comparison.high for comparison in comparisons),
        COVERAGE,
    )
    classes = _mean(any(row.shown for row in comparison.classes) for comparison in comparisons)
    yield Line("equal models: any class called different, Holm", classes, FALSE_ALARMS)
    pairs_shown = _mean(any(row.shown for row in comparison.pairs) for comparison in comparisons)
    yield Line("equal models: any confused pair called different, Holm", pairs_shown, FALSE_ALARMS)
    rows = [row for comparison in comparisons for row in comparison.classes]
    yield Line("equal models: interval of a class covers 0", _mean(row.low <= 0 <= row.high for row in rows), COVERAGE)
    uncorrected = _mean(any(row.p < SIGNIFICANCE for row in comparison.classes) for comparison in comparisons)
    yield Line("    any class called different without correction", uncorrected)


def known_differences(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """Power and coverage as the true difference grows."""
    before = 0.0
    for difference in (0.002, 0.004, 0.006, 0.008, 0.010):
        counts = simulation.counts(difference, DISAGREEMENT, pairs, generator)
        expected = simulation.power(difference, DISAGREEMENT)
        power = float(np.mean(mcnemar(*counts.T) < SIGNIFICANCE))
        target = (max(before, expected - POWER_MARGIN), min(1.0, expected + POWER_MARGIN))
        yield Line(f"{100 * difference:.1f} points apart: shown (theory: {100 * expected:.1f} %)", power, target)
        yield Line(f"{100 * difference:.1f} points apart: interval covers", _covered(counts, difference), COVERAGE)
        before = power


def few_disagreements(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """Equal models that hardly disagree, where an exact test has to be cautious."""
    for disagreement in (0.02, 0.005, 0.002):
        counts = simulation.counts(0.0, disagreement, pairs, generator)
        what = f"equal models that disagree on {round(disagreement * simulation.IMAGES)} images"
        size = 100 * simulation.exact_size(disagreement)
        alarms = float(np.mean(mcnemar(*counts.T) < SIGNIFICANCE))
        yield Line(f"{what}: called different (exact test: {size:.2f} %)", alarms, FALSE_ALARMS)
        yield Line(f"{what}: interval covers 0", _covered(counts, 0.0), COVERAGE)


def single_figures(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """The intervals of one accuracy and of a mean over seeds."""
    for accuracy in (0.5, 0.915, 0.99):
        right = generator.binomial(simulation.IMAGES, accuracy, pairs).tolist()
        intervals = [accuracy_interval(count, simulation.IMAGES) for count in right]
        covered = _mean(low <= accuracy <= high for low, high in intervals)
        yield Line(f"accuracy of {100 * accuracy:.1f} %: Wilson interval covers", covered, COVERAGE)
    for seeds in (2, 3, 5):
        means = [mean_over_seeds(row) for row in generator.normal(0.915, SEED_SPREAD, (pairs, seeds)).tolist()]
        covered = _mean(mean.low <= 0.915 <= mean.high for mean in means)
        yield Line(f"mean of {seeds} seeds: Student's interval covers", covered, COVERAGE)


def best_of_several(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """Eight runs held against the last of them: is the truly best one called best or tied?"""
    for lead in (0.0, 0.002, 0.008):
        tied = [
            tied_with_best(simulation.LABELS, simulation.runs_with_a_leader(8, lead, generator), "7")
            for _ in range(pairs)
        ]
        what = f"best of 8 runs by {100 * lead:.1f} points"
        yield Line(f"{what}: called best or tied", _mean("0" in names for names in tied), (0.95, 1.0))
        yield Line(f"    {what}: called best alone", _mean(names == ("0",) for names in tied))


def leaders(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """The only run of one kind against the most accurate of ten others, where all are equally good."""
    comparisons = [_two_leaders(1, 10, generator) for _ in range(pairs)]
    what = "the only run and the best of 10 others, all equal"
    yield Line(f"{what}: called different", _mean(comparison.shown for comparison in comparisons), FALSE_ALARMS)
    uncorrected = _mean(comparison.p < SIGNIFICANCE for comparison in comparisons)
    yield Line("    the same without correction for having been chosen", uncorrected)


def _two_leaders(runs: int, others: int, generator: np.random.Generator) -> ChosenComparison:
    drawn = list(simulation.runs_with_a_leader(runs + others, 0.0, generator).values())
    a, b = (max(kind, key=_count_right) for kind in (drawn[:runs], drawn[runs:]))
    return compare_chosen(simulation.LABELS, a, b, "A", "B", runs * others, classes=CLASS_NAMES)


def _count_right(answers: np.ndarray) -> int:
    return int(np.count_nonzero(answers == simulation.LABELS))


def recipes(pairs: int, generator: np.random.Generator) -> Iterator[Line]:
    """Recipes over seeds and images; and what a test of two single runs would have said about them."""
    for seeds in ((2, 2), (3, 3), (5, 5)):
        comparisons = _recipe_pairs(pairs, seeds, 0.0, generator)
        what = f"equal recipes, {seeds[0]} seeds each"
        yield Line(f"{what}: called different", _mean(comparison.shown for comparison in comparisons), FALSE_ALARMS)
        yield Line(
            f"{what}: interval covers 0",
            _mean(comparison.low <= 0 <= comparison.high for comparison in comparisons),
            COVERAGE,
        )
    before = 0.0
    for seeds in ((3, 3), (5, 5)):
        comparisons = _recipe_pairs(pairs, seeds, 0.006, generator)
        power = _mean(comparison.shown for comparison in comparisons)
        what = f"recipes 0.6 points apart, {seeds[0]} seeds each"
        yield Line(f"{what}: shown (more than with fewer seeds)", power, (before, 1.0))
        yield Line(
            f"{what}: interval covers",
            _mean(comparison.low <= 0.006 <= comparison.high for comparison in comparisons),
            COVERAGE,
        )
        before = power
    for spread in (SEED_SPREAD, LARGE_SPREAD):
        comparisons = _recipe_pairs(pairs, (2, 10), 0.0, generator, (spread, spread))
        what = f"equal recipes, 2 seeds against 10, {100 * spread:.1f} points apart"
        yield Line(f"{what}: called different", _mean(comparison.shown for comparison in comparisons), FALSE_ALARMS)
    comparisons = _recipe_pairs(pairs, (2, 10), 0.0, generator, (LARGE_SPREAD, LARGE_SPREAD / 2))
    yield Line(
        "    the same, and the ten only half as far apart", _mean(comparison.shown for comparison in comparisons)
    )
    yield Line(
        "    equal recipes, one run each: McNemar calls the runs different", _single_run_alarms(pairs, generator)
    )


def _recipe_pairs(
    pairs: int,
    seeds: tuple[int, int],
    difference: float,
    generator: np.random.Generator,
    spreads: tuple[float, float] = (SEED_SPREAD, SEED_SPREAD),
) -> list[RecipeComparison]:
    return [
        compare_recipes(simulation.LABELS, *simulation.seeds_of_two_recipes(seeds, difference, spreads, generator))
        for _ in range(pairs)
    ]


def _single_run_alarms(pairs: int, generator: np.random.Generator) -> float:
    drawn = (simulation.seeds_of_two_recipes((1, 1), 0.0, (SEED_SPREAD, SEED_SPREAD), generator) for _ in range(pairs))
    return _mean(len(tied_with_best(simulation.LABELS, {"a": a, "b": b})) == 1 for (a,), (b,) in drawn)


def _covered(counts: np.ndarray, difference: float) -> float:
    intervals = [difference_interval(only_a, only_b, simulation.IMAGES) for only_a, only_b in counts.tolist()]
    tolerance = 1e-12
    return _mean(low - tolerance <= difference <= high + tolerance for low, high in intervals)


def _mean(happened: Iterator[bool]) -> float:
    return float(np.mean(list(happened)))


if __name__ == "__main__":
    sys.exit(main())
