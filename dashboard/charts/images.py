"""Images as the browser takes them: PNG in data URIs, and HTML with a description for those who cannot see it."""

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.style import css


def png(image: NDArray[np.uint8]) -> bytes:
    """A PNG of a grey image (h, w) or a colour image (h, w, 3 or 4), pixel by pixel."""
    packed = BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(packed, "PNG")
    return packed.getvalue()


def data_uri(image: NDArray[np.uint8]) -> str:
    """The PNG of an image in an address of its own; the browser enlarges it, so that 28x28 pixels stay 28x28."""
    return f"data:image/png;base64,{b64encode(png(image)).decode('ascii')}"


def enlarged(image: NDArray[np.uint8], alt: str, width: int) -> str:
    """An `img` whose longest side has `width` CSS pixels or the room there is; small pictures in sharp squares."""
    longest = max(image.shape[:2])
    shown = width * image.shape[1] / longest
    look = "enlarged pixelated" if longest < width else "enlarged"
    return f'<img class="{look}" src="{data_uri(image)}" alt="{escape(alt)}" {css(width=f"{shown:.0f}px")}>'


def figure(picture: str, caption: str, width: int) -> str:
    """A picture, as HTML, with its caption, as HTML, below it; at most `width` CSS pixels wide."""
    return f"<figure {css(width=f'{width}px')}>{picture}<figcaption>{caption}</figcaption></figure>"


def figure_row(figures: Iterable[str]) -> str:
    """Figures side by side, in as many lines as they need."""
    return f'<div class="figures">{"".join(figures)}</div>'


def shrunk(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The image (h, w) or (h, w, channels) with its longest side at most `side` pixels; never enlarged."""
    picture = Image.fromarray(np.ascontiguousarray(image))
    picture.thumbnail((side, side))
    return np.asarray(picture)
