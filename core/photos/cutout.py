"""Where in a photo the item is: by its transparency, by what catches the eye, or by the colour of the border."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from core.photos.u2net import foreground

_LEAST_DIFFERENCE = 22.0
"""5 % of the largest distance in RGB: what the data set's own trimming counts as background (Xiao et al. 2017)."""

_LEAST_SHARE = 0.01
_OPAQUE = 128
_FOREGROUND = 0.4
"""Share of the highest value of the foreground in a photo above which a pixel is the item's."""
_LEAST_FOREGROUND = 0.5
"""Highest value of the foreground in a photo below which nothing in it catches the eye."""
_LEAST_PART = 0.2
"""A part of the item has at least this share of its largest part's area: the second shoe, not a crumb or a label."""


@dataclass(frozen=True)
class Item:
    """An item in a picture (h, w, 3).

    `mask` is bool (h, w), `window` are the rows and columns that it takes up, `background` is the colour (3,) of its
    surroundings, `stands_out` says whether anything did, `notes` in words how.
    """

    mask: np.ndarray
    window: tuple[slice, slice]
    background: np.ndarray
    stands_out: bool
    notes: tuple[str, ...]


def find_item(pixels: np.ndarray, opacity: np.ndarray | None = None) -> Item:
    """Find the item in uint8 (h, w, 3): what is opaque, if opacity (h, w) says so, else what is in the foreground,
    else what differs from the border.

    Where nothing stands out the whole picture is the item, and the notes say so.
    """
    if opacity is not None and _fills_enough(opaque := opacity >= _OPAQUE) and not opaque.all():
        return _item(pixels, opaque, "item cut out by transparency")
    shares = foreground(pixels)
    highest = shares.max()
    if highest >= _LEAST_FOREGROUND and _fills_enough(mask := _large_parts(shares > _FOREGROUND * highest)):
        return _item(pixels, mask, "item found by saliency")
    different = _standing_out(pixels)
    if _fills_enough(different):
        return _item(pixels, different, "item found by border colour")
    nothing = "no item found: the whole picture is used"
    return replace(all_of(pixels), stands_out=False, notes=(nothing,))


def all_of(pixels: np.ndarray) -> Item:
    """All of the picture uint8 (h, w, 3) as the item."""
    whole = np.ones(pixels.shape[:2], dtype=bool)
    return Item(whole, _window(whole), _border_colour(pixels)[0], True, ("not cut out: the whole picture is used",))


def _item(pixels: np.ndarray, mask: np.ndarray, note: str) -> Item:
    around = ~ndimage.binary_dilation(mask, iterations=2)
    background = np.median(pixels[around], axis=0) if around.any() else _border_colour(pixels)[0]
    return Item(mask, _window(mask), background, True, (note,))


def _border_colour(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Median colour (3,) of a frame of 2 % of the picture, and the median distance of its pixels from that colour."""
    width = max(1, round(0.02 * min(pixels.shape[:2])))
    frame = np.ones(pixels.shape[:2], dtype=bool)
    frame[width:-width, width:-width] = False
    colours = pixels[frame].astype(np.float32)
    median = np.median(colours, axis=0)
    return median, float(np.median(np.linalg.norm(colours - median, axis=1)))


def _standing_out(pixels: np.ndarray) -> np.ndarray:
    """Mask of the large connected parts that differ from the border by more than its own unrest; holes filled."""
    background, spread = _border_colour(pixels)
    smooth = ndimage.gaussian_filter(pixels.astype(np.float32), sigma=(1, 1, 0))
    differs = np.linalg.norm(smooth - background, axis=2) > max(_LEAST_DIFFERENCE, 3 * spread)
    closed = ndimage.binary_closing(np.pad(differs, 3), iterations=3)[3:-3, 3:-3]
    return _large_parts(ndimage.binary_fill_holes(closed))


def _large_parts(mask: np.ndarray) -> np.ndarray:
    """The connected parts of the mask that are large enough to be the item or half of a pair."""
    parts, count = ndimage.label(mask)
    if count == 0:
        return mask
    areas = np.bincount(parts.ravel())[1:]
    return np.isin(parts, 1 + np.flatnonzero(areas >= _LEAST_PART * areas.max()))


def _fills_enough(mask: np.ndarray) -> bool:
    return bool(mask.mean() >= _LEAST_SHARE)


def _window(mask: np.ndarray) -> tuple[slice, slice]:
    (window,) = ndimage.find_objects(mask.astype(np.uint8))
    return window
