"""The ten classes at a glance: the mean image of each and a few of its training images, as HTML."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from dashboard.charts.images import data_uri


def class_cards(means: NDArray[np.uint8], samples: Sequence[NDArray[np.uint8]]) -> str:
    """A card per class: its name, its mean image (28, 28), and its samples (n, 28, 28) in two rows; n is even."""
    cards = (_card(*of_class) for of_class in zip(CLASS_NAMES, means, samples, strict=True))
    return f'<div class="class-cards">{"".join(cards)}</div>'


def _card(name: str, mean: NDArray[np.uint8], samples: NDArray[np.uint8]) -> str:
    return (
        f'<div><p>{name}</p><div class="class-images"><img src="{data_uri(mean)}" alt="Mean image of {name}">'
        f'<img src="{data_uri(_strip(samples))}" alt="{len(samples)} training images of {name}"></div></div>'
    )


def _strip(samples: NDArray[np.uint8], rows: int = 2) -> NDArray[np.uint8]:
    """The images in so many rows of equal length, as one picture."""
    return np.concatenate([np.concatenate(list(part), axis=1) for part in np.split(samples, rows)])
