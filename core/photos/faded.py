"""An item in its own window, with what surrounds it half faded: for models of coloured photos of single items.

A cut-out alone loses what a wrong mask takes away, the window alone keeps every floor and wall; between the two a
linear layer on frozen features is right most often (docs/data-sets.md has the figures).
"""

import numpy as np
from PIL import Image

from core.photos.cutout import Item, find_item
from core.photos.pixels import resized

SEARCH_SIDE = 320
"""Longest side, in pixels, of the copy in which the item of a photo is looked for."""
PART_SIDE = 512
"""Longest side, in pixels, that photos are kept at for models of other pictures than Fashion-MNIST's."""
MARGIN = 0.06
"""Of the longer side of the item's window, what is kept around it."""
SHARE_KEPT = 0.5
_GREY = np.array((124, 116, 104), np.float32)
"""The mean of ImageNet's pictures, which is zero to a model that was pretrained on them."""


def located(pixels: np.ndarray, opacity: np.ndarray | None) -> tuple[np.ndarray, Item]:
    """A copy of uint8 (h, w, 3) of at most SEARCH_SIDE pixels on a side, and the item in it."""
    small = resized(Image.fromarray(pixels), SEARCH_SIDE)
    seen = None if opacity is None else np.asarray(Image.fromarray(opacity).resize(small.size))
    return np.asarray(small), find_item(np.asarray(small), seen)


def faded_item(pixels: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    """The item of a photo uint8 (h, w, 3), as a model that learnt from cut-outs takes it."""
    _, item = located(pixels, opacity)
    return faded(np.asarray(resized(Image.fromarray(pixels), PART_SIDE)), item)


def faded(pixels: np.ndarray, item: Item) -> np.ndarray:
    """The item, found in a copy of uint8 (h, w, 3) of any size, as a part (h', w', 3) of it; all where none is."""
    if not item.stands_out:
        return pixels
    height, width = pixels.shape[:2]
    rows, columns = item.window
    margin = MARGIN * max(rows.stop - rows.start, columns.stop - columns.start)
    down, across = height / item.mask.shape[0], width / item.mask.shape[1]
    top, bottom = max(0, int((rows.start - margin) * down)), min(height, round((rows.stop + margin) * down))
    left, right = max(0, int((columns.start - margin) * across)), min(width, round((columns.stop + margin) * across))
    soft = Image.fromarray(np.uint8(255) * item.mask).resize((width, height), Image.Resampling.BILINEAR)
    kept = SHARE_KEPT + (1 - SHARE_KEPT) * np.asarray(soft, np.float32)[top:bottom, left:right, None] / 255
    return (kept * pixels[top:bottom, left:right] + (1 - kept) * _GREY).round().astype(np.uint8)
