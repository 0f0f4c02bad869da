"""Cost against quality: which options no other beats in both."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pareto_front(costs: ArrayLike, qualities: ArrayLike) -> NDArray[np.bool_]:
    """Which of n options are on the Pareto front, (n,): none costs at most as much, is at least as good, and differs.

    Less cost and more quality are better. Options that are equal in both are all on the front, or none is.
    """
    cost, quality = np.asarray(costs, dtype=np.float64), np.asarray(qualities, dtype=np.float64)
    order = np.lexsort((-quality, cost))
    front = np.zeros(len(cost), dtype=bool)
    best_quality, its_cost = -np.inf, -np.inf
    # Numbers of Python: to take each out of an array takes ten times as long.
    ordered = zip(order.tolist(), quality[order].tolist(), cost[order].tolist(), strict=True)
    for place, its_quality, price in ordered:
        if its_quality > best_quality:
            best_quality, its_cost = its_quality, price
        front[place] = (its_quality, price) == (best_quality, its_cost)
    return front
