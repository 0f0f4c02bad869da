"""Near-duplicates: pairs of images that show the same thing, pixel by pixel, as they stand or mirrored.

The similarity of two images is the correlation of their pixels (Pearson): 1 for the same picture, also where one is
brighter or has more contrast. Every pair is compared, without approximation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

LOOK_ALIKE = 0.99
NEAR_DUPLICATE = 0.995
"""Found by looking at pairs of Fashion-MNIST: from here on they are one article, photographed or encoded again, but for
a few of the plainest trousers; towards LOOK_ALIKE they are more and more different articles of one cut."""

_BASIS = 96
_BLOCK = 2000
_SAMPLE = 7000
_ROUNDING = 1e-4
"""What float32 may add to or take from a similarity, generously."""

Images = NDArray[np.uint8]
Unit = NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """Pairs of images by their positions, each of shape (m,); the most similar pairs first.

    `mirrored` says that the second image has to be mirrored to be that similar.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    similarity: NDArray[np.float64]
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.first)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Pairs":
        """The pairs of a mask (m,), or at these places in that order."""
        return Pairs(self.first[which], self.second[which], self.similarity[which], self.mirrored[which])


def find_pairs(images: Images, least: float = LOOK_ALIKE, progress: Callable[[float], None] = lambda _: None) -> Pairs:
    """All pairs of images (n, h, w) that are at least so similar; `progress` is told the share that is done.

    Of images that are equal to the last bit each is paired with the first of them only, with similarity 1. An image of
    a single grey is similar to nothing else.
    """
    original = _firsts_of_equals(images)
    repeats = np.flatnonzero(original != np.arange(len(images)))
    different = np.flatnonzero(original == np.arange(len(images)))
    near = [
        (different[first], different[second], *rest)
        for first, second, *rest in _near(images[different], least, progress)
    ]
    equal = (original[repeats], repeats, np.ones(len(repeats)), np.zeros(len(repeats), dtype=bool))
    first, second, similarity, mirrored = (np.concatenate(column) for column in zip(equal, *near, strict=True))
    return _best_of_each(Pairs(first, second, similarity, mirrored))


def _firsts_of_equals(images: Images) -> NDArray[np.int64]:
    """For each image the position of the first one with the same pixels."""
    seen: dict[bytes, int] = {}
    return np.array(
        [seen.setdefault(sha256(image.tobytes()).digest(), at) for at, image in enumerate(images)], dtype=np.int64
    )


def _near(images: Images, least: float, progress: Callable[[float], None]) -> Iterator[tuple[np.ndarray, ...]]:
    """Pairs at least so similar as (first, second, similarity, mirrored), first < second; one may come twice.

    A short product finds the few candidates: the first coordinates of both images in an orthonormal basis, and the
    lengths of what the basis leaves over. By the inequality of Cauchy and Schwarz it is never below the similarity, so
    that none is missed; candidates are then compared in full.
    """
    unit = _unit(images)
    mirror = np.arange(unit.shape[1]).reshape(images.shape[1:])[:, ::-1].ravel()
    basis = _basis(unit, mirror)
    plain, turned = _short(unit, basis), _short(unit, basis[mirror])
    blocks = list(combinations_with_replacement(range(0, len(unit), _BLOCK), 2))
    for done, (row, column) in enumerate(blocks):
        progress(done / len(blocks))
        for mirrored, others in ((False, plain), (True, turned)):
            bound = plain[row : row + _BLOCK] @ others[column : column + _BLOCK].T
            first, second = np.divmod(np.flatnonzero(bound.ravel() >= least - _ROUNDING), bound.shape[1])
            first, second = first + row, second + column
            first, second = first[first < second], second[first < second]
            counterpart = unit[second][:, mirror] if mirrored else unit[second]
            similarity = np.einsum("ij,ij->i", unit[first], counterpart, dtype=np.float64)
            kept = similarity >= least
            yield first[kept], second[kept], similarity[kept], np.full(np.count_nonzero(kept), mirrored)


def _unit(images: Images) -> Unit:
    """Each image as a vector of length 1 and mean 0, so that a product is a correlation; of length 0 if it is grey."""
    vectors = images.reshape(len(images), -1).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1)
    return vectors


def _basis(unit: Unit, mirror: NDArray[np.int64]) -> Unit:
    """An orthonormal basis (pixels, k) that holds most of the images and of their mirror images.

    By their second moments: what scikit-learn's PCA leaves out, the mean image, would be left over in every one. Few
    images are compared in all their pixels sooner than a basis is computed for them.
    """
    if len(unit) < _BASIS:
        return np.eye(unit.shape[1], dtype=np.float32)
    sample = unit[:: -(-len(unit) // _SAMPLE)]
    covariance = sample.T @ sample
    _, vectors = np.linalg.eigh(covariance + covariance[mirror][:, mirror])
    return np.ascontiguousarray(vectors[:, ::-1][:, :_BASIS])


def _short(unit: Unit, basis: Unit) -> Unit:
    """The coordinates of each image in the basis, and the length of what is left over: (n, k + 1)."""
    coordinates = unit @ basis
    rest = np.einsum("ij,ij->i", unit, unit) - np.einsum("ij,ij->i", coordinates, coordinates)
    return np.column_stack([coordinates, np.sqrt(np.maximum(rest, 0))])


def _best_of_each(pairs: Pairs) -> Pairs:
    """The most similar pairs first, each pair once: as it stands or mirrored, whichever is more similar."""
    order = np.lexsort((pairs.mirrored, pairs.second, pairs.first, -pairs.similarity))
    ordered = pairs.chosen(order.astype(np.int64))
    _, kept = np.unique(np.stack([ordered.first, ordered.second]), axis=1, return_index=True)
    return ordered.chosen(np.sort(kept).astype(np.int64))
