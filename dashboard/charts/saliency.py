"""Saliency laid over an image, and in words for those who cannot see it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.photos.model_view import RelativeBox

_HEAT = np.array((255, 140, 0), dtype=np.float64)
_STRONGEST = 0.8
"""How much of a pixel the heat may cover, so that the garment stays visible below."""

_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def overlay(image: NDArray[np.uint8], salient: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An image, grey (h, w) or colour (h, w, 3), with its saliency (h, w), 0 to 1, as orange above it: (h, w, 3)."""
    colours = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    covered = _STRONGEST * salient[:, :, None]
    return np.rint(colours * (1 - covered) + _HEAT * covered).astype(np.uint8)


def placed(salient: NDArray[np.float32], frame: RelativeBox, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The saliency of what a model sees, on the photo that it was cut from: (h, w) for a photo of that shape.

    `frame` is the square that the model sees, in shares of the photo; nothing outside it is salient.
    """
    height, width = shape[:2]
    left, top, right, bottom = round(frame[0] * width), round(frame[1] * height), frame[2] * width, frame[3] * height
    size = max(1, round(right) - left), max(1, round(bottom) - top)
    spread = np.asarray(Image.fromarray(salient).resize(size, Image.Resampling.BILINEAR))
    whole = np.zeros((height, width), np.float32)
    rows, columns = slice(max(top, 0), min(top + size[1], height)), slice(max(left, 0), min(left + size[0], width))
    whole[rows, columns] = spread[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return whole


def where(salient: NDArray[np.float32]) -> str:
    """Which ninth of the image is most salient: "strongest upper left"; or that nothing is."""
    if not salient.any():
        return "no supporting region"
    down, across = (np.array_split(np.arange(side), 3) for side in salient.shape)
    sums = np.array([[salient[np.ix_(rows, columns)].mean() for columns in across] for rows in down])
    row, column = divmod(int(sums.argmax()), 3)
    if (row, column) == (1, 1):
        return "strongest in the middle"
    return f"strongest {_ROWS[row]} {_COLUMNS[column]}"
