"""Simulated models whose true difference is known, for tests.benchmarks.statistics. All shares are 0 to 1."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from core.statistics.significance import SIGNIFICANCE, mcnemar

IMAGES = 10_000
LABELS = np.repeat(np.arange(10), IMAGES // 10)
HARDNESS = np.array([1.6, 0.2, 1.5, 1.0, 1.5, 0.3, 2.9, 0.4, 0.2, 0.4])[LABELS]
"""How much more often than on average each image's class is mistaken: Shirt most, Trouser and Bag least; mean 1."""

Answers = NDArray[np.integer]


def equal_models(disagreement: float, generator: np.random.Generator) -> tuple[Answers, Answers]:
    """Answers of two models that are equally good in every class, and each alone right on half of `disagreement`."""
    lot = _lots(generator)
    alone = disagreement / 2 * HARDNESS
    both_wrong = lot < 0.06 * HARDNESS
    only_a = ~both_wrong & (lot < 0.06 * HARDNESS + alone)
    only_b = ~both_wrong & ~only_a & (lot < 0.06 * HARDNESS + 2 * alone)
    mistake_a, mistake_b = _mistakes(generator), _mistakes(generator)
    mistake_b = np.where(_lots(generator) < 0.7, mistake_a, mistake_b)
    return np.where(both_wrong | only_b, mistake_a, LABELS), np.where(both_wrong | only_a, mistake_b, LABELS)


def counts(difference: float, disagreement: float, pairs: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Images that A alone and that B alone has right, (pairs, 2), where B is better by `difference`."""
    only_a, only_b = (disagreement - difference) / 2, (disagreement + difference) / 2
    return generator.multinomial(IMAGES, [only_a, only_b, 1 - disagreement], pairs)[:, :2]


def power(difference: float, disagreement: float) -> float:
    """How often McNemar's test shows that difference, by the normal approximation of Miettinen (1968)."""
    spread = (disagreement - difference**2) ** 0.5
    critical = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2) * disagreement**0.5
    return NormalDist().cdf((difference * IMAGES**0.5 - critical) / spread)


def exact_size(disagreement: float) -> float:
    """How often the exact test calls equal models different: below 5 %, since counts are whole numbers."""
    total = stats.binom(IMAGES, disagreement)
    separating = np.arange(total.ppf(1e-6), total.ppf(1 - 1e-6) + 1)
    sizes = [_size_at(int(images)) for images in separating]
    return float(np.average(sizes, weights=total.pmf(separating)))


def seeds_of_two_recipes(
    seeds: tuple[int, int], difference: float, spreads: tuple[float, float], generator: np.random.Generator
) -> tuple[list[Answers], list[Answers]]:
    """Answers of the runs of two recipes, B better by `difference`, with these standard deviations over seeds.

    Most images are easy, some are open, some nearly always wrong; which of the latter two a recipe finds easier is
    its own. Every run decides each image anew.
    """
    kinds = np.searchsorted([0.86, 0.94], _lots(generator))
    ease = np.array([0.97, 0.6, 0.15])[kinds]
    groups = []
    for runs, lead, spread in zip(seeds, (0.0, difference), spreads, strict=True):
        scores = ease + lead + np.where(_lots(generator) < 0.5, -0.1, 0.1) * (kinds > 0)
        shifts = generator.normal(0, spread, runs)
        groups.append([_answers(scores + shift, generator) for shift in shifts])
    return groups[0], groups[1]


def runs_with_a_leader(runs: int, lead: float, generator: np.random.Generator) -> dict[str, Answers]:
    """Answers of several models alike on most images, of which "0" is better than each other one by `lead`."""
    hard = _lots(generator) < 0.06
    flips = {str(run): 0.03 + (lead / 0.88 if run else 0.0) for run in range(runs)}
    return {
        name: np.where(hard ^ (_lots(generator) < share), (LABELS + 1) % 10, LABELS) for name, share in flips.items()
    }


def _lots(generator: np.random.Generator) -> NDArray[np.float32]:
    return generator.random(IMAGES, dtype=np.float32)


def _answers(ease: NDArray[np.float64], generator: np.random.Generator) -> Answers:
    return np.where(_lots(generator) < ease, LABELS, -1)


def _mistakes(generator: np.random.Generator) -> Answers:
    """A wrong class for each image; some wrong classes are far likelier than others."""
    return (LABELS + 1 + (9 * _lots(generator) ** 2).astype(np.int64)) % 10


def _size_at(images: int) -> float:
    only_a = np.arange(images + 1)
    called = mcnemar(only_a, images - only_a) < SIGNIFICANCE
    return float(stats.binom.pmf(only_a[called], images, 0.5).sum())
