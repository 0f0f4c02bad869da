"""The Pareto front against its definition, pair by pair."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.statistics.pareto import pareto_front


def by_definition(costs: NDArray[np.int64], qualities: NDArray[np.int64]) -> list[bool]:
    beaten = [
        any(c <= cost and q >= quality and (c, q) != (cost, quality) for c, q in zip(costs, qualities, strict=True))
        for cost, quality in zip(costs, qualities, strict=True)
    ]
    return [not is_beaten for is_beaten in beaten]


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_its_definition_says_with_many_equals(seed: int) -> None:
    draw = np.random.default_rng(seed)
    costs, qualities = draw.integers(0, 6, (2, 25))
    assert pareto_front(costs, qualities).tolist() == by_definition(costs, qualities)


def test_equals_are_all_on_the_front_and_nothing_has_none() -> None:
    assert pareto_front([1, 1, 2], [0.9, 0.9, 0.8]).tolist() == [True, True, False]
    assert pareto_front([], []).tolist() == []
