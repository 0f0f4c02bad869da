"""Several views of one image whose answers are averaged, and the features behind the answers."""

import numpy as np
import torch
from torch.nn import functional as F

from core.answers.features import log_probabilities_and_features
from core.architectures import ARCHITECTURES
from core.config import RunConfig
from core.data.preprocessing import images_of, planes
from core.models.staged import StagedModel

_BORDER = 1 / 14
"""In sides of the image: 2 pixels of 28."""


def views_of(images: np.ndarray) -> list[np.ndarray]:
    """The views of images uint8 (n, s, s) or (n, s, s, 3) that vote: as they are, mirrored, both smaller."""
    smaller = _smaller(images)
    return [images, images[:, :, ::-1], smaller, smaller[:, :, ::-1]]


def vote(model: StagedModel, images: np.ndarray, config: RunConfig) -> tuple[np.ndarray, np.ndarray]:
    """Average logarithms of the probabilities (n, classes) and average features (n, d) over the views of the images.

    Features are what the model's last layer is given.
    """
    views = views_of(images)
    if ARCHITECTURES[config.model].only_pretrained:
        # What it makes of images is kept for these two alone, and its thresholds are fitted to that.
        views = views[:2]
    if config.test_time_flips:
        # The answer to each view is that to its mirror image already.
        views = views[::2]
    answers = [log_probabilities_and_features(model, view, config) for view in views]
    logs, features = (np.mean(parts, axis=0) for parts in zip(*answers, strict=True))
    return logs, features


def _smaller(images: np.ndarray) -> np.ndarray:
    whole = torch.from_numpy(np.array(images))
    side = images.shape[1]
    border = round(side * _BORDER)
    inner = (side - 2 * border,) * 2
    small = F.interpolate(planes(whole).float(), size=inner, mode="bilinear", antialias=True)
    return images_of(F.pad(small, (border,) * 4).round().clamp(0, 255).to(torch.uint8), whole).numpy()
