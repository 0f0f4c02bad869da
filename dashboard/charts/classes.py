"""The ten classes at a glance: the mean image of each and a few of its training images, as HTML."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from dashboard.charts.images import data_uri

_GRID = "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.5rem 2.5rem"
_PICTURE = "height:auto;image-rendering:pixelated;border-radius:4px;display:block"
# The strip is four times as wide as the mean image, so that both have the same height at every width.
_MEAN = f"flex:1 1 0;min-width:0;max-width:112px;{_PICTURE}"
_STRIP = f"flex:4 1 0;min-width:0;max-width:448px;{_PICTURE}"


def class_cards(means: NDArray[np.uint8], samples: Sequence[NDArray[np.uint8]]) -> str:
    """A card per class: its name, its mean image (28, 28), and its samples (n, 28, 28) in two rows; n is even."""
    cards = (_card(label, mean, own) for label, (mean, own) in enumerate(zip(means, samples, strict=True)))
    return f'<div style="{_GRID}">{"".join(cards)}</div>'


def _card(label: int, mean: NDArray[np.uint8], samples: NDArray[np.uint8]) -> str:
    name = CLASS_NAMES[label]
    return (
        f'<div><p style="margin:0 0 0.375rem;font-weight:600">{name}</p><div style="display:flex;gap:0.75rem">'
        f'<img src="{data_uri(mean)}" style="{_MEAN}" alt="Mean image of {name}">'
        f'<img src="{data_uri(_strip(samples))}" style="{_STRIP}" alt="{len(samples)} training images of {name}">'
        "</div></div>"
    )


def _strip(samples: NDArray[np.uint8], rows: int = 2) -> NDArray[np.uint8]:
    """The images in so many rows of equal length, as one picture."""
    return np.concatenate([np.concatenate(list(part), axis=1) for part in np.split(samples, rows)])
