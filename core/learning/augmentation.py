"""Random changes to training images, a whole batch at a time: flip, rotation and colour jitter as torchvision's.

Each function of these three computes for uint8 images exactly what torchvision's transform of Pillow images computes,
pixel for pixel, so that the random numbers alone decide. Saturation and hue of ColorJitter leave a grey image as it is;
brightness and contrast follow each other in random order.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import RunConfig
from core.data.preprocessing import resize
from core.learning.photo_augmentation import photograph

FLIP_PROBABILITY = 0.5
LARGEST_ANGLE = 10.0
JITTER = 0.2
FARTHEST_SHIFT = 1 / 14
"""In sides of the image: 2 pixels of 28."""
ERASE_PROBABILITY = 0.5
SHORTEST_ERASED, LONGEST_ERASED = 1 / 7, 1 / 3
"""Sides of the rectangle that is erased, in sides of the image, to the next odd number: 5 to 9 pixels of 28."""


@dataclass(frozen=True)
class Changes:
    """What happens to each of n images; each tensor has shape (n,)."""

    flipped: Tensor
    degrees: Tensor
    brightness: Tensor
    contrast: Tensor
    brightness_first: Tensor


def augment(images: Tensor, config: RunConfig, generator: torch.Generator) -> Tensor:
    """Grey uint8 images (n, 28, 28) resized and changed at random as `config.augmentation` says: uint8 (n, s, s)."""
    resized = resize(images, config.input_size)
    if config.augmentation == "none":
        return resized
    if config.augmentation == "photo":
        return photograph(resized, generator)
    if config.augmentation == "flip-shift-erase":
        return flip_shift_and_erase(resized, generator)
    changes = draw(len(images), generator)
    turned = flip_and_rotate(resized, changes.flipped, changes.degrees)
    return jitter(turned, changes) if config.augmentation == "flip-rotate-jitter" else turned


def draw(count: int, generator: torch.Generator) -> Changes:
    """Random changes for `count` images, from the distributions of the report's transforms."""
    uniform = torch.rand(5, count, generator=generator)
    return Changes(
        flipped=uniform[0] < FLIP_PROBABILITY,
        degrees=(2 * uniform[1].double() - 1) * LARGEST_ANGLE,
        brightness=1 + (2 * uniform[2] - 1) * JITTER,
        contrast=1 + (2 * uniform[3] - 1) * JITTER,
        brightness_first=uniform[4] < 0.5,
    )


def flip_and_rotate(images: Tensor, flipped: Tensor, degrees: Tensor) -> Tensor:
    """Mirror the flipped ones of the uint8 images (n, s, s), then turn each counter-clockwise about its centre.

    Nearest neighbour, black outside, in Pillow's fixed-point arithmetic (16 bits after the point). `flipped` bool and
    `degrees` float64, both (n,), are on the CPU, wherever the images are: not every device computes in float64.
    """
    size = images.shape[-1]
    mirrored = torch.where(flipped.to(images.device)[:, None, None], images.flip(-1), images)
    framed = F.pad(mirrored, (1, 1, 1, 1))
    x, y = _source_pixels(size, degrees)
    # All that comes from outside comes from the black frame.
    places = y.clamp_(-1, size).add_(1).mul_(size + 2).add_(x.clamp_(-1, size)).add_(1)
    return framed.flatten(1).gather(1, places.flatten(1).to(images.device).long()).view_as(images)


def _source_pixels(size: int, degrees: Tensor) -> tuple[Tensor, Tensor]:
    """Column and row, each int32 (n, size, size), of the pixel that every pixel of the turned image is taken from."""
    radians = degrees.double() * (-math.pi / 180)
    cos, sin = radians.cos()[:, None, None], radians.sin()[:, None, None]
    middle = size / 2
    across = torch.arange(size, dtype=torch.int32)
    down = across[:, None]
    first_x = _fixed(middle - cos * middle - sin * middle + (cos + sin) / 2)
    first_y = _fixed(middle + sin * middle - cos * middle + (cos - sin) / 2)
    x = (first_x + _fixed(cos) * across) + _fixed(sin) * down
    y = (first_y + _fixed(-sin) * across) + _fixed(cos) * down
    return x.bitwise_right_shift_(16), y.bitwise_right_shift_(16)


def _fixed(values: Tensor) -> Tensor:
    """The values as whole multiples of 2^-16, int32."""
    return (values * 65536 + 0.5).floor().int()


def jitter(images: Tensor, changes: Changes) -> Tensor:
    """Brightness and contrast of the uint8 images (n, s, s) by the factors and in the order of `changes`."""
    first = changes.brightness_first.to(images.device)[:, None, None]
    brightness = changes.brightness.to(images.device)[:, None, None]
    contrast = changes.contrast.to(images.device)[:, None, None]
    pixels = images.float()
    pixels = torch.where(first, _brighten(pixels, brightness), _stretch(pixels, contrast))
    pixels = torch.where(first, _stretch(pixels, contrast), _brighten(pixels, brightness))
    return pixels.to(torch.uint8)


def _brighten(pixels: Tensor, factors: Tensor) -> Tensor:
    return (pixels * factors).clamp_(0, 255).floor_()


def _stretch(pixels: Tensor, factors: Tensor) -> Tensor:
    """Distance from the image's mean grey times the factor, in whole grey levels as Pillow's ImageEnhance.Contrast."""
    mean = (pixels.mean(dim=(1, 2), keepdim=True) + 0.5).floor_()
    return (mean + factors * (pixels - mean)).clamp_(0, 255).floor_()


def flip_shift_and_erase(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the uint8 images (n, s, s), move each by whole pixels, and put noise over a part of half of them.

    Equally likely shifts in both directions, with black from outside (He, Zhang, Ren, Sun 2015, section 4.2); a
    rectangle around any pixel, filled with evenly distributed noise (Zhong and others 2017).
    """
    size, device = images.shape[-1], images.device
    uniform = torch.rand(8, len(images), 1, 1, generator=generator)
    mirrored = torch.where((uniform[0] < FLIP_PROBABILITY).to(device), images.flip(-1), images)
    reach = round(size * FARTHEST_SHIFT)
    across, down = _whole(uniform[1:3], 0, 2 * reach)
    line = torch.arange(size)
    places = (down + line[:, None]) * (size + 2 * reach) + across + line
    framed = F.pad(mirrored, (reach,) * 4)
    moved = framed.flatten(1).gather(1, places.flatten(1).to(device)).view_as(images)
    height, width = _whole(uniform[3:5], round(size * SHORTEST_ERASED), round(size * LONGEST_ERASED))
    row, column = _whole(uniform[5:7], 0, size - 1)
    covered = (2 * (line[:, None] - row).abs() <= height) & (2 * (line - column).abs() <= width)
    erased = covered & (uniform[7] < ERASE_PROBABILITY)
    noise = torch.randint(256, images.shape, dtype=torch.uint8, generator=generator)
    return torch.where(erased.to(device), noise.to(device), moved)


def _whole(uniform: Tensor, least: int, most: int) -> Tensor:
    """Whole numbers from least to most, equally likely, of numbers that are evenly distributed from 0 to 1."""
    return (least + uniform * (most - least + 1)).long()
