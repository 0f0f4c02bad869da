"""A drawn test set: of each class, in whole groups, the same for a seed, and never without images to learn from."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from core.datasets import duplicates
from core.datasets.duplicates import clustered, find_duplicates, shown_again
from core.datasets.health import leaking
from core.datasets.pixels.pixel_rows import stored_rows
from core.datasets.pixels.squares import border_colour, squared
from core.datasets.splitting import draw_test
from core.statistics.near_duplicates import NEAR_DUPLICATE
from tests.core.datasets.pictures import picture


def singles(labels: np.ndarray) -> np.ndarray:
    return np.arange(len(labels))


def test_without_groups_each_class_has_its_share_to_the_image() -> None:
    labels = np.repeat([0, 1, 2], [100, 50, 7])
    drawn = draw_test(labels, singles(labels), 0.2, seed=3)
    assert np.bincount(labels[drawn.test]).tolist() == [20, 10, 1]
    assert (draw_test(labels, singles(labels), 0.2, seed=3).test == drawn.test).all()
    assert (draw_test(labels, singles(labels), 0.2, seed=4).test != drawn.test).any()


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=8, max_size=80),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.integers(0, 1000),
)
def test_groups_stay_whole_and_every_class_keeps_an_image_to_learn_from(
    pictures: list[tuple[int, int]], share: float, seed: int
) -> None:
    present = sorted({label for label, _ in pictures})
    labels = np.array([present.index(label) for label, _ in pictures] + list(range(len(present))))
    groups = np.array([group for _, group in pictures] + [100 + place for place in range(len(present))])
    drawn = draw_test(labels, groups, share, seed)
    assert not set(groups[drawn.test]) & set(groups[~drawn.test])
    assert set(labels[~drawn.test]) == set(labels)
    assert set(drawn.without) == set(labels) - set(labels[drawn.test])
    assert len(leaking(~drawn.test, drawn.test, groups)) == 0


def test_what_is_fixed_stays_and_only_classes_without_test_images_are_drawn_from() -> None:
    labels = np.repeat([0, 1], [50, 20])
    fixed = np.zeros(70, bool)
    fixed[[3, 4, 5]] = True
    drawn = draw_test(labels, singles(labels), 0.2, 0, fixed)
    assert np.flatnonzero(drawn.test[:50]).tolist() == [3, 4, 5]
    assert np.count_nonzero(drawn.test[50:]) == 4
    more = draw_test(labels, singles(labels), 0.2, 0, fixed, only_new=False)
    assert more.test[fixed].all()
    assert np.bincount(labels[more.test]).tolist() == [10, 4]


def test_a_class_of_one_group_stays_for_learning() -> None:
    labels, groups = np.repeat([0, 1], 6), np.array([0, 1, 2, 3, 4, 5, *[6] * 6])
    assert draw_test(labels, groups, 0.2, 0).without == (1,)


def test_clusters_are_chains_of_pairs() -> None:
    clusters = clustered(6, np.array([[0, 1], [1, 4], [2, 3]]))
    assert len(set(clusters[[0, 1, 4]])) == len(set(clusters[[2, 3]])) == 1
    assert len(set(clusters)) == 3


def test_near_duplicates_are_those_whose_pixels_correlate(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = np.stack([np.asarray(picture(number, (48, 48))) for number in range(40)]).astype(float)
    noisy = images[:20] + rng.normal(0, 1, (20, 1, 1, 1)) * 4 * rng.normal(0, 1, images[:20].shape)
    everything = np.concatenate([images, noisy, images[20:23, :, ::-1]]).clip(0, 255).round().astype(np.uint8)
    np.save(tmp_path / "images.npy", everything)
    pairs = {tuple(pair) for pair in find_duplicates(stored_rows(tmp_path / "images.npy")).near.tolist()}
    flat = everything.reshape(len(everything), -1)
    expected = {
        (a, b) for a in range(40) for b in range(a + 1, 60) if pearsonr(flat[a], flat[b]).statistic >= NEAR_DUPLICATE
    }
    assert pairs == expected | {(20 + n, 60 + n) for n in range(3)}
    assert 5 < len(expected) <= 20


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_an_image_is_known_again_by_its_pixels_also_brightened_and_not_among_others(tmp_path: Path, mode: str) -> None:
    images = np.stack([np.asarray(picture(number, (48, 48), mode)) for number in range(24)])
    np.save(tmp_path / "images.npy", images[:20])
    brightened = (images[3] * 0.9 + 20).astype(np.uint8)
    squares = np.stack([images[7], brightened, *images[20:]])
    assert shown_again(stored_rows(tmp_path / "images.npy"), squares).tolist() == [True, True, *[False] * 4]


def test_images_that_are_all_alike_are_not_bound_together(tmp_path: Path) -> None:
    base = np.asarray(picture(0, (32, 32), "L")).astype(float)
    alike = base + np.random.default_rng(1).normal(0, 2, (60, 32, 32))
    np.save(tmp_path / "images.npy", alike.clip(0, 255).astype(np.uint8))
    search = find_duplicates(stored_rows(tmp_path / "images.npy"))
    assert len(set(search.clusters)) == 60
    assert search.note.startswith("60 images are alike by a chain of pairs")


def test_a_search_that_would_take_too_long_is_left_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_SEARCHED", 5)
    images = np.stack([np.asarray(picture(number, (28, 28), "L")) for number in (0, 1, 2, 3, 4, 5, 6, 0)])
    np.save(tmp_path / "images.npy", images)
    search = find_duplicates(stored_rows(tmp_path / "images.npy"))
    assert search.equal.tolist() == [[0, 7]]
    assert search.note == "Near duplicates are searched among at most 5 images; equal images were found."


def test_squares_are_padded_evenly_and_never_distorted() -> None:
    tall = np.full((60, 20), 7, np.uint8)
    tall[20:40, 5:15] = 250
    square = squared(tall, 30)
    assert square.shape == (30, 30)
    assert (square[:, :10] == border_colour(tall)).all()
    assert (square[:, 20:] == 7).all()
    assert (square[11:19, 13:17] == 250).all()
    assert squared(np.zeros((1, 5000, 3), np.uint8), 28).shape == (28, 28, 3)
    assert squared(np.zeros((8, 8), np.uint8), 28).shape == (28, 28)
