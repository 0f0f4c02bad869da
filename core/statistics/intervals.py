"""Confidence intervals: for an accuracy, for the difference of two models on the same images, for a mean over seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class SeedMean:
    """Mean accuracy of runs that differ in their seed only, a share from 0 to 1; what n cannot tell is None."""

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


def accuracy_interval(right: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Where the true accuracy lies when `right` of n images were predicted right, as shares from 0 to 1.

    The score interval of Wilson (1927), which keeps its level near 0 and 1 too (Brown, Cai and DasGupta 2001).
    Without images anything is possible: (0, 1). Raises ValueError unless 0 <= right <= n.
    """
    if not 0 <= right <= n:
        raise ValueError(f"{right} right answers of {n} images are not possible")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, shrunk = right / n, 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / shrunk
    reach = z / shrunk * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def difference_interval(only_a: int, only_b: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Where the accuracy of B less that of A lies, from n images that both answered; shares from -1 to 1.

    The percentile interval of the paired bootstrap (Efron and Tibshirani 1993, chapter 13). An image adds -1, 0 or +1
    to the difference, so that drawing images again is a random walk whose distribution is known: it is computed
    instead of simulated, as if the resamples were infinitely many, and every reader gets the same interval.

    Where no image separates the models all resamples are alike; the interval is then the exact one for a share of
    which 0 of n were seen (Clopper and Pearson 1934), in both directions. Without images it is (-1, 1).
    """
    if min(only_a, only_b) < 0 or only_a + only_b > n:
        raise ValueError(f"{only_a} and {only_b} images that one model alone has right do not fit into {n} images")
    tail = (1 - level) / 2
    if only_a + only_b == 0:
        reach = 1 - tail ** (1 / n) if n else 1.0
        return -reach, reach
    sums, cumulative = _resampled_sums(only_a, only_b, n)
    low, high = sums[np.searchsorted(cumulative, [tail, 1 - tail])] / n
    return float(low), float(high)


def mean_over_seeds(values: Sequence[float], level: float = LEVEL) -> SeedMean:
    """Mean, sample standard deviation and Student's t interval of the mean of accuracies; one seed has a mean only.

    Few seeds that differ make an interval that reaches out of what an accuracy can be; it is cut to 0 to 1.
    """
    n = len(values)
    if n == 0:
        return SeedMean(0, None, None, None, None)
    mean = fmean(values)
    if n == 1:
        return SeedMean(1, mean, None, None, None)
    sd = stdev(values)
    reach = student_quantile((1 + level) / 2, n - 1) * sd / math.sqrt(n)
    return SeedMean(n, mean, sd, max(0.0, mean - reach), min(1.0, mean + reach))


def student_quantile(share: float, degrees_of_freedom: float) -> float:
    """The value that Student's t stays below with that probability."""
    from scipy.special import stdtrit  # a quarter of a second that not every page has to spend

    return float(stdtrit(degrees_of_freedom, share))


def _resampled_sums(only_a: int, only_b: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Every sum that n draws with replacement can reach, and the probability not to exceed it.

    The distribution of a sum of n independent draws is the n-th power of one draw's Fourier transform. Sums further
    out than twelve standard deviations and 50 have less than 1e-30 of the probability (Bernstein's inequality).
    """
    reach = min(n, abs(only_b - only_a) + math.ceil(12 * math.sqrt(only_a + only_b)) + 50)
    one_draw = np.zeros(2 * reach + 1)
    one_draw[[0, 1, -1]] = (n - only_a - only_b) / n, only_b / n, only_a / n
    probabilities = np.fft.irfft(np.fft.rfft(one_draw) ** n, len(one_draw))
    return np.arange(-reach, reach + 1), np.cumsum(np.fft.fftshift(probabilities))
