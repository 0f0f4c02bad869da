"""How two versions differ: which images are the same in both, and what has become of their labels and splits."""

from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from core.datasets.duplicates import pixel_digests
from core.datasets.storing import Content


@dataclass(frozen=True)
class Difference:
    """Places in the first version, in the second, or of one image in both as pairs int64 (m, 2); each ascending."""

    pairs: np.ndarray
    """Of all images that are in both."""
    removed: np.ndarray
    added: np.ndarray
    relabelled: np.ndarray
    moved: np.ndarray
    """What is in another split."""
    by_pixels: bool
    """Whether images were recognised by their pixels, or by name."""


def difference(first: Content, second: Content, by_pixels: bool) -> Difference:
    """What differs between two versions, whose images are recognised by their pixels, or else by name; see matched."""
    pairs = matched(first, second, by_pixels)
    ours, theirs = pairs.T
    # Classes are the same where their names are, whatever their places.
    place_of = {name: place for place, name in enumerate(first.classes)}
    renumbered = np.array([place_of.get(name, -1) for name in second.classes])
    relabelled = first.labels[ours] != renumbered[second.labels[theirs]]
    return Difference(
        pairs,
        np.setdiff1d(np.arange(len(first.labels)), ours),
        np.setdiff1d(np.arange(len(second.labels)), theirs),
        pairs[relabelled],
        pairs[first.splits[ours] != second.splits[theirs]],
        by_pixels,
    )


def matched(first: Content, second: Content, by_pixels: bool) -> np.ndarray:
    """The places of each image that is in both versions, int64 (m, 2), ascending in the first.

    By pixels, images are the same where these are equal; of several equal ones those of one name, and then one after
    another. Else those of one name are the same.
    """
    if by_pixels:
        digests = pixel_digests(first.rows), pixel_digests(second.rows)
        named = list(zip(digests[0], first.names, strict=True)), list(zip(digests[1], second.names, strict=True))
        pairs = _paired({}, *named)
        pairs = _paired(pairs, *digests)
    else:
        pairs = _paired({}, first.names, second.names)
    return np.array(sorted(pairs.items()), np.int64).reshape(-1, 2)


def _paired(pairs: dict[int, int], ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> dict[int, int]:
    """The pairs, and those that equal keys make of places that are in none yet, each once and in order."""
    taken = set(pairs.values())
    waiting: dict[Hashable, deque[int]] = defaultdict(deque)
    for place, key in enumerate(theirs):
        if place not in taken:
            waiting[key].append(place)
    free = ((place, waiting[key]) for place, key in enumerate(ours) if place not in pairs and key in waiting)
    return pairs | {place: there.popleft() for place, there in free if there}
