"""Every kind of pixel that Pillow knows, as upright sRGB colours of a workable size and their opacity."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

# Pillow's decoders are parsers of foreign bytes and raise whatever a broken structure makes them stumble over.
DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(RuntimeError, MemoryError, struct.error, zlib.error),
)

_PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "CMYK")
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(opened: Image.Image, side: int) -> tuple[Image.Image, Image.Image | None, tuple[str, ...]]:
    """Colours (mode RGB), opacity (mode L; None where nothing is transparent) and notes on what was done.

    The first frame, turned upright, its longest side reduced to at most `side` pixels. Raises one of DECODING_ERRORS
    where the file is damaged.
    """
    notes = []
    if opened.format != "MPO" and getattr(opened, "is_animated", False):
        notes.append("animated: its first frame is used")
    # Before the tag is asked for, which loads a PNG.
    _scale_transparent_colour(opened)
    tag = _orientation(opened)
    # A JPEG is decoded straight at the smallest eighth that is still large enough; other formats ignore this.
    opened.draft(None, _fitting(opened.size, side))
    opened.load()
    # Asked again, for Pillow has turned a TIFF by now and taken the tag away.
    turn = _TURNS.get(_orientation(opened))
    colours, opacity = _apart(_reduced(opened, side))
    colours = _in_srgb(colours, opened.info.get("icc_profile"))
    if opacity is not None and opacity.getextrema() == (255, 255):
        opacity = None
    if tag in _TURNS:
        notes.append("rotated to match the camera orientation")
    if turn is not None:
        colours, opacity = colours.transpose(turn), opacity and opacity.transpose(turn)
    return colours, opacity, tuple(notes)


def _scale_transparent_colour(opened: Image.Image) -> None:
    """Bring the colour of a PNG that is transparent to the range that Pillow gives the pixels.

    It is stated in the depth of the file (PNG, third edition, 11.3.1.1): grey of 2 and 4 bits Pillow enlarges to 8,
    colours of 16 bits it cuts to 8.
    """
    colour = opened.info.get("transparency")
    tiles = getattr(opened, "tile", None)
    depth = tiles[0][3] if opened.format == "PNG" and tiles else None
    if isinstance(colour, int) and depth in ("L;2", "L;4"):
        opened.info["transparency"] = colour * (85 if depth == "L;2" else 17)
    elif isinstance(colour, tuple) and depth == "RGB;16B":
        opened.info["transparency"] = tuple(part >> 8 for part in colour)


def resized(picture: Image.Image, side: int) -> Image.Image:
    """The picture by area resampling with its longest side at most `side` pixels; never enlarged."""
    size = _fitting(picture.size, side)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)


def _orientation(opened: Image.Image) -> int:
    """The camera's orientation tag, 1 (upright) where there is none or it cannot be read."""
    try:
        return int(opened.getexif().get(_ORIENTATION, 1))
    except DECODING_ERRORS:
        return 1


def _reduced(opened: Image.Image, side: int) -> Image.Image:
    """The picture in mode L, LA, RGB, RGBA or CMYK at the working size."""
    if opened.mode in _DEEP_MODES:
        grey = _from_deep_grey(resized(opened, side))
        colour = opened.info.get("transparency")
        if not isinstance(colour, int):
            return grey
        opaque = Image.fromarray(np.where(np.asarray(opened) == colour, 0, 255).astype(np.uint8))
        return Image.merge("LA", (grey, resized(opaque, side)))
    transparent = "transparency" in opened.info or opened.mode in ("PA", "La", "RGBa")
    if transparent and opened.mode not in ("LA", "RGBA"):
        return resized(opened.convert("RGBA"), side)
    return resized(opened if opened.mode in _PLAIN_MODES else opened.convert("RGB"), side)


def _apart(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if picture.mode not in ("LA", "RGBA"):
        return picture, None
    return picture.convert("L" if picture.mode == "LA" else "RGB"), picture.getchannel("A")


def _from_deep_grey(picture: Image.Image) -> Image.Image:
    """8 bits of a grey picture with more: its whole range is kept, nothing is clipped."""
    values = np.asarray(picture, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < 0 or highest > 65535:
        values, scale = values - lowest, max(highest - lowest, 1e-12)
    elif picture.mode == "F" and highest <= 1:
        scale = 1.0
    else:
        scale = 65535.0 if highest > 255 or picture.mode.startswith("I;16") else 255.0
    return Image.fromarray((values * (255 / scale)).round().astype(np.uint8))


def _in_srgb(colours: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB as a screen shows it: by the embedded colour profile if there is a valid one of these colours."""
    if profile:
        try:
            return ImageCms.profileToProfile(  # type: ignore[return-value]
                colours, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return colours.convert("RGB")


def _fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size with the same proportions whose longest side is at most `side`, never enlarged."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
