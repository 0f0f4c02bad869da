"""How surprising a difference would be if there were none, and what that is worth when many are looked at."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIGNIFICANCE = 0.05
"""Probability below which a difference is called shown."""


def mcnemar(only_a: ArrayLike, only_b: ArrayLike) -> NDArray[np.float64]:
    """Exact two-sided p of McNemar (1947) for counts of images that one model alone has right; elementwise.

    If the models were equally good, such an image would be a fair coin: p is the two-sided binomial test of
    only_a in only_a + only_b tosses, and 1 where there is no such image. Being exact on whole counts it is cautious:
    a 5 % test gives less than 5 % false alarms (about 4.5 % with 600 such images, 3 % with 20).
    """
    from scipy.special import bdtr  # a quarter of a second that not every page has to spend

    fewer = np.minimum(only_a, only_b).astype(np.float64)
    tosses = np.add(only_a, only_b).astype(np.int64)
    p: NDArray[np.float64] = np.minimum(1.0, 2 * bdtr(fewer, tosses, 0.5))
    return p


def mcnemar_at_most(wrong_a: ArrayLike, wrong_b: ArrayLike) -> NDArray[np.float64]:
    """What the p of mcnemar cannot exceed for models that err on so many of the same images each; elementwise.

    A given difference surprises the less, the more images separate the models, and most do where no image is missed
    by both. That p is also the exact conditional test of two counts of errors (Przyborowski and Wilenski 1940), so
    that it may be trusted even if the models answered as many images that were not the same.
    """
    return mcnemar(wrong_a, wrong_b)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's (1979) adjusted p of each comparison, (m,) -> (m,), in the order given.

    Calling those below 5 % shown keeps the probability of even one false alarm among the m at 5 %.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    remaining = np.arange(len(p), 0, -1)
    stepwise: NDArray[Any] = np.maximum.accumulate(np.minimum(1.0, p[order] * remaining))
    adjusted = np.empty_like(p)
    adjusted[order] = stepwise
    return adjusted
