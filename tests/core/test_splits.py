"""Which images a run learns from and which it is validated on."""

from typing import Any

import numpy as np
import pytest

from core.config import RunConfig
from core.data import splits
from core.data.data_set import DataSet
from core.errors import ConfigurationError

LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 6000))


def test_the_split_is_stratified_complete_and_without_overlap() -> None:
    training, validation = splits.split(LABELS, seed=3)
    assert np.bincount(LABELS[training]).tolist() == [5400] * 10
    assert np.bincount(LABELS[validation]).tolist() == [600] * 10
    assert np.array_equal(np.sort(np.concatenate([training, validation])), np.arange(60_000))


def test_a_smaller_training_set_is_stratified_and_part_of_the_larger_one() -> None:
    everything, validation = splits.split(LABELS, seed=3)
    some, same_validation = splits.split(LABELS, seed=3, train_size=1004)
    fewer, _ = splits.split(LABELS, seed=3, train_size=500)
    assert len(some) == 1004
    assert set(np.bincount(LABELS[some])) == {100, 101}
    assert set(fewer) < set(some) < set(everything)
    assert np.array_equal(validation, same_validation)


@pytest.mark.parametrize("folds", [2, 5, 7])
def test_the_folds_of_a_seed_share_out_all_training_images_class_by_class(folds: int) -> None:
    parts = [splits.fold_split(LABELS, 3, folds, fold) for fold in range(1, folds + 1)]
    validations = [validation for _, validation in parts]
    assert np.array_equal(np.sort(np.concatenate(validations)), np.arange(60_000))
    for training, validation in parts:
        assert np.array_equal(np.sort(np.concatenate([training, validation])), np.arange(60_000))
        assert abs(len(validation) - 60_000 / folds) < 1
        assert np.abs(np.bincount(LABELS[validation]) - 6000 / folds).max() < 1


def test_a_fold_depends_on_the_seed_alone_and_a_smaller_training_set_is_stratified() -> None:
    training, validation = splits.fold_split(LABELS, 3, 5, 2)
    some, same_validation = splits.fold_split(LABELS, 3, 5, 2, train_size=1000)
    assert np.array_equal(validation, same_validation)
    assert set(some) < set(training)
    assert np.bincount(LABELS[some]).tolist() == [100] * 10
    assert not np.array_equal(validation, splits.fold_split(LABELS, 4, 5, 2)[1])


def test_another_seed_gives_another_split() -> None:
    assert not np.array_equal(splits.split(LABELS, seed=0)[1], splits.split(LABELS, seed=1)[1])


def test_the_split_of_a_seed_never_changes() -> None:
    """These very images decide every stored result: a change here makes old and new runs incomparable."""
    training, validation = splits.split(np.arange(100) % 10, seed=7, train_size=20)
    assert training.tolist() == [4, 11, 12, 20, 31, 35, 39, 46, 48, 52, 63, 65, 67, 74, 79, 80, 83, 88, 96, 97]
    assert validation.tolist() == [6, 21, 23, 24, 32, 37, 55, 90, 98, 99]


def small(labels: np.ndarray, **more: Any) -> DataSet:
    """Blank images with these labels."""
    images = np.zeros((len(labels), 8, 8), np.uint8)
    names = tuple(f"class {number}" for number in range(int(labels.max()) + 1))
    return DataSet("some", "Some images", names, images, labels, images, labels, **more)


def test_every_class_of_a_small_set_with_two_images_is_validated_and_learnt() -> None:
    labels = np.repeat(np.arange(5), [2, 3, 1, 12, 20])
    for seed in range(20):
        training, validation = splits.split_for(RunConfig(seed=seed), small(labels))
        assert sorted([*training, *validation]) == list(range(len(labels)))
        assert np.bincount(labels[validation], minlength=5).tolist() == [1, 1, 0, 1, 1]
        assert np.bincount(labels[training], minlength=5).min() >= 1


