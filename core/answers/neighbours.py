"""Nearest images in a model's features, by cosine distance."""

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
    blocks = [_nearest(queries[start : start + BLOCK], candidates, count) for start in range(0, len(queries), BLOCK)]
    indices, distances = zip(*blocks, strict=True)
    return np.concatenate(indices), np.concatenate(distances)


def _nearest(queries: np.ndarray, candidates: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    distances = 1 - queries @ candidates.T
    best = np.argpartition(distances, count - 1, axis=1)[:, :count]
    best_distances = np.take_along_axis(distances, best, axis=1)
    order = np.lexsort((best, best_distances))
    sorted_best = np.take_along_axis(best, order, axis=1).astype(np.int32)
    return sorted_best, np.take_along_axis(best_distances, order, axis=1).clip(0, 2).astype(np.float32)
