"""A prediction as a set of classes: which they are, how often such sets hold the truth, and what that rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.answers.verdict import LEAST_IMAGES, Judgement
from core.classes import CLASS_NAMES
from core.statistics import conformal

COVERAGE = 0.9
"""The promised share of sets that hold the true class."""
PROMISE = "9 in 10 such answers hold the truth"
_NAMED = 5


@dataclass(frozen=True)
class SetCalibration:
    """By which threshold a run's sets of classes are formed, and what it was chosen on, in words."""

    threshold: float
    images: str

    def labels(self, probabilities: np.ndarray) -> tuple[int, ...]:
        """The classes in the set of one image's probabilities (classes,), the most probable first."""
        ranked = np.argsort(-probabilities, kind="stable")
        return tuple(ranked[conformal.class_sets(probabilities[None], self.threshold)[0][ranked]].tolist())

    def names(self, judgement: Judgement, classes: Sequence[str]) -> list[str]:
        """The names of the classes in the set of a judged photo; none where the photo shows none of the classes."""
        if judgement.verdict == "none of these":
            return []
        return [classes[label] for label in self.labels(judgement.probabilities)]


def without_sets(run: str, classes: Sequence[str]) -> str:
    """Why a run of this name and these classes predicts no sets, and what to do. Photo sets have Fashion-MNIST's."""
    advice = f"Train it again with at least {LEAST_IMAGES} validation images"
    if tuple(classes) == CLASS_NAMES:
        advice = f"Train it again, or measure it on a photo set of at least {conformal.LEAST_IMAGES} photos"
    return (
        f"{run} predicts no sets of classes with a promised coverage: it was saved before there were any, or had too "
        f"few validation images. {advice}."
    )


def set_words(names: Sequence[str]) -> str:
    """ "Coat", "Coat or Pullover", "Coat, Pullover or Shirt"; of many classes the first few and how many more."""
    shown = list(names)
    if len(names) > _NAMED + 1:
        shown = [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def set_sentence(names: Sequence[str], images: str) -> str:
    """What a set of at least one class promises, and what its calibration rests on."""
    return f"{set_words(names)}: {PROMISE} (calibrated on {images})."
