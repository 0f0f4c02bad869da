"""A picture as a square of so many pixels: padded in the colour of its border, scaled by area, never distorted."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

LEAST_SIDE, MOST_SIDE = 28, 256


@dataclass(frozen=True)
class Form:
    """How pictures are stored: side in pixels, 1 or 3 channels, and whether items are cut out (core.photos.faded)."""

    side: int
    channels: int
    cut_out: bool = False

    @property
    def bytes(self) -> int:
        """Of one square."""
        return self.side * self.side * self.channels


def square_of(pixels: np.ndarray, opacity: np.ndarray | None, form: Form) -> np.ndarray:
    """The picture, uint8 (h, w) or (h, w, 3) with opacity (h, w), on a square of the form's side; cut out if so asked.

    It has as many channels as the picture, or 3 where it is cut out.
    """
    if form.cut_out:
        # SciPy's functions for images take a fifth of a second, and only cut-outs need them.
        from core.photos.faded import faded_item

        pixels = faded_item(in_channels(pixels, 3), opacity)
    return squared(pixels, form.side)


def squared(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture, uint8 (h, w) or (h, w, 3), on a square (side, side) or (side, side, 3) of its mean border colour.

    A border of one more colour, white or black, would draw an edge that says nothing of the class but how its pictures
    were cut; the mean of the outermost pixels draws the faintest.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != (width, height):
        way = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, way))
    if size == (side, side):
        return pixels
    square = np.empty((side, side, *pixels.shape[2:]), np.uint8)
    square[:] = border_colour(pixels)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = pixels
    return square


def border_colour(pixels: np.ndarray) -> np.ndarray:
    """The mean of the outermost pixels, uint8 () or (3,)."""
    border = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    return np.concatenate(border).mean(axis=0).round().astype(np.uint8)


def is_grey(pixels: np.ndarray) -> bool:
    """Whether red, green and blue are the same everywhere."""
    return pixels.ndim == 2 or bool((pixels == pixels[..., :1]).all())


def in_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """The pixels (h, w, channels) of 1 or 3 channels; grey of a coloured picture is its luma (ITU-R BT.601)."""
    if channels == 3:
        return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
    grey = pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
    return grey[..., None]
