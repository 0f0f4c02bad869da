"""Nearest images against scikit-learn's brute force, and principal axes against its PCA."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from core.answers.neighbours import PrincipalAxes, nearest, unit

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


def test_principal_axes_are_those_of_scikit_learn() -> None:
    axes = PrincipalAxes.of(FEATURES, 15)
    oracle = PCA(15, svd_solver="full").fit(FEATURES.astype(np.float64))
    agreement = np.abs((axes.basis * oracle.components_.T).sum(axis=0))
    assert agreement == pytest.approx(1, abs=1e-3)
    assert np.allclose(axes.basis.T @ axes.basis, np.eye(15), atol=1e-5)
    assert np.allclose(np.abs(axes.coordinates(FEATURES)), np.abs(oracle.transform(FEATURES)), atol=0.02)


def test_there_are_no_more_axes_than_features() -> None:
    assert PrincipalAxes.of(FEATURES, 100).basis.shape == (40, 40)
