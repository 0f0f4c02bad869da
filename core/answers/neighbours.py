"""Nearest images in a model's features, by cosine distance; and principal axes, to keep features in little room."""

from dataclasses import dataclass
from typing import Self

import numpy as np

BLOCK = 500
"""Queries that are compared at once: with 60,000 candidates 120 MB."""


def unit(features: np.ndarray) -> np.ndarray:
    """The features (n, d) scaled to length 1; what has no length stays zero."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, np.finfo(features.dtype).tiny)


def nearest(queries: np.ndarray, candidates: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each query the nearest candidates, nearest first: indices int32 (n, k), cosine distances float32 (n, k).

    Both are given by features of length 1, (n, d) and (m, d); k is `count`, or m where there are fewer. The distance is
    1 - cosine, 0 to 2. Exact: every candidate is looked at.
    """
    count = min(count, len(candidates))
    found = [_nearest(queries[start : start + BLOCK], candidates, count) for start in range(0, len(queries), BLOCK)]
    indices, distances = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(distances)


def _nearest(queries: np.ndarray, candidates: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    distances = 1 - queries @ candidates.T
    best = np.argpartition(distances, count - 1, axis=1)[:, :count]
    own = np.take_along_axis(distances, best, axis=1)
    order = np.lexsort((best, own))
    sorted_best = np.take_along_axis(best, order, axis=1).astype(np.int32)
    return sorted_best, np.take_along_axis(own, order, axis=1).clip(0, 2).astype(np.float32)


@dataclass(frozen=True)
class PrincipalAxes:
    """The directions in which features vary most: a mean (d,) and a basis (d, k) of orthonormal columns."""

    mean: np.ndarray
    basis: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, count: int) -> Self:
        """The first `count` principal axes of features (n, d), all of them if there are fewer; largest variance first.

        The sign of each is such that its largest component is positive.
        """
        mean = features.mean(axis=0, dtype=np.float64)
        covariance = (features.T @ features).astype(np.float64) / len(features) - np.outer(mean, mean)
        _, vectors = np.linalg.eigh(covariance)
        basis = vectors[:, ::-1][:, :count]
        largest = np.abs(basis).argmax(axis=0)
        basis = basis * np.sign(basis[largest, np.arange(basis.shape[1])])
        return cls(mean.astype(np.float32), basis.astype(np.float32))

    def coordinates(self, features: np.ndarray) -> np.ndarray:
        """Features (n, d) in these axes, float32 (n, k)."""
        return (features - self.mean) @ self.basis
