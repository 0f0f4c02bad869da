"""Whether an answer about a photo can be relied on: sure, not sure, or none of the classes.

Two things speak for an answer: a high calibrated confidence, and features that lie close to those of a class. The
thresholds of both are chosen on images that the model did not learn from; see verdict_fitting. For Fashion-MNIST they
are changed as photos change them, and drawn pictures of nothing in particular stand beside them. What a model says of
such pictures, which is mostly Bag, is also what it says of items that it can hardly read; half of that leaning is taken
off its answers.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np

from core.classes import CLASS_COUNT
from core.config import FASHION_MNIST
from core.data.data_facts import DataFacts

LEAST_IMAGES = 200
"""Validation images of one's own that a verdict needs: of half of them the most distant says what is unlike all."""
_ARRAYS = ("centre", "projection", "class_means", "leaning", "photo_odds")
_TAKEN_OFF = 0.5
"""Share of the leaning that is taken off. Zhao and others (2021, "Calibrate before use") take off all of it; then
answers to clear pictures suffer."""
Verdict = Literal["sure", "not sure", "none of these"]


@dataclass(frozen=True)
class Judgement:
    """What a model says of a photo: its probabilities float32 (classes,), calibrated where it can, and a verdict.

    `verdict` is None for a model that was saved without the thresholds of a verdict; `reason` is a sentence.
    """

    probabilities: np.ndarray
    verdict: Verdict | None
    reason: str


@dataclass(frozen=True)
class Thresholds:
    """From when on a model is sure, and from when on a photo is none of the classes.

    `leaning` (classes,) holds the logarithms of the mean probabilities that the model gives to pictures of nothing; a
    share of it is taken off the logarithms of the probabilities, and `temperature` divides what is left. A feature
    vector x (d,) is (x - centre) @ projection in the space (k,) where items of one class spread by 1 in every
    direction; its distance is that to the nearest of `class_means` (classes, k). Sure needs `least_confidence` and at
    most `near`; beyond `far` it is none of the classes. `set_threshold` is that of the sets of classes, None where it
    was not fitted. `photo_odds` (classes,), or 0 for all, are added to the logarithms for a photo: how much more often
    real photos show each class than such a model says.
    """

    temperature: float
    centre: np.ndarray
    projection: np.ndarray
    class_means: np.ndarray
    least_confidence: float
    near: float
    far: float
    leaning: np.ndarray = field(default_factory=lambda: np.zeros(CLASS_COUNT, np.float32))
    set_threshold: float | None = None
    photo_odds: np.ndarray = field(default_factory=lambda: np.zeros((), np.float32))

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Distance (n,) of features (n, d) to the nearest class, in standard deviations of a typical class member."""
        places = (features - self.centre) @ self.projection
        squares = ((places[:, None] - self.class_means) ** 2).mean(axis=2)
        return np.sqrt(squares.min(axis=1))

    def calibrated(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) of logarithms (n, classes), without the leaning and at the temperature."""
        return _softmax(self._upright(log_probabilities), axis=-1).astype(np.float32)

    def of_photos(self, log_probabilities: np.ndarray) -> np.ndarray:
        """The same of real photos, with their odds."""
        return _softmax(self._upright(log_probabilities) + self.photo_odds, axis=-1).astype(np.float32)

    def _upright(self, log_probabilities: np.ndarray) -> np.ndarray:
        return np.asarray((log_probabilities - _TAKEN_OFF * self.leaning) / self.temperature)

    def judge(
        self,
        log_probabilities: np.ndarray,
        features: np.ndarray,
        stands_out: bool,
        classes: Sequence[str],
    ) -> Judgement:
        """The judgement of one photo by its logarithms (classes,) and features (d,); `stands_out`: if anything does."""
        probabilities = self.of_photos(log_probabilities)
        best = int(probabilities.argmax())
        confidence, distance = float(probabilities[best]), float(self.distances(features[None])[0])
        if not stands_out:
            return Judgement(probabilities, "none of these", "No item stands out from the background.")
        if distance > self.far:
            return Judgement(probabilities, "none of these", "It is unlike anything in the training set.")
        if distance > self.near:
            return Judgement(probabilities, "not sure", "It is rather unlike the training set.")
        if confidence < self.least_confidence:
            second = classes[int(np.argsort(-probabilities, kind="stable")[1])]
            return Judgement(probabilities, "not sure", f"It could also be {second}.")
        return Judgement(
            probabilities, "sure", "The model is confident, and the item is like those in the training set."
        )

    def as_state(self) -> dict[str, Any]:
        """Plain numbers and lists, for the model file."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """What `as_state` has given, without what was not fitted yet when it was."""
        arrays = {name: np.array(state[name], np.float32) for name in _ARRAYS if name in state}
        return cls(**{**state, **arrays})


def without_thresholds(log_probabilities: np.ndarray, data: DataFacts) -> Judgement:
    """The judgement, by logarithms (classes,), of a model that has none, for what it learnt from or for its age."""
    probabilities = _softmax(log_probabilities).astype(np.float32)
    reason = "This run was saved without verdict thresholds."
    if data.id != FASHION_MNIST:
        reason = (
            f"No verdict: it takes {LEAST_IMAGES} validation images, some of each class, to tell when a prediction can "
            f"be relied on; this run had {data.validation_images:,}. Its confidence is not calibrated."
        )
    return Judgement(probabilities, None, reason)


def _softmax(logarithms: np.ndarray, axis: int | None = None) -> np.ndarray:
    from scipy.special import softmax  # a tenth of a second that not every page has to spend

    return np.asarray(softmax(logarithms, axis=axis))
