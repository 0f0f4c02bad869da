"""The classes at a glance: the mean image of each and a few of its training images, as HTML."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.images import data_uri
from jobs.reports.html import words


def class_cards(names: Sequence[str], means: NDArray[np.uint8], samples: Sequence[NDArray[np.uint8]]) -> str:
    """A card per class: name, mean image (s, s) and samples (n, s, s) in two rows; in colour with a last axis."""
    cards = (_card(words(name), mean, images) for name, mean, images in zip(names, means, samples, strict=True))
    return f'<div class="class-cards">{"".join(cards)}</div>'


def _card(name: str, mean: NDArray[np.uint8], samples: NDArray[np.uint8]) -> str:
    return (
        f'<div><p>{name}</p><div class="class-images"><img src="{data_uri(mean)}" alt="Mean image of {name}">'
        f'<img src="{data_uri(_strip(samples))}" alt="{len(samples)} training images of {name}"></div></div>'
    )


def _strip(samples: NDArray[np.uint8], rows: int = 2) -> NDArray[np.uint8]:
    """The images in so many rows of equal length, as one picture; an odd one is left out."""
    even = samples[: len(samples) // rows * rows] if len(samples) >= rows else samples
    parts = np.split(even, rows) if len(samples) >= rows else [samples]
    return np.concatenate([np.concatenate(list(part), axis=1) for part in parts])
