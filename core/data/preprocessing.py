"""From stored images to what a model takes: the one way for training, evaluation and prediction."""

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import RunConfig

PREPROCESSING_VERSION = 1
"""Stored with every model; to be raised when the same image would become another input."""

MOST_SMALL_SIDE = 64

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_input(images: Tensor, config: RunConfig) -> Tensor:
    """uint8 images, grey (n, h, h) or colour (n, h, h, 3), as float32 (n, c, s, s), resized and normalised.

    c as in `normalise`.
    """
    return normalise(resize(images, config.input_size), config)


def images_at_once(config: RunConfig, small: int) -> int:
    """How many images pass a model together: `small` of up to 64x64 pixels, of larger ones as many pixels."""
    return max(1, small * MOST_SMALL_SIDE**2 // max(config.input_size, MOST_SMALL_SIDE) ** 2)


def resize(images: Tensor, size: int) -> Tensor:
    """uint8 images, grey (n, h, w) or colour (n, h, w, 3), at size x size by bilinear interpolation, as Pillow does it.

    What is shrunk is antialiased, and within a grey level of Pillow's. On another device than the CPU, enlarging is
    equal for the sizes 32, 64 and 224, and within 2 grey levels for others.
    """
    if images.shape[1:3] == (size, size):
        return images
    maps = planes(images)
    if images.device.type != "cpu":
        return images_of(interpolate_by_float(maps, size), images)
    antialias = size < max(images.shape[1:3])
    return images_of(F.interpolate(maps, size=(size, size), mode="bilinear", antialias=antialias), images)


def interpolate_by_float(maps: Tensor, size: int) -> Tensor:
    """The same of uint8 maps (n, c, h, w), as only the CPU interpolates bytes: rounded after columns and after rows."""
    antialias = size < max(maps.shape[2:])
    wide = F.interpolate(maps.float(), size=(maps.shape[2], size), mode="bilinear", antialias=antialias)
    square = F.interpolate(_rounded(wide), size=(size, size), mode="bilinear", antialias=antialias)
    return _rounded(square).to(torch.uint8)


def planes(images: Tensor) -> Tensor:
    """Grey images (n, h, w) as (n, 1, h, w), colour (n, h, w, 3) as (n, 3, h, w); a view."""
    return images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)


def images_of(maps: Tensor, like: Tensor) -> Tensor:
    """The reverse of `planes`: maps (n, c, h, w) as images of the kind of `like`."""
    return maps[:, 0] if like.ndim == 3 else maps.permute(0, 2, 3, 1)


def _rounded(values: Tensor) -> Tensor:
    """Halves up, as Pillow rounds; what is interpolated lies between the grey levels that are there."""
    return values.add_(0.5).floor_()


def normalise(images: Tensor, config: RunConfig) -> Tensor:
    """uint8 images, grey (n, s, s) or colour (n, s, s, 3), as float32: (p / 255 - mean) / std per channel.

    With half (mean and std 0.5) red, green and blue of a grey image are equal: they are one channel, (n, 1, s, s).
    With ImageNet's mean and std they differ: (n, 3, s, s), as of colour images.
    """
    # With channels as the last axis in memory, as convolutions on the CPU like them; shown as (n, c, s, s).
    pixels = (images[..., None] if images.ndim == 3 else images).to(torch.float32).div_(255)
    if config.normalisation == "half":
        return pixels.sub_(0.5).div_(0.5).permute(0, 3, 1, 2)
    mean = torch.tensor(IMAGENET_MEAN, device=images.device)
    std = torch.tensor(IMAGENET_STD, device=images.device)
    return ((pixels - mean) / std).permute(0, 3, 1, 2)
