"""One picture file decoded in this process, within limits. What comes from outside is read by way of decoder."""

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image

from core.errors import LookbookError
from core.photos.pixels import DECODING_ERRORS, decode

MAX_BYTES = 10 * 2**20
MAX_PIXELS = 50_000_000
WORKING_SIDE = 1024
"""Longest side, in pixels, that a photo is kept at: more shows nothing more at 28x28."""

# Only formats that are decoded in this process: EPS and WMF would start other programs.
_FORMATS = (
    *("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000"),
    *("PPM", "TGA", "PCX", "SGI", "QOI", "ICO", "PSD", "HEIF"),
)
PHOTO_PATH = 2
"""Version of the way from a file to an answer: reading, cutting out, views and their vote.

To be raised when any of it changes what is said of a photo: answers of two versions cannot be compared.
"""
SMALLER = "Save a smaller copy, for example as a JPG of 2,000 pixels on the longer side."
# How libheif, libavif and other decoders say it, without an error of its own.
_OUT_OF_MEMORY = ("out of memory", "memory allocation", "allocation failed")
_NO_DECODER = "could not create decoder object"
"""What is said of a WEBP that is damaged and of one that there is no memory for alike, before its size is known."""
_LARGE = 20_000_000
"""Pixels from which on a failure may be one of memory."""
_SAVE_ADVICE = "Save it as JPG, PNG or WEBP and try again."


class UnreadablePhoto(LookbookError):
    """The bytes are no picture, a damaged one, or too large."""

    kind = "photo"


@dataclass(frozen=True)
class Photo:
    """A picture as a person sees it: upright, in sRGB, at most WORKING_SIDE on its longest side.

    `pixels` is uint8 (height, width, 3), transparent parts on white; `opacity` uint8 (height, width), or None where
    nothing is transparent; `notes` say in words what was done to the file's own pixels.
    """

    name: str
    pixels: np.ndarray
    opacity: np.ndarray | None
    notes: tuple[str, ...]
    original: tuple[int, ...] = ()
    """Width and height in the file, as it is stored there."""


def read(data: bytes, name: str = "The file", side: int = WORKING_SIDE, most_bytes: int = MAX_BYTES) -> Photo:
    """Decode a picture of any format that Pillow reads by itself, told by its content and not by its name.

    Its longest side is reduced to at most `side` pixels. Raises UnreadablePhoto, with what to do, for anything that is
    no whole picture of at most `most_bytes` and MAX_PIXELS.
    """
    check_bytes(data, name, most_bytes)
    pixels = 0
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as opened:
            original, pixels = opened.size, _check_pixels(opened.size, name)
            colours, opacity, notes = decode(opened, side)
    except Image.UnidentifiedImageError as error:
        raise _no_picture(data, name) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name, "far more than 100") from error
    except DECODING_ERRORS as error:
        raise _undecodable(error, name, pixels) from error
    if opacity is None:
        return Photo(name, np.asarray(colours), None, notes, original)
    flattened = Image.composite(colours, Image.new("RGB", colours.size, "white"), opacity)
    notes = (*notes, "transparent parts put on white")
    return Photo(name, np.asarray(flattened), np.asarray(opacity), notes, original)


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    pillow_heif.register_heif_opener(thumbnails=False)
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def check_bytes(data: bytes, name: str, most_bytes: int = MAX_BYTES) -> None:
    """Raise UnreadablePhoto for no bytes, or more than `most_bytes`."""
    if not data:
        raise UnreadablePhoto(f"{name} is empty (0 bytes).", "Copy or download it again.")
    if len(data) > most_bytes:
        raise UnreadablePhoto(
            f"{name} has {len(data) / 2**20:.1f} MB; the limit is {most_bytes // 2**20} MB.",
            SMALLER,
        )


def _check_pixels(size: tuple[int, int], name: str) -> int:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_many_pixels(name, f"{size[0]:,} x {size[1]:,}, that is {size[0] * size[1] / 1e6:,.0f}")
    if min(size) < 1:
        raise UnreadablePhoto(f"{name} has no pixels.", _SAVE_ADVICE)
    return size[0] * size[1]


def _too_many_pixels(name: str, count: str) -> UnreadablePhoto:
    return UnreadablePhoto(
        f"{name} is too large: {count} megapixels; the limit is {MAX_PIXELS // 1_000_000}.",
        SMALLER,
    )


def _undecodable(error: Exception, name: str, pixels: int = 0) -> UnreadablePhoto:
    words = str(error).lower()
    if isinstance(error, MemoryError) or any(sign in words for sign in _OUT_OF_MEMORY):
        return UnreadablePhoto(f"{name} takes too much memory to decode.", SMALLER)
    if (pixels > _LARGE and "truncated" not in words) or _NO_DECODER in words:
        # Some decoders that get no memory say no more than that they failed.
        return UnreadablePhoto(f"{name} is damaged, or takes too much memory to decode.", SMALLER)
    state = "cut short" if "truncated" in words else "damaged"
    return UnreadablePhoto(f"{name} is {state}.", "Copy or download it again, or take another picture.")


def _no_picture(data: bytes, name: str) -> UnreadablePhoto:
    if data[4:8] == b"ftyp":
        return UnreadablePhoto(f"{name} is a video, or a damaged photo of this kind.", _SAVE_ADVICE)
    return UnreadablePhoto(f"{name} is not a picture, or its format is not supported.", _SAVE_ADVICE)
