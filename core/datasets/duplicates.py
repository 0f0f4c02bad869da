"""Images of a data set that show the same: equal pixels, and nearly equal ones, as they stand or mirrored.

Nearly equal means that the pixels, in colour where there is, correlate by at least NEAR_DUPLICATE. Candidates are found
among thumbnails, every pair of which is compared; what alike images lose in them is less than the margin.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from core.datasets.pixels.disk_room import enough_disk
from core.datasets.pixels.pixel_rows import PixelRows
from core.files import written_aside
from core.statistics.near_duplicates import LOOK_ALIKE, NEAR_DUPLICATE, find_pairs
from core.statistics.wording import counted

METHOD = 1
"""Number of the method; what another one has found is searched anew."""
_THUMB = 16
_SAMPLE = 2_000
MOST_SEARCHED = 150_000
"""More images would take tens of minutes: the time grows with the square of their number."""
_MOST_PAIRS = 1_000_000
_LARGEST_CLUSTER = 50
_PAIRS_AT_ONCE = 256


@dataclass(frozen=True)
class Duplicates:
    """Pairs by places, int64 (m, 2) with the smaller first: equal ones, each with the first of its kind; near ones.

    `clusters` int64 (n,) is the same number for images that are bound by pairs. `note` says where the search stopped.
    """

    equal: np.ndarray
    near: np.ndarray
    clusters: np.ndarray
    note: str = ""

    @property
    def pairs(self) -> np.ndarray:
        """All pairs, the equal ones first."""
        return np.concatenate([self.equal, self.near])


def find_duplicates(rows: PixelRows, progress: Callable[[float], None] = lambda _: None) -> Duplicates:
    """The pairs among images; near ones only where there are at most MOST_SEARCHED and they are not all alike."""
    first, thumbs = _digested(rows)
    repeated = np.flatnonzero(first != np.arange(len(rows)))
    equal = np.stack([first[repeated], repeated], axis=1)
    different = np.flatnonzero(first == np.arange(len(rows)))
    note = _why_not_searched(thumbs[different])
    near = np.empty((0, 2), np.int64)
    if not note:
        near = different[_confirmed(rows.reordered(different), thumbs[different], progress)]
    clusters = clustered(len(rows), np.concatenate([equal, near]))
    largest = np.bincount(clusters).max(initial=0)
    if largest > max(_LARGEST_CLUSTER, np.bincount(clustered(len(rows), equal)).max(initial=0)):
        # Plain pictures, drawings say, are like one another by tens: bound together they could not be divided.
        clusters = clustered(len(rows), equal)
        note = f"{counted(int(largest), 'image')} are alike by a chain of pairs; equal images alone are kept together."
    return Duplicates(equal, near, clusters, note)


def kept_duplicates(rows: PixelRows, file: Path, progress: Callable[[float], None]) -> Duplicates:
    """The pairs among images as the file has them, else as they are found now, and then kept there; raise DataSetError.

    So that whoever has seen what would be stored does not wait for a second search.
    """
    known = _read(file, rows)
    if known is not None:
        return known
    duplicates = find_duplicates(rows, progress)
    with enough_disk(file.parent, 0), written_aside(file) as aside, aside.open("wb") as opened:
        np.savez(opened, searched=_searched(rows), **vars(duplicates))
    return duplicates


def _searched(rows: PixelRows) -> np.ndarray:
    return np.array([METHOD, len(rows), rows.side, rows.channels])


def _read(file: Path, rows: PixelRows) -> Duplicates | None:
    """What was found among these images; None where nobody has searched, or the file is damaged."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            if (stored["searched"] != _searched(rows)).any():
                return None
            return Duplicates(stored["equal"], stored["near"], stored["clusters"], str(stored["note"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def clustered(count: int, pairs: np.ndarray) -> np.ndarray:
    """For each of so many images the number of its cluster, int64 (count,), by pairs (m, 2)."""
    # A seventh of a second that not every command has to spend.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def shown_again(rows: PixelRows, squares: np.ndarray) -> np.ndarray:
    """Which squares, uint8 (k, side, side) or with 3 channels as the images are, show an image again; bool (k,).

    That is with equal pixels, or as a near duplicate as it stands.
    """
    thumbs = np.concatenate([_thumbnails(images) for images in rows.chunks()])
    first, second = np.nonzero(_unit(_thumbnails(squares)) @ _unit(thumbs).T >= LOOK_ALIKE)
    again = np.zeros(len(squares), bool)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        alike = _correlations(squares[first[part]], rows.take(second[part])) >= NEAR_DUPLICATE
        again[first[part][alike]] = True
    return again


def pixel_digests(rows: PixelRows) -> list[bytes]:
    """What tells the pixels of each image from all others."""
    return [sha256(image.tobytes()).digest() for images in rows.chunks() for image in images]


def _digested(rows: PixelRows) -> tuple[np.ndarray, np.ndarray]:
    """For each image the place of the first with the same pixels, and its thumbnail, uint8 (n, 16, 16)."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(rows), np.int64)
    thumbs = np.empty((len(rows), _THUMB, _THUMB), np.uint8)
    at = 0
    for images in rows.chunks():
        for place, image in enumerate(images, start=at):
            first[place] = seen.setdefault(sha256(image.tobytes()).digest(), place)
        thumbs[at : at + len(images)] = _thumbnails(images)
        at += len(images)
    return first, thumbs


def _thumbnails(images: np.ndarray) -> np.ndarray:
    """Grey images of means over blocks, (n, 16, 16)."""
    grey = images.mean(axis=3, dtype=np.float32) if images.ndim == 4 else images.astype(np.float32)
    shares = _overlaps(images.shape[1])
    return np.asarray((shares @ grey @ shares.T).round().astype(np.uint8))


@cache
def _overlaps(side: int) -> np.ndarray:
    """How much each pixel of a side lies in each of 16 equal parts of it, float32 (16, side), rows of sum 1.

    Equal parts, so that the thumbnail of a mirror image is the mirror image of the thumbnail.
    """
    ends = np.arange(_THUMB + 1) * side / _THUMB
    pixels = np.arange(side)
    overlap = np.minimum(ends[1:, None], pixels + 1) - np.maximum(ends[:-1, None], pixels)
    return (overlap.clip(0) * _THUMB / side).astype(np.float32)


def _why_not_searched(thumbs: np.ndarray) -> str:
    """Why near duplicates are not searched among these images, a sentence; empty where they are."""
    if len(thumbs) > MOST_SEARCHED:
        return f"Near duplicates are searched among at most {MOST_SEARCHED:,} images; equal images were found."
    if len(thumbs) ** 2 / 2 <= _MOST_PAIRS:
        return ""
    sample = thumbs[:: -(-len(thumbs) // _SAMPLE)]
    if len(find_pairs(sample, LOOK_ALIKE)) * (len(thumbs) / len(sample)) ** 2 > _MOST_PAIRS:
        return "The images are too much alike for a search for near duplicates; equal images were found."
    return ""


def _confirmed(rows: PixelRows, thumbs: np.ndarray, progress: Callable[[float], None]) -> np.ndarray:
    """Pairs (m, 2) of images, whose thumbnails are alike, that are alike in all their pixels too."""
    if len(thumbs) < 2:
        return np.empty((0, 2), np.int64)
    candidates = find_pairs(thumbs, LOOK_ALIKE, progress)
    kept = [
        _similarities(rows, candidates.first[part], candidates.second[part], candidates.mirrored[part])
        >= NEAR_DUPLICATE
        for start in range(0, len(candidates), _PAIRS_AT_ONCE)
        if (part := slice(start, start + _PAIRS_AT_ONCE))
    ]
    chosen = candidates.chosen(np.concatenate([*kept, np.empty(0, bool)]))
    return np.sort(np.stack([chosen.first, chosen.second], axis=1), axis=1)


def _similarities(rows: PixelRows, first: np.ndarray, second: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """The correlation of the pixels of each pair, (k,)."""
    one_side, other_side = rows.take(first), rows.take(second)
    other_side = np.where(mirrored.reshape(-1, *[1] * (other_side.ndim - 1)), other_side[:, :, ::-1], other_side)
    return _correlations(one_side, other_side)


def _correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of each image with the one at its place in the other array, (k,)."""
    return np.asarray(np.einsum("ij,ij->i", _unit(first), _unit(second)))


def _unit(images: np.ndarray) -> np.ndarray:
    vectors = images.reshape(len(images), -1).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
