"""A version of a data set, opened: what a run learns from and is tested on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class DataSet:
    """Images uint8 (n, side, side), or (n, side, side, 3) in colour, read-only; labels int64 (n,), places in `classes`.

    Images of one group (the same product, the same person, the frames of one video) never straddle a split that a run
    draws; without groups each image is its own.
    """

    id: str
    """SHA-256, in hexadecimal digits, of the content: classes, images, labels, splits and groups."""
    name: str
    classes: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    train_groups: np.ndarray | None = None
    """int64 (n,)."""
    validation: np.ndarray | None = None
    """Which of the training images the set itself keeps for validation, ascending; None where each run chooses."""
    cut_out: bool = False
    """Whether the images are items cut out of their surroundings."""
    folder: Path | None = None
    """Where it is stored, and what is computed of its images may be kept; None for Fashion-MNIST."""

    @property
    def side(self) -> int:
        """Side of the square images, in pixels."""
        return int(self.train_images.shape[1])

    def located(self, place: int) -> tuple[Literal["train", "test"], int]:
        """The split, and the position in it, of an image by its place among all, those of the test last."""
        learnt = len(self.train_labels)
        return ("train", place) if place < learnt else ("test", place - learnt)

    def image(self, place: int) -> np.ndarray:
        """The image at a place among all, uint8 (side, side) or (side, side, 3)."""
        split, at = self.located(place)
        return np.asarray((self.train_images if split == "train" else self.test_images)[at])

    def class_names(self, labels: np.ndarray) -> list[str]:
        """The name of each label (n,)."""
        return [self.classes[label] for label in labels]

    @property
    def is_colour(self) -> bool:
        """Whether the images have red, green and blue."""
        return self.train_images.ndim == 4
