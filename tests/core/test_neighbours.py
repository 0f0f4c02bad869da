"""Nearest images against scikit-learn's brute force."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.answers.neighbours import nearest, unit

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(0.3, 1, (1500, 20)).astype(np.float32) @ RANDOM.normal(0, 1, (20, 40)).astype(np.float32)
QUERIES, CANDIDATES = unit(FEATURES[:700]), unit(FEATURES[700:])


def test_the_nearest_are_those_of_brute_force() -> None:
    indices, distances = nearest(QUERIES, CANDIDATES, 12)
    oracle = NearestNeighbors(n_neighbors=12, metric="cosine", algorithm="brute").fit(CANDIDATES.astype(np.float64))
    expected_distances, expected_indices = oracle.kneighbors(QUERIES.astype(np.float64))
    assert np.allclose(distances, expected_distances, atol=1e-5)
    assert (indices == expected_indices).mean() > 0.999


def test_of_equally_near_ones_the_earlier_comes_first() -> None:
    indices, distances = nearest(QUERIES[:1], np.repeat(QUERIES[:1], 3, axis=0), 3)
    assert indices.tolist() == [[0, 1, 2]]
    assert distances == pytest.approx(0, abs=1e-6)


def test_with_fewer_candidates_than_wanted_there_are_all_of_them() -> None:
    indices, _ = nearest(QUERIES[:5], CANDIDATES[:3], 12)
    assert np.array_equal(np.sort(indices), np.tile([0, 1, 2], (5, 1)))


def test_what_has_no_length_stays_zero() -> None:
    assert not unit(np.zeros((2, 3), np.float32)).any()
