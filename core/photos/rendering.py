"""A cut-out item drawn as Fashion-MNIST draws its items: grey, bright on black, 28 pixels long, sharpened."""

import numpy as np
from PIL import Image
from scipy import ndimage

from core.config import IMAGE_SIDE

_SHARPENING = 0.6
_TYPICAL_MEDIAN = 0.5
"""Median brightness that a pale item is lifted to. In the data set it is above 0.3 for nine items of ten."""


def luma(pixels: np.ndarray) -> np.ndarray:
    """Grey (h, w) in 0 to 255 by the weights of ITU-R BT.601, which PIL and torchvision use too."""
    return pixels @ np.array([0.299, 0.587, 0.114])


def brighten(tones: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Tones (h, w), 0 to 1, by a gamma that lifts the item's median to the typical one; bright items stay as they are.

    A white shoe on white would otherwise leave nothing but its stripes on the black ground.
    """
    median = float(np.median(tones[mask]).clip(0.02, 0.98))
    gamma = min(1.0, np.log(_TYPICAL_MEDIAN) / np.log(median))
    return np.where(mask, tones.clip(1e-3, 1) ** gamma, 0.0)


def squared(picture: np.ndarray) -> np.ndarray:
    """The picture (h, w) centred on the smallest black square that holds it."""
    height, width = picture.shape
    side = max(height, width)
    square = np.zeros((side, side), picture.dtype)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square


def shrunk(picture: np.ndarray, longest: int = IMAGE_SIDE) -> np.ndarray:
    """The picture (h, w) with tones 0 to 1 and black around, as uint8 (28, 28) with its longest side `longest`.

    By area, centred, and sharpened by a Gaussian of deviation 1 as in the data set's own conversion.
    """
    height, width = picture.shape
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(Image.fromarray(picture.astype(np.float32)).resize(size, Image.Resampling.BOX))
    canvas = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    top, left = (IMAGE_SIDE - size[1]) // 2, (IMAGE_SIDE - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    sharp = canvas + _SHARPENING * (canvas - ndimage.gaussian_filter(canvas, sigma=1, mode="nearest"))
    return (255 * sharp).round().clip(0, 255).astype(np.uint8)
