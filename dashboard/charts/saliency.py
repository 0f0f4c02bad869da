"""Saliency laid over an image, and in words for those who cannot see it."""

import numpy as np
from numpy.typing import NDArray

_HEAT = np.array((255, 140, 0), dtype=np.float64)
_STRONGEST = 0.8
"""How much of a pixel the heat may cover, so that the garment stays visible below."""

_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def overlay(image: NDArray[np.uint8], salient: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An image (28, 28) with its saliency (28, 28), 0 to 1, as orange above it: colour (28, 28, 3)."""
    grey = np.repeat(image[:, :, None].astype(np.float64), 3, axis=2)
    covered = _STRONGEST * salient[:, :, None]
    return np.rint(grey * (1 - covered) + _HEAT * covered).astype(np.uint8)


def where(salient: NDArray[np.float32]) -> str:
    """Which ninth of the image is most salient: "strongest upper left"; or that nothing is."""
    if not salient.any():
        return "nothing speaks for it"
    bands = np.array_split(np.arange(salient.shape[0]), 3)
    sums = np.array([[salient[np.ix_(rows, columns)].mean() for columns in bands] for rows in bands])
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    if (row, column) == (1, 1):
        return "strongest in the middle"
    return f"strongest {_ROWS[row]} {_COLUMNS[column]}"
