"""Several views of one image whose answers are averaged, and the features behind the answers."""

import numpy as np
import torch
from torch.nn import functional as F

from core.answers.features import log_probabilities_and_features
from core.config import RunConfig
from core.models.staged import StagedModel

_SMALLER = 24


def views_of(images: np.ndarray) -> list[np.ndarray]:
    """The views of images uint8 (n, 28, 28) that vote: as they are, mirrored, and both a little smaller."""
    smaller = _smaller(images)
    return [images, images[..., ::-1], smaller, smaller[..., ::-1]]


def vote(model: StagedModel, images: np.ndarray, config: RunConfig) -> tuple[np.ndarray, np.ndarray]:
    """Average logarithms of the probabilities (n, 10) and average features (n, d) over the views of the images.

    Features are what the model's last layer is given.
    """
    views = views_of(images)
    if config.test_time_flips:
        # The answer to each view is that to its mirror image already.
        views = views[::2]
    answers = [log_probabilities_and_features(model, view, config) for view in views]
    logs, features = (np.mean(parts, axis=0) for parts in zip(*answers, strict=True))
    return logs, features


def _smaller(images: np.ndarray) -> np.ndarray:
    pixels = torch.from_numpy(np.array(images))[:, None].float()
    border = (images.shape[-1] - _SMALLER) // 2
    small = F.interpolate(pixels, size=(_SMALLER, _SMALLER), mode="bilinear", antialias=True)
    return F.pad(small, (border,) * 4)[:, 0].round().clamp(0, 255).to(torch.uint8).numpy()
