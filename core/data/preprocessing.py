"""From stored grey images to what a model takes: the one way for training, evaluation and prediction."""

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import RunConfig

PREPROCESSING_VERSION = 1
"""Stored with every model; to be raised when the same image would become another input."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_input(images: Tensor, config: RunConfig) -> Tensor:
    """Grey uint8 images (n, 28, 28) as float32 (n, c, s, s), resized and normalised; c as in `normalise`."""
    return normalise(resize(images, config.input_size), config)


def resize(images: Tensor, size: int) -> Tensor:
    """Grey uint8 images (n, h, w) as (n, size, size) by bilinear interpolation, equal to Pillow's when enlarging.

    On another device than the CPU it is equal for the sizes 32, 64 and 224, and within 2 grey levels for others.
    """
    if images.shape[1:] == (size, size):
        return images
    if images.device.type != "cpu":
        return interpolate_by_float(images, size)
    return F.interpolate(images[:, None], size=(size, size), mode="bilinear")[:, 0]


def interpolate_by_float(images: Tensor, size: int) -> Tensor:
    """The same in float32, for only the CPU interpolates bytes: rounded after the columns and after the rows."""
    wide = F.interpolate(images[:, None].float(), size=(images.shape[1], size), mode="bilinear")
    square = F.interpolate(_rounded(wide), size=(size, size), mode="bilinear")
    return _rounded(square).to(torch.uint8)[:, 0]


def _rounded(values: Tensor) -> Tensor:
    """Halves up, as Pillow rounds; what is interpolated lies between the grey levels that are there."""
    return values.add_(0.5).floor_()


def normalise(images: Tensor, config: RunConfig) -> Tensor:
    """Grey uint8 images (n, s, s) as float32: (p / 255 - mean) / std per channel.

    With half (mean and std 0.5) red, green and blue of a grey image are equal: they are one channel, (n, 1, s, s).
    With ImageNet's mean and std they differ: (n, 3, s, s).
    """
    # With channels as the last axis in memory, as convolutions on the CPU like them; shown as (n, c, s, s).
    grey = images[..., None].to(torch.float32).div_(255)
    if config.normalisation == "half":
        return grey.sub_(0.5).div_(0.5).permute(0, 3, 1, 2)
    mean = torch.tensor(IMAGENET_MEAN, device=images.device)
    std = torch.tensor(IMAGENET_STD, device=images.device)
    return ((grey - mean) / std).permute(0, 3, 1, 2)
