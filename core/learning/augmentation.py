"""Random changes to training images, a whole batch at a time: flip, rotation and colour jitter as torchvision's.

Each function of these three computes for uint8 images exactly what torchvision's transform of Pillow images computes,
pixel for pixel, so that the random numbers alone decide. Brightness and contrast follow each other in random order;
saturation and hue of ColorJitter leave a grey image as it is, and colours keep them. "photo" is for grey images alone.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import RunConfig, require_augmentable
from core.data.preprocessing import images_of, planes, resize
from core.learning.photo_augmentation import photograph
from core.machine.device import single_thread

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
    """uint8 images, grey (n, h, h) or colour (n, h, h, 3), resized to (n, s, s) or (n, s, s, 3) and changed at random.

    `config.augmentation` says how. Raise ConfigurationError where that is for grey images and these are in colour.
    """
    require_augmentable(config, colour=images.ndim == 4)
    resized = resize(images, config.input_size)
    if config.augmentation == "none":
        return resized
    if config.augmentation == "flip":
        return images_of(_mirrored(planes(resized), draw_mirrored(len(images), generator)), resized)
    if config.augmentation == "photo":
        return photograph(resized, generator)
    if config.augmentation == "flip-shift-erase":
        return flip_shift_and_erase(resized, generator)
    if config.augmentation == "flip-trivial-augment":
        return flip_and_trivially_augment(resized, generator)
    changes = draw(len(images), generator)
    turned = flip_and_rotate(resized, changes.flipped, changes.degrees)
    return jitter(turned, changes) if config.augmentation == "flip-rotate-jitter" else turned


def draw_mirrored(count: int, generator: torch.Generator) -> Tensor:
    """Which of so many images become their mirror images, bool (n,)."""
    return torch.rand(count, generator=generator) < FLIP_PROBABILITY


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
    """Mirror the flipped ones of uint8 images (n, s, s) or (n, s, s, 3), then turn each counter-clockwise.

    About its centre, by nearest neighbour, black outside, in Pillow's fixed-point arithmetic (16 bits after the point).
    `flipped` bool and `degrees` float64, both (n,), are on the CPU, wherever the images are: not every device computes
    in float64.
    """
    size = images.shape[1]
    framed = F.pad(_mirrored(planes(images), flipped), (1, 1, 1, 1))
    x, y = _source_pixels(size, degrees)
    # All that comes from outside comes from the black frame.
    places = y.clamp_(-1, size).add_(1).mul_(size + 2).add_(x.clamp_(-1, size)).add_(1)
    return images_of(_gathered(framed, places), images)


def _mirrored(maps: Tensor, flipped: Tensor) -> Tensor:
    """The maps (n, c, s, s), those that are `flipped` (n,) as their mirror images."""
    return torch.where(flipped.to(maps.device)[:, None, None, None], maps.flip(-1), maps)


def _gathered(framed: Tensor, places: Tensor) -> Tensor:
    """Of each of the maps (n, c, h, h) the pixels whose places in it are given: (n, c, s, s) for places (n, s, s)."""
    count, channels = framed.shape[:2]
    wanted = places.flatten(1).to(framed.device).long()[:, None].expand(-1, channels, -1)
    return framed.flatten(2).gather(2, wanted).view(count, channels, *places.shape[1:])


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
    """Brightness and contrast of uint8 images (n, s, s) or (n, s, s, 3) by factors and in the order of `changes`."""
    first, brightness, contrast = (
        values.to(images.device)[:, None, None, None]
        for values in (changes.brightness_first, changes.brightness, changes.contrast)
    )
    pixels = planes(images).float()
    pixels = torch.where(first, _brighten(pixels, brightness), _stretch(pixels, contrast))
    pixels = torch.where(first, _stretch(pixels, contrast), _brighten(pixels, brightness))
    return images_of(pixels.to(torch.uint8), images)


def _brighten(pixels: Tensor, factors: Tensor) -> Tensor:
    return (pixels * factors).clamp_(0, 255).floor_()


def _stretch(pixels: Tensor, factors: Tensor) -> Tensor:
    """Distance from the image's mean grey times the factor, in whole grey levels as Pillow's ImageEnhance.Contrast."""
    mean = (_grey(pixels).mean(dim=(2, 3), keepdim=True) + 0.5).floor_()
    return (mean + factors * (pixels - mean)).clamp_(0, 255).floor_()


def _grey(pixels: Tensor) -> Tensor:
    """The grey levels (n, 1, s, s) of pixels (n, c, s, s), of red, green and blue by Pillow's weights."""
    if pixels.shape[1] == 1:
        return pixels
    red, green, blue = pixels.int().split(1, dim=1)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).float()


def flip_shift_and_erase(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of uint8 images (n, s, s) or (n, s, s, 3), move each by whole pixels, put noise over a part of half.

    Equally likely shifts in both directions, with black from outside (He, Zhang, Ren, Sun 2015, section 4.2); a
    rectangle around any pixel, filled with evenly distributed noise (Zhong and others 2017).
    """
    size, device = images.shape[1], images.device
    uniform = torch.rand(8, len(images), 1, 1, generator=generator)
    mirrored = _mirrored(planes(images), (uniform[0] < FLIP_PROBABILITY).flatten())
    reach = round(size * FARTHEST_SHIFT)
    across, down = _whole(uniform[1:3], 0, 2 * reach)
    line = torch.arange(size)
    places = (down + line[:, None]) * (size + 2 * reach) + across + line
    moved = _gathered(F.pad(mirrored, (reach,) * 4), places)
    height, width = _whole(uniform[3:5], round(size * SHORTEST_ERASED), round(size * LONGEST_ERASED))
    row, column = _whole(uniform[5:7], 0, size - 1)
    covered = (2 * (line[:, None] - row).abs() <= height) & (2 * (line - column).abs() <= width)
    erased = covered & (uniform[7] < ERASE_PROBABILITY)
    noise = torch.randint(256, images.shape, dtype=torch.uint8, generator=generator)
    return images_of(torch.where(erased[:, None].to(device), planes(noise).to(device), moved), images)


def flip_and_trivially_augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of uint8 images (n, s, s) or (n, s, s, 3), then change each by torchvision's TrivialAugmentWide.

    That is one operation on colours or geometry, drawn with its strength for each image (Müller and Hutter 2021).
    """
    # Takes seconds to import, and few runs need it.
    from torchvision.transforms.v2 import TrivialAugmentWide

    maps = _mirrored(planes(images), draw_mirrored(len(images), generator))
    policy = TrivialAugmentWide()
    # torchvision draws from torch's global generator alone: here it goes on from where this one is.
    with torch.random.fork_rng(devices=[]), single_thread():
        torch.set_rng_state(generator.get_state())
        return images_of(torch.stack([policy(image) for image in maps]), images)


def _whole(uniform: Tensor, least: int, most: int) -> Tensor:
    """Whole numbers from least to most, equally likely, of numbers that are evenly distributed from 0 to 1."""
    return (least + uniform * (most - least + 1)).long()