def test_a_rare_class_is_in_a_smaller_training_set_where_there_is_room() -> None:
    labels = np.repeat(np.arange(4), [1000, 1000, 1000, 5])
    training, _ = splits.split(labels, seed=0, train_size=40)
    assert len(training) == 40
    assert np.bincount(labels[training], minlength=4).min() == 1
    assert len(splits.split(labels, seed=0, train_size=2)[0]) == 2


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2, 3]])
def test_a_set_that_cannot_be_split_is_refused(labels: list[int]) -> None:
    with pytest.raises(ConfigurationError, match="Some images has too few training images"):
        splits.split_for(RunConfig(), small(np.array(labels)))


def test_a_fold_without_images_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="too few .* use fewer folds"):
        splits.split_for(RunConfig(folds=20, fold=20), small(np.arange(12) % 2))


def test_the_validation_images_that_a_set_names_are_taken() -> None:
    labels, named = np.arange(100) % 2, np.array([3, 50, 51, 99])
    everything, validation = splits.split_for(RunConfig(), small(labels, validation=named))
    assert np.array_equal(validation, named)
    assert np.array_equal(everything, np.setdiff1d(np.arange(100), named))
    some, _ = splits.split_for(RunConfig(train_size=20), small(labels, validation=named))
    assert set(some) < set(everything)
    assert np.bincount(labels[some]).tolist() == [10, 10]
    other, _ = splits.split_for(RunConfig(train_size=20, seed=1), small(labels, validation=named))
    assert not np.array_equal(some, other)


def groups_of(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Groups of one class each, of up to 2 * size - 1 images, under numbers without any order."""
    random = np.random.default_rng(seed)
    counted = np.cumsum(random.random(len(labels)) < 1 / size)
    return random.permutation(len(labels) * 30)[np.unique(counted * 10 + labels, return_inverse=True)[1]]


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_on_one_side_and_classes_keep_their_shares(seed: int) -> None:
    labels = np.random.default_rng(seed).choice(4, 2000, p=[0.5, 0.3, 0.15, 0.05])
    groups = groups_of(labels, 4, seed)
    training, validation = splits.split_for(RunConfig(seed=seed), small(labels, train_groups=groups))
    assert not set(groups[training]) & set(groups[validation])
    assert len(training) + len(validation) == 2000
    shares = np.bincount(labels[validation], minlength=4) / np.bincount(labels)
    assert shares == pytest.approx([0.1] * 4, abs=0.03)
    again = splits.split_for(RunConfig(seed=seed), small(labels, train_groups=groups))
    assert np.array_equal(again[1], validation)
    other = splits.split_for(RunConfig(seed=seed + 1), small(labels, train_groups=groups))
    assert not np.array_equal(other[1], validation)


@pytest.mark.parametrize("folds", [2, 5, 7])
def test_folds_of_groups_share_out_all_images_and_divide_no_group(folds: int) -> None:
    labels = np.random.default_rng(folds).choice(4, 1000, p=[0.5, 0.3, 0.15, 0.05])
    groups = groups_of(labels, 3, folds)
    data = small(labels, train_groups=groups)
    parts = [splits.split_for(RunConfig(folds=folds, fold=fold), data) for fold in range(1, folds + 1)]
    assert np.array_equal(np.sort(np.concatenate([validation for _, validation in parts])), np.arange(1000))
    for training, validation in parts:
        assert not set(groups[training]) & set(groups[validation])
        shares = np.bincount(labels[validation], minlength=4) / np.bincount(labels)
        assert shares == pytest.approx([1 / folds] * 4, abs=0.08)


def test_a_class_of_two_groups_is_on_both_sides_and_a_class_of_a_single_group_is_learnt() -> None:
    labels = np.repeat([0, 1, 2], [40, 40, 40])
    groups = np.concatenate([np.repeat([0, 1], [35, 5]), np.full(40, 2), np.arange(40) + 3])
    training, validation = splits.split_for(RunConfig(), small(labels, train_groups=groups))
    assert set(groups[validation]) & {0, 1} == {1}
    assert 2 in set(groups[training])
    assert np.bincount(labels[validation]).tolist() == [5, 0, 4]


def test_images_of_a_single_group_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="too few"):
        splits.split_for(RunConfig(), small(np.arange(50) % 2, train_groups=np.zeros(50, np.int64)))
