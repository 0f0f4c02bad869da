"""Finished runs of Fashion-MNIST whose predictions count beside a model's own, for photos of clothes.

Models of one data set that err apart are right more often together. And a model of a few hundred coloured photos and
one of 60,000 small grey cut-outs know different things: each sees a photo in its own way, and the logarithms of their
probabilities are averaged (a product of experts, Hinton 2002; docs/measured.md has the figures).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.special import log_softmax

from core.answers.verdict import Thresholds
from core.answers.voting import vote
from core.errors import CheckpointError
from core.labelling.class_names import labels_of
from core.learning import checkpoints
from core.learning.checkpoints import LoadedModel
from core.learning.evaluation import log_probabilities
from core.statistics.metrics import SMALLEST_PROBABILITY

WEIGHTS = np.arange(0, 100, 5) / 100
"""The shares of the companions in an answer that are tried."""


@dataclass(frozen=True)
class Companions:
    """Models of Fashion-MNIST, and the share (0 to 1) that they have together in an answer.

    `labels` (classes,) are the places, among the classes that these models know, of the classes that are answered.
    """

    models: tuple[LoadedModel, ...]
    stored: tuple[dict[str, Any], ...]
    labels: tuple[int, ...]
    share: float

    @classmethod
    def of_files(cls, paths: Sequence[Path], classes: Sequence[str]) -> Self:
        """The companions of model files, with an equal share for each model and the one that they stand beside.

        Raise CheckpointError where a file is gone or damaged.
        """
        stored = tuple(map(checkpoints.read, paths))
        models = tuple(map(checkpoints.model_of, stored, map(str, paths)))
        return cls(models, stored, _labels(classes), len(paths) / (len(paths) + 1))

    @classmethod
    def from_state(cls, state: dict[str, Any], classes: Sequence[str]) -> Self:
        """What `as_state` has given."""
        stored = tuple(state["models"])
        models = tuple(checkpoints.model_of(each, "A companion") for each in stored)
        return cls(models, stored, _labels(classes), float(state["share"]))

    def as_state(self) -> dict[str, Any]:
        """All of them and their share, for the model file of the run that they stand beside."""
        return {"models": list(self.stored), "share": self.share}

    def of_images(self, images: np.ndarray) -> np.ndarray:
        """Their mean logarithms of the probabilities, float32 (n, classes), for images of Fashion-MNIST."""
        return self._mean([log_probabilities(each.model, images, each.config) for each in self.models])

    def of_photos(self, views: np.ndarray, *, calibrated: bool) -> np.ndarray:
        """The same for cut-outs uint8 (n, 28, 28), by the views of each that vote.

        Calibrated as each calibrates its own answers to photos, or as they are.
        """
        ask = _calibrated if calibrated else _voted
        return self._mean([ask(each, views) for each in self.models])

    def _mean(self, logs: list[np.ndarray]) -> np.ndarray:
        return np.asarray(log_softmax(np.mean(logs, axis=0)[:, list(self.labels)], axis=1), np.float32)


def _labels(classes: Sequence[str]) -> tuple[int, ...]:
    labels = labels_of(classes)
    if labels is None:
        raise CheckpointError("Companions know the classes of Fashion-MNIST, and these classes are others.")
    return labels


def mixed(ours: np.ndarray, theirs: np.ndarray, share: float) -> np.ndarray:
    """The weighted mean of two times logarithms of probabilities (n, classes), as such again."""
    return np.asarray(log_softmax((1 - share) * ours + share * theirs, axis=1), np.float32)


def best_share(ours: np.ndarray, theirs: np.ndarray, labels: np.ndarray) -> float:
    """The share of theirs for which the true labels (n,) are most probable, the smallest of equals."""
    places = np.arange(len(labels))
    losses = [-mixed(ours, theirs, share)[places, labels].mean() for share in WEIGHTS]
    return float(WEIGHTS[int(np.argmin(losses))])


def _voted(loaded: LoadedModel, views: np.ndarray) -> np.ndarray:
    return vote(loaded.model, views, loaded.config)[0]


def _calibrated(loaded: LoadedModel, views: np.ndarray) -> np.ndarray:
    logs = _voted(loaded, views)
    verdict = loaded.extra.get("verdict")
    return np.log(Thresholds.from_state(verdict).of_photos(logs).clip(SMALLEST_PROBABILITY)) if verdict else logs
