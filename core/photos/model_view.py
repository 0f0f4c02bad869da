"""A photo from anywhere, turned into the 28x28 image that a model sees."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from core.photos import rendering
from core.photos.cutout import Item, all_of
from core.photos.faded import PART_SIDE, located
from core.photos.picture import Photo
from core.photos.pixels import resized

_LIGHT = 200.0

Polarity = Literal["auto", "dark-on-light", "light-on-dark"]
QuarterTurns = Literal[0, 90, 180, 270]
RelativeBox = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, as shares (0 to 1) of its width and height."""


@dataclass(frozen=True)
class ModelView:
    """What a model sees of a photo, with the way there.

    `image` is uint8 (28, 28), bright on black; `stages` maps a caption to a uint8 picture, grey (h, w) or RGB
    (h, w, 3), in the order of the way; `polarity` is what was used, never "auto"; `notes` are short sentences.
    `votes`, uint8 (v, 28, 28), are the views whose answers are averaged, `image` the first of them. `frame` is the
    square that `image` shows, in shares of the turned photo (the stage "original"); it may reach beyond the photo.
    `part`, uint8 (h, w, 3), is the part of the turned photo that
    is looked at, as it is, for models of other pictures than Fashion-MNIST's, at most PART_SIDE pixels on a side, and
    `item` what was found in it.
    """

    image: np.ndarray
    stages: dict[str, np.ndarray]
    polarity: Literal["dark-on-light", "light-on-dark"]
    notes: tuple[str, ...]
    votes: np.ndarray
    frame: RelativeBox
    part: np.ndarray
    item: Item

    @property
    def stands_out(self) -> bool:
        """Whether anything in the photo does."""
        return self.item.stands_out


def to_model_view(
    photo: Photo,
    *,
    polarity: Polarity = "auto",
    crop: RelativeBox | None = None,
    turn: QuarterTurns = 0,
    cut_out: bool = True,
) -> ModelView:
    """Take a photo the way that the data set's own pictures went (Xiao, Rasul, Vollgraf 2017, section 2).

    Cut out and trimmed to the item, grey, negated where the background is light, longest side to 28 pixels, centred on
    28x28, sharpened.
    Polarity "auto" is decided by the border: a background lighter than the item means dark on light. `turn` turns the
    photo clockwise by that many degrees first; `crop`, of the turned photo, is all that is looked at; with
    `cut_out=False` all of that is the item.
    Raises ValueError for a crop that is no box inside the photo.
    """
    whole, whole_opacity = _turned(photo, turn)
    corner, part = _cropped(whole, crop)
    opacity = None if whole_opacity is None else _cropped(whole_opacity, crop)[1]
    pixels, item = located(part, opacity)
    used = _polarity(pixels, item) if polarity == "auto" else polarity
    if not cut_out:
        item = all_of(pixels)
    stages, tones = _stages(pixels, item, used, lift=cut_out)
    image = rendering.shrunk(tones)
    frame = _frame(item.window, part.shape[1] / pixels.shape[1], corner, whole.shape)
    return ModelView(
        image=image,
        stages={"original": whole, **stages, "what the model sees": image},
        polarity=used,
        notes=(*photo.notes, *item.notes, _polarity_note(used, polarity)),
        votes=image[None],
        frame=frame,
        part=np.asarray(resized(Image.fromarray(part), PART_SIDE)),
        item=item,
    )


def _stages(pixels: np.ndarray, item: Item, used: str, lift: bool) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The pictures on the way, and the item's tones (h, w), 0 to 1, bright on black, in its window."""
    colours, mask = pixels[item.window], item.mask[item.window]
    grey = rendering.luma(colours)
    tones = (255 - grey if used == "dark-on-light" else grey) / 255 * mask
    if lift:
        tones = rendering.brighten(tones, mask)
    stages = {
        "cut-out": np.where(mask[..., None], colours, np.uint8(255 if used == "dark-on-light" else 0)),
        "grey": np.where(mask, grey, 255.0 if used == "dark-on-light" else 0.0).round().astype(np.uint8),
    }
    if used == "dark-on-light":
        stages["negative"] = (255 * rendering.squared(tones)).round().astype(np.uint8)
    return stages, tones


def _turned(photo: Photo, degrees: QuarterTurns) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels and opacity of the photo turned clockwise."""
    times = -degrees // 90
    opacity = None if photo.opacity is None else np.rot90(photo.opacity, times)
    return np.ascontiguousarray(np.rot90(photo.pixels, times)), opacity


def _cropped(picture: np.ndarray, crop: RelativeBox | None) -> tuple[tuple[int, int], np.ndarray]:
    """Left and top of the crop in pixels, and the part of the picture (h, w, ...) inside it, at least a pixel."""
    left, top, right, bottom = crop or (0.0, 0.0, 1.0, 1.0)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"{crop} is not a box: 0 <= left < right <= 1 and 0 <= top < bottom <= 1 must hold")
    height, width = picture.shape[:2]
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    part = picture[y : max(y + 1, math.ceil(bottom * height)), x : max(x + 1, math.ceil(right * width))]
    return (x, y), np.ascontiguousarray(part)


def _frame(window: tuple[slice, slice], scale: float, corner: tuple[int, int], shape: tuple[int, ...]) -> RelativeBox:
    """The square around the middle of a window of rows and columns, in shares of the picture of that shape.

    These are of pixels that are `scale` pixels of the picture each, counted from `corner` (left, top).
    """
    rows, columns = window
    half = scale * max(rows.stop - rows.start, columns.stop - columns.start) / 2
    x, y = corner[0] + scale * (columns.start + columns.stop) / 2, corner[1] + scale * (rows.start + rows.stop) / 2
    height, width = shape[:2]
    return (x - half) / width, (y - half) / height, (x + half) / width, (y + half) / height


def _polarity(pixels: np.ndarray, item: Item) -> Literal["dark-on-light", "light-on-dark"]:
    backdrop = float(rendering.luma(item.background))
    # A white shoe on white is darker than its background by its shadows only; on a light ground that is enough.
    darker = backdrop > float(np.median(rendering.luma(pixels[item.mask])))
    return "dark-on-light" if darker or backdrop > _LIGHT else "light-on-dark"


def _polarity_note(used: str, asked: str) -> str:
    note = "dark item on a light background: inverted"
    if used == "light-on-dark":
        note = "light item on a dark background: kept"
    return note if asked == "auto" else f"{note} (as chosen)"
