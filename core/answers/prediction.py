"""What a finished run says about images and photos: the same way for page, command line and evaluation."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from core.answers.answering import Answering
from core.answers.class_sets import SetCalibration
from core.answers.companions import Companions
from core.answers.features import penultimate_features
from core.answers.grad_cam import grad_cam
from core.answers.verdict import Judgement, Thresholds, without_thresholds
from core.answers.voting import vote
from core.config import FASHION_MNIST, RunConfig
from core.data.data_facts import DataFacts
from core.datasets.pixels.squares import in_channels, squared
from core.learning.checkpoints import LoadedModel, load_model
from core.learning.evaluation import log_probabilities
from core.machine.device import single_thread
from core.machine.threads import in_order
from core.photos.decoder import read_photo
from core.photos.faded import faded
from core.photos.model_view import ModelView, to_model_view
from core.photos.photo_files import PhotoFile
from core.photos.picture import UnreadablePhoto


class Predictor:
    """A trained model, ready to be asked."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        stored = loaded.extra.get("verdict")
        self._thresholds = Thresholds.from_state(stored) if stored else None
        beside = loaded.extra.get("companions")
        companions = Companions.from_state(beside, loaded.data.classes) if beside else None
        self._answering = Answering(loaded.model, loaded.config, companions)

    @classmethod
    def load(cls, model_file: Path, device: str | torch.device = "cpu") -> Self:
        """The predictor of a model file; raise CheckpointError if it is gone, damaged or of another version."""
        return cls(load_model(model_file, device))

    @property
    def config(self) -> RunConfig:
        """The configuration that the model was trained with."""
        return self._loaded.config

    @property
    def data(self) -> DataFacts:
        """What the model learnt from."""
        return self._loaded.data

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that the model tells apart, in order."""
        return self._loaded.data.classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The probabilities, float32 (n, classes), of images uint8 (n, s, s) or (n, s, s, 3)."""
        return np.exp(log_probabilities(self._loaded.model, images, self.config))

    def features(self, images: np.ndarray) -> np.ndarray:
        """What the model's last layer decides by, float32 (n, d), for images uint8 (n, s, s) or (n, s, s, 3)."""
        return penultimate_features(self._loaded.model, images, self.config)

    def saliency(self, image: np.ndarray, label: int) -> np.ndarray:
        """How much each place of an image uint8 (s, s) or (s, s, 3) speaks for a class: float32 (s, s), by Grad-CAM.

        Raise NoMaps for a model without maps.
        """
        return grad_cam(self._loaded.model, image, label, self.config)

    @property
    def sees_cutouts(self) -> bool:
        """Whether a photo is made like an image of Fashion-MNIST for it, and not taken as it is."""
        return self.data.id == FASHION_MNIST

    @property
    def set_calibration(self) -> SetCalibration | None:
        """How its sets of classes are formed by validation images; None for a model that was saved without."""
        if self._thresholds is None or self._thresholds.set_threshold is None:
            return None
        images = "validation images changed to look like photos; real photos are harder"
        return SetCalibration(self._thresholds.set_threshold, images if self.sees_cutouts else "validation images")

    def seen(self, view: ModelView) -> np.ndarray:
        """What the model sees of a photo, uint8 (s, s) or (s, s, 3)."""
        return np.asarray(self._views(view)[0])

    def _views(self, view: ModelView) -> np.ndarray:
        """The views of a photo that vote, uint8 (v, s, s) or (v, s, s, 3), prepared as what the model learnt from."""
        if self.sees_cutouts:
            return view.votes
        part = faded(view.part, view.item) if self.data.cut_out else view.part
        square = in_channels(squared(part, self.data.side), 3 if self.data.colour else 1)
        return square[None] if self.data.colour else square[None, ..., 0]

    def judge(self, view: ModelView) -> Judgement:
        """The probabilities of a photo, averaged over its views, and whether they can be relied on."""
        # Between the small layers of one image threads mostly wait for one another, most of all beside a training.
        with single_thread():
            logs, features = vote(self._loaded.model, self._views(view), self.config)
            logs = self._answering.joined(logs.mean(axis=0, keepdims=True), view.votes).mean(axis=0)
        features = features.mean(axis=0)
        if self._thresholds is None:
            return without_thresholds(logs, self.data)
        # A photo that is taken whole needs no item that stands out from the rest of it.
        stands_out = view.stands_out or not self.sees_cutouts
        return self._thresholds.judge(logs, features, stands_out, self.classes)


@dataclass(frozen=True)
class Rank:
    """One place in a ranking of the classes."""

    label: int
    name: str
    probability: float


def rank(probabilities: np.ndarray, k: int, names: Sequence[str]) -> list[Rank]:
    """The k most probable classes of one image's probabilities (classes,), the most probable first, ties by label."""
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [Rank(int(label), names[label], float(probabilities[label])) for label in order]


@dataclass(frozen=True)
class Answer:
    """What a model said about a photo file: its judgement and the view that it judged, or the error."""

    file: PhotoFile
    view: ModelView | None = None
    judgement: Judgement | None = None
    error: UnreadablePhoto | None = None


def predict_photos(predictor: Predictor, files: Iterable[PhotoFile]) -> Iterator[Answer]:
    """The answer for each file, in order, as soon as it is there; holds the error instead of raising it.

    All cores make the views. The model is asked for one photo at a time, so an answer is the same to the last bit
    whatever files stand beside it.
    """
    for answer in in_order(_viewed, files):
        yield answer if answer.view is None else replace(answer, judgement=predictor.judge(answer.view))


def _viewed(file: PhotoFile) -> Answer:
    try:
        if file.error:
            raise file.error
        return Answer(file, to_model_view(read_photo(file.content, file.name)))
    except UnreadablePhoto as error:
        return Answer(file, error=error)
