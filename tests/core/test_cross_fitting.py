"""What is held out inside a run: predictions of its own images by models that did not learn from these."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import RunConfig
from core.data.data_set import DataSet
from core.learning import cross_fitting
from core.learning.cross_fitting import HeldOut, held_out_of
from core.learning.training import Training
from core.presets import config_of
from tests.core.test_any_data import data_of


def config(weights: str, **changes: object) -> RunConfig:
    brief = {"input_size": 32, "epochs": 10, "batch_size": 16, "threads": 1, "precision": "float32"}
    return config_of("transfer", weights_file=weights, **(brief | changes))


def held_out(chosen: RunConfig, data: DataSet, folder: Path) -> tuple[Training, HeldOut]:
    training = Training(chosen, data, folder)
    list(training.events())
    held = held_out_of(chosen, training.batches, training.learner, training.load_best())
    assert held is not None
    return training, held


def accuracy(held: HeldOut, data: DataSet) -> float:
    return float((held.logs.argmax(axis=1) == data.train_labels[held.places]).mean())


def noise(count: int) -> DataSet:
    """Images whose labels cannot be told from them."""
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (count, 32, 32, 3), np.uint8), random.integers(0, 2, count)
    return DataSet("noise", "Noise", ("a", "b"), images, labels, images[:2], labels[:2])


@pytest.mark.slow
def test_labels_that_can_only_be_remembered_are_not_told_by_who_has_not_seen_them(weights: str, tmp_path: Path) -> None:
    data = noise(60)
    training, held = held_out(config(weights, epochs=30), data, tmp_path)
    assert training.epochs[-1].train_accuracy > 0.9
    assert accuracy(held, data) < 0.7
    assert held.places.tolist() == list(range(60))
    assert np.exp(held.logs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert held.features.shape == (60, 2816)


@pytest.mark.slow
def test_images_of_one_group_are_held_out_together(weights: str, tmp_path: Path) -> None:
    data = noise(40)
    twice = replace(
        data, train_images=np.repeat(data.train_images, 2, axis=0), train_labels=np.repeat(data.train_labels, 2)
    )
    chosen = config(weights, epochs=30)
    _, apart = held_out(chosen, twice, tmp_path / "apart")
    _, together = held_out(chosen, replace(twice, train_groups=np.repeat(np.arange(40), 2)), tmp_path / "together")
    assert accuracy(apart, twice) > 0.8
    assert accuracy(together, twice) < 0.7


def test_a_run_of_a_fold_leaves_its_fold_alone(weights: str, tmp_path: Path) -> None:
    data = data_of(3, 20, 32, colour=True)
    training, held = held_out(config(weights, epochs=2, folds=3, fold=2), data, tmp_path)
    assert held.places.tolist() == training.batches.learnt_from.tolist()
    assert not np.isin(held.places, training.batches.validated_on).any()


def test_nothing_is_held_out_of_many_images_or_by_models_of_more_than_one_layer(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of(3, 20, 32, colour=True)
    chosen = config(weights, epochs=1)
    training, _ = held_out(chosen, data, tmp_path)
    monkeypatch.setattr(cross_fitting, "MOST_IMAGES", 59)
    assert held_out_of(chosen, training.batches, training.learner, training.load_best()) is None
