"""What any architecture has inside, found by watching it at work: its penultimate features and its maps.

Nothing here knows a model by name. The features are what goes into the last linear layer; a layer with maps is a module
that returns (n, channels, height, width).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.errors import LookbookError
from core.evaluation import BATCH_SIZE, log_probabilities, mean_of_flips
from core.preprocessing import to_input

IMAGE_SIDE = 28

SMALLEST_MAP = 4
"""Side of the smallest map that can show where: of 2x2 pixels each is a quarter of the image.

Blanking the quarter of the pixels that Grad-CAM finds most salient left the ResNet18 0.56 of its 0.92 mean probability
with maps of 4x4 (layer2) and 0.55 with 2x2 (layer3); showing it nothing else left 0.28 and 0.22 (300 test images).
"""


class NothingInside(LookbookError):
    """The model has no layer of the kind that was asked for."""

    kind = "configuration"


def penultimate_features(
    model: nn.Module, images: np.ndarray, config: RunConfig, batch_size: int = BATCH_SIZE
) -> np.ndarray:
    """What goes into the model's last linear layer, float32 (n, d), for images uint8 (n, 28, 28).

    With test-time flips the mean for an image and its mirror image, of which the layer gives the mean of the logits.
    Raise NothingInside for a model without a linear layer.
    """
    if not _linear_layers(model):
        raise NothingInside("This model has no linear layer, so that it has no features to compare images by.")
    return log_probabilities_and_features(model, images, config, batch_size)[1]


def log_probabilities_and_features(
    model: nn.Module, images: np.ndarray, config: RunConfig, batch_size: int = BATCH_SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities float32 (n, 10) and penultimate features float32 (n, d); d is 0 without a linear layer."""
    linear = _linear_layers(model)
    if not linear:
        return log_probabilities(model, images, config, batch_size), np.empty((len(images), 0), np.float32)
    batches: list[np.ndarray] = []

    def keep(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
        rows = given[0].detach().float().flatten(1)
        batches.append((mean_of_flips(rows) if config.test_time_flips else rows).cpu().numpy())

    with _watched(linear[-1].register_forward_pre_hook(keep)):
        logs = log_probabilities(model, images, config, batch_size)
    return logs, np.concatenate(batches) if batches else np.empty((0, linear[-1].in_features), np.float32)


def map_layer(model: nn.Module, config: RunConfig) -> nn.Module:
    """The last layer whose maps have at least SMALLEST_MAP x SMALLEST_MAP pixels; raise NothingInside without one.

    Of a layer and the block that ends with it, the block.
    """
    found: list[nn.Module] = []

    def remember(module: nn.Module, _: Any, result: Any) -> None:
        if isinstance(result, Tensor) and result.dim() == 4 and min(result.shape[2:]) >= SMALLEST_MAP:
            found.append(module)

    hooks = [module.register_forward_hook(remember) for module in model.modules()]
    with torch.no_grad(), _watched(*hooks):
        model(to_input(torch.zeros(1, IMAGE_SIDE, IMAGE_SIDE, dtype=torch.uint8, device=device_of(model)), config))
    if not found:
        raise NothingInside(
            f"This model has no layer with maps of at least {SMALLEST_MAP} x {SMALLEST_MAP} pixels, "
            "so that nothing in it says where in the image it looks."
        )
    return found[-1]


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are."""
    return next(model.parameters()).device


def _linear_layers(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


@contextmanager
def _watched(*hooks: Any) -> Iterator[None]:
    """Remove the hooks in the end."""
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
