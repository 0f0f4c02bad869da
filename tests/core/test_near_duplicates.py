"""Near-duplicates: planted ones are found, and every pair that a comparison of all with all would find."""

import numpy as np
import pytest

from core.data.data_set import DataSet
from core.data.fashion_mnist import load
from core.statistics.near_duplicates import NEAR_DUPLICATE, Pairs, find_pairs
from jobs.settings import settings


def pairs_of(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


@pytest.fixture(scope="module")
def some() -> np.ndarray:
    """3,000 real images."""
    data: DataSet = load(settings().data)
    return np.array(data.train_images[:3000])


@pytest.mark.slow
def test_what_is_found_is_what_comparing_all_with_all_in_float64_finds(some: np.ndarray) -> None:
    pairs = find_pairs(some, 0.97)
    plain = some.reshape(len(some), -1).astype(np.float64)
    turned = some[:, :, ::-1].reshape(len(some), -1).astype(np.float64)
    as_they_stand = np.corrcoef(plain)
    mirrored = np.corrcoef(plain, turned)[: len(some), len(some) :]
    expected = np.triu(np.maximum(as_they_stand, mirrored), 1)
    assert pairs_of(pairs) == set(zip(*(positions.tolist() for positions in np.nonzero(expected >= 0.97)), strict=True))
    assert len(pairs) > 50
    assert pairs.similarity == pytest.approx(expected[pairs.first, pairs.second], abs=1e-5)
    assert np.array_equal(pairs.mirrored, (mirrored > as_they_stand)[pairs.first, pairs.second])


def test_planted_duplicates_are_found_brighter_mirrored_noisy_and_equal(some: np.ndarray) -> None:
    images = some[:500].copy()
    noise = np.random.default_rng(0).integers(-3, 4, (28, 28))
    brighter = (0.6 * images[10].astype(float) + 20).astype(np.uint8)
    noisy = np.clip(images[20].astype(int) + noise, 0, 255).astype(np.uint8)
    planted = np.stack([brighter, images[11][:, ::-1], noisy, images[21], images[21]])
    pairs = find_pairs(np.concatenate([images, planted]), NEAR_DUPLICATE)
    assert {(10, 500), (11, 501), (20, 502), (21, 503), (21, 504)} <= pairs_of(pairs)
    assert (503, 504) not in pairs_of(pairs)
    by_pair = dict(zip(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True), pairs.mirrored, strict=True))
    assert by_pair[11, 501]
    assert not by_pair[10, 500]


def test_the_most_similar_pairs_come_first(some: np.ndarray) -> None:
    pairs = find_pairs(np.concatenate([some[:300], some[:3]]), 0.95)
    assert pairs.similarity[:3].tolist() == [1.0] * 3
    assert (np.diff(pairs.similarity) <= 0).all()
    assert (pairs.first < pairs.second).all()


def test_grey_images_are_duplicates_of_equal_ones_only() -> None:
    grey = np.repeat(np.array([0, 0, 7], np.uint8), 784).reshape(3, 28, 28)
    assert pairs_of(find_pairs(grey)) == {(0, 1)}


def test_progress_is_told_as_a_growing_share(some: np.ndarray) -> None:
    told: list[float] = []
    find_pairs(some[:2500], progress=told.append)
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] < 1
