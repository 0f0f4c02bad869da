"""The accuracy of models on all images, and beside it on those that are left when some are set aside."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.statistics.intervals import accuracy_interval
from core.statistics.metrics import Labels

ALL = "All images"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Subset:
    """What is left of the test images, and how many of it each model has right, by the models' names."""

    name: str
    n: int
    right: Mapping[str, int]

    def accuracy(self, model: str) -> float | None:
        """Share of the images that a model has right; None without images."""
        return self.right[model] / self.n if self.n else None

    def interval(self, model: str) -> tuple[float, float]:
        """The 95 % interval of that accuracy (Wilson)."""
        return accuracy_interval(self.right[model], self.n)


def accuracy_without(labels: Labels, answers: Mapping[str, Labels], flagged: Mapping[str, Mask]) -> list[Subset]:
    """Models by name on all images (n,), without each kind of flagged ones (masks by name), and without any of them."""
    kept = {ALL: np.ones(len(labels), dtype=bool), **{f"Without {name}": ~mask for name, mask in flagged.items()}}
    if len(flagged) > 1:
        kept["Without either" if len(flagged) == 2 else "Without any of them"] = np.all(list(kept.values()), axis=0)
    return [
        Subset(
            name=name,
            n=int(np.count_nonzero(mask)),
            right={model: int(np.count_nonzero((predicted == labels) & mask)) for model, predicted in answers.items()},
        )
        for name, mask in kept.items()
    ]
