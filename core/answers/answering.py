"""What a run predicts of images and of photos: its model, and beside it its companions."""

from dataclasses import dataclass

import numpy as np

from core.answers.companions import Companions, mixed
from core.answers.item_views import item_views
from core.answers.voting import vote
from core.config import FASHION_MNIST, RunConfig
from core.learning.evaluation import log_probabilities
from core.models.staged import StagedModel


@dataclass(frozen=True)
class Answering:
    """A model and its companions, if it has any.

    Companions see what a model of Fashion-MNIST sees: the image itself, or the cut-out `items` uint8 (n, 28, 28) of a
    photo or picture.
    """

    model: StagedModel
    config: RunConfig
    companions: Companions | None = None

    def of_images(self, images: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities, float32 (n, classes), of images uint8 (n, h, h) or (n, h, h, 3)."""
        logs = log_probabilities(self.model, images, self.config)
        if self.companions is None:
            return logs
        if self._is_of_fashion_mnist:
            return mixed(logs, self.companions.of_images(images), self.companions.share)
        return self.joined(logs, item_views(images))

    def of_views(self, views: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same by the vote of several views of each image, and the model's own features (n, d)."""
        logs, features = vote(self.model, views, self.config)
        return self.joined(logs, items), features

    def joined(self, logs: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The model's own logarithms of probabilities (n, classes), and beside them what companions see in items."""
        if self.companions is None:
            return logs
        # Models of the same images are calibrated together, others each by what it has learnt.
        theirs = self.companions.of_photos(items, calibrated=not self._is_of_fashion_mnist)
        return mixed(logs, theirs, self.companions.share)

    @property
    def _is_of_fashion_mnist(self) -> bool:
        return self.config.data == FASHION_MNIST
