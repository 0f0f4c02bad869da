"""Near-duplicate images side by side, as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.images import enlarged, figure
from jobs.reports.html import words

_SPLITS = {"train": "Training", "test": "Test"}
_WIDTH = 126
_PAIR_WIDTH = 256


@dataclass(frozen=True)
class PairedImage:
    """An image of a pair: its split, "train" or "test", its position in it, and the name of its class."""

    pixels: NDArray[np.uint8]
    split: str
    position: int
    class_name: str

    @property
    def name(self) -> str:
        """What it is called: "Test 12, Coat"."""
        return f"{_SPLITS[self.split]} {self.position}, {self.class_name}"


def pair_cards(
    first: Sequence[PairedImage], second: Sequence[PairedImage], about: Sequence[str], run_id: str = ""
) -> str:
    """A card for each pair: both images, what they are, words on the pair; with a run test images open in Explore."""
    cards = (_card(*pair, run_id) for pair in zip(first, second, about, strict=True))
    return f'<div class="pair-cards">{"".join(cards)}</div>'


def likeness(similarity: float, mirrored: bool) -> str:
    """How similar the images of a pair are, in words."""
    return f"Similarity {similarity:.4f}, the second mirrored" if mirrored else f"Similarity {similarity:.4f}"


def _card(first: PairedImage, second: PairedImage, about: str, run_id: str) -> str:
    pictures = "".join(enlarged(image.pixels, image.name, _WIDTH) for image in (first, second))
    caption = f"{_named(first, run_id)}<br>{_named(second, run_id)}<br>{words(about)}"
    return figure(f'<div class="pair">{pictures}</div>', caption, _PAIR_WIDTH)


def _named(image: PairedImage, run_id: str) -> str:
    if image.split != "test" or not run_id:
        return words(image.name)
    address = escape("explore?" + urlencode({"run": run_id, "image": image.position}))
    return f'<a href="{address}" target="_self">{words(image.name)}</a>'
