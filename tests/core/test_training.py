"""A run learns, stops when it should, and goes on bit for bit from wherever it was interrupted."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from core.config import RunConfig, validated
from core.errors import CheckpointError, ConfigurationError
from core.learning import checkpoints
from core.learning.checkpoints import load_model, save_model
from core.learning.evaluation import log_probabilities
from core.learning.training import CheckpointSaved, EpochEnded, EpochFigures, Event, Progress, Training
from core.machine import precision
from core.presets import config_of
from tests.core.small_data import small_data

pytestmark = pytest.mark.slow

DATA = small_data()
CNN = validated({"epochs": 2, "train_size": 100, "batch_size": 50, "threads": 1, "seed": 3})


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """A run of ResNet18 on top of a frozen trunk."""
    weights = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), weights)
    small = CNN.model_dump(include={"epochs", "train_size", "batch_size", "threads", "seed"})
    return config_of("resnet18", step_epochs=1, weights_file=str(weights), **small)


def learn(training: Training) -> list[Event]:
    return list(training.events())


def outcome(training: Training, config: RunConfig) -> tuple[list[EpochFigures], dict[str, torch.Tensor], np.ndarray]:
    """Figures but for durations, best weights and log-probabilities."""
    figures = [replace(epoch, duration_s=0.0) for epoch in training.epochs]
    best = training.load_best()
    return figures, best.state_dict(), log_probabilities(best, DATA.test_images, config)


def assert_equal_bits(run: Training, other: Training, config: RunConfig) -> None:
    figures, weights, logs = outcome(run, config)
    other_figures, other_weights, other_logs = outcome(other, config)
    assert figures == other_figures
    assert weights.keys() == other_weights.keys()
    assert all(torch.equal(weights[name], other_weights[name]) for name in weights)
    assert np.array_equal(logs, other_logs)


def run_interrupted_after_every_batch(config: RunConfig, folder: Path) -> Training:
    while not (training := Training(config, DATA, folder)).is_trained():
        next(training.events())
        training.save_checkpoint()
        # The state of the process is not part of the run.
        torch.rand(7)
    return training


@pytest.mark.slow
def test_a_cnn_interrupted_after_every_batch_ends_as_one_left_in_peace(tmp_path: Path) -> None:
    undisturbed = Training(CNN, DATA, tmp_path / "undisturbed")
    learn(undisturbed)
    assert_equal_bits(undisturbed, run_interrupted_after_every_batch(CNN, tmp_path / "interrupted"), CNN)


@pytest.mark.slow
def test_a_resnet18_interrupted_after_every_batch_ends_as_one_left_in_peace(
    resnet18: RunConfig, tmp_path: Path
) -> None:
    undisturbed = Training(resnet18, DATA, tmp_path / "undisturbed")
    learn(undisturbed)
    assert_equal_bits(undisturbed, run_interrupted_after_every_batch(resnet18, tmp_path / "interrupted"), resnet18)


@pytest.mark.slow
def test_a_run_with_averaged_weights_interrupted_after_every_batch_ends_as_one_left_in_peace(tmp_path: Path) -> None:
    config = CNN.model_copy(
        update={
            **{"optimizer": "adamw", "weight_decay": 0.05, "weight_averaging": 0.9, "precision": "auto"},
            **{"augmentation": "flip-shift-erase", "schedule": "cosine"},
        }
    )
    undisturbed = Training(config, DATA, tmp_path / "undisturbed")
    learn(undisturbed)
    assert_equal_bits(undisturbed, run_interrupted_after_every_batch(config, tmp_path / "interrupted"), config)


def test_a_run_tells_of_every_batch_epoch_and_checkpoint(tmp_path: Path) -> None:
    events = learn(Training(CNN, DATA, tmp_path))
    kinds = [type(event) for event in events]
    assert kinds == [
        *(Progress, Progress, EpochEnded, CheckpointSaved),
        *(Progress, Progress, EpochEnded, CheckpointSaved),
    ]
    positions = [(event.epoch, event.batch, event.batches) for event in events if isinstance(event, Progress)]
    assert positions == [(1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2)]


def test_a_run_learns_what_can_be_learnt(tmp_path: Path) -> None:
    config = CNN.model_copy(update={"augmentation": "none", "train_size": 500})
    training = Training(config, DATA, tmp_path)
    learn(training)
    assert training.epochs[-1].val_accuracy > 0.9


def test_a_model_that_was_saved_predicts_the_same_when_loaded(tmp_path: Path) -> None:
    training = Training(CNN, DATA, tmp_path)
    learn(training)
    best = training.load_best()
    save_model(tmp_path / "model.pt", best, CNN, {"note": "kept"})
    loaded = load_model(tmp_path / "model.pt")
    assert loaded.config == CNN
    assert loaded.extra == {"note": "kept"}
    expected = log_probabilities(best, DATA.test_images, CNN)
    assert np.array_equal(log_probabilities(loaded.model, DATA.test_images, CNN), expected)


def test_the_batch_size_of_evaluation_changes_nothing_that_matters(tmp_path: Path) -> None:
    training = Training(CNN, DATA, tmp_path)
    learn(training)
    best = training.load_best()
    whole = log_probabilities(best, DATA.test_images, CNN)
    assert np.allclose(whole, log_probabilities(best, DATA.test_images, CNN, batch_size=7), atol=1e-5)
    assert whole.dtype == np.float32
    assert np.allclose(np.exp(whole).sum(1), 1, atol=1e-5)


def with_losses(training: Training, losses: list[float]) -> Training:
    training.epochs = [EpochFigures(n, 1.0, 0.5, loss, 0.5, 1e-3, 1.0) for n, loss in enumerate(losses, 1)]
    return training


def test_early_stopping_waits_as_long_as_its_patience(tmp_path: Path) -> None:
    training = Training(CNN.model_copy(update={"epochs": 20, "patience": 2}), DATA, tmp_path)
    assert not with_losses(training, [0.5, 0.4, 0.41]).is_trained()
    assert with_losses(training, [0.5, 0.4, 0.41, 0.4]).is_trained()
    assert training.best_epoch == 2


def test_patience_zero_never_stops_early(tmp_path: Path) -> None:
    training = Training(CNN.model_copy(update={"epochs": 9, "patience": 0}), DATA, tmp_path)
    assert not with_losses(training, [0.1] + [0.5] * 7).is_trained()
    assert with_losses(training, [0.1] + [0.5] * 8).is_trained()


def test_a_learning_rate_that_is_much_too_high_is_named(tmp_path: Path) -> None:
    config = CNN.model_copy(update={"learning_rate": 1e38, "epochs": 20, "patience": 0})
    with pytest.raises(ConfigurationError, match="lower learning rate"):
        learn(Training(config, DATA, tmp_path))


def test_weights_that_validate_to_no_number_are_named_and_no_epoch_is_recorded(tmp_path: Path) -> None:
    training = Training(CNN, DATA, tmp_path)
    events = training.events()
    next(event for event in events if isinstance(event, Progress) and event.batch == event.batches)
    with torch.no_grad():
        next(training.model.parameters()).fill_(math.nan)
    with pytest.raises(ConfigurationError, match="validation loss of epoch 1 is nan"):
        next(events)
    assert training.epochs == []


@pytest.mark.slow
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before_and_says_so(tmp_path: Path) -> None:
    undisturbed = Training(CNN, DATA, tmp_path / "undisturbed")
    learn(undisturbed)
    first = Training(CNN, DATA, tmp_path / "run")
    events = first.events()
    for _ in range(2):
        next(events)
        first.save_checkpoint()
    newest = max((tmp_path / "run").glob("checkpoint-*"))
    newest.write_bytes(newest.read_bytes()[:-1])
    resumed = Training(CNN, DATA, tmp_path / "run")
    assert newest.name in resumed.notes[0]
    assert "Trying the checkpoint before it" in resumed.notes[0]
    learn(resumed)
    assert_equal_bits(undisturbed, resumed, CNN)


def test_only_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    learn(Training(CNN, DATA, tmp_path))
    assert [path.name for path in sorted(tmp_path.glob("checkpoint-*"))] == [
        "checkpoint-0002-000000.pt",
        "checkpoint-0003-000000.pt",
    ]


def test_a_checkpoint_of_other_settings_is_not_taken_up(tmp_path: Path) -> None:
    learn(Training(CNN, DATA, tmp_path))
    with pytest.raises(CheckpointError, match="another seed"):
        Training(CNN.model_copy(update={"seed": 4}), DATA, tmp_path)


def test_a_checkpoint_from_before_there_were_folds_is_taken_up(tmp_path: Path) -> None:
    first = Training(CNN, DATA, tmp_path)
    next(first.events())
    first.save_checkpoint()
    newest = max((tmp_path).glob("checkpoint-*"))
    stored = checkpoints.read(newest)
    del stored["config"]["folds"], stored["config"]["fold"]
    checkpoints.write(newest, stored)
    assert Training(CNN, DATA, tmp_path).batch == 1


def test_the_runs_of_all_folds_validate_on_every_training_image_once(tmp_path: Path) -> None:
    configs = [CNN.model_copy(update={"folds": 3, "fold": fold}) for fold in (1, 2, 3)]
    runs = [Training(config, DATA, tmp_path / str(config.fold)) for config in configs]
    validated_on = np.concatenate([run.validation[0] for run in runs])
    assert sorted(image.tobytes() for image in validated_on) == sorted(image.tobytes() for image in DATA.train_images)


def test_a_run_continued_where_it_cannot_compute_in_bfloat16_says_that_it_is_not_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CNN.model_copy(update={"precision": "auto"})
    for able, expected in ((True, ""), (False, "precision bfloat16, now float32")):
        monkeypatch.setattr(precision, "has_bfloat16", lambda able=able: able)
        training = Training(config, DATA, tmp_path)
        assert training.facts.precision == ("bfloat16" if able else "float32")
        assert expected in training.facts.inexact_because
        next(training.events())
        training.save_checkpoint()


def test_a_run_continued_with_other_threads_says_that_it_is_not_exact(tmp_path: Path) -> None:
    learn(Training(CNN, DATA, tmp_path))
    assert Training(CNN, DATA, tmp_path).facts.exact
    resumed = Training(CNN.model_copy(update={"threads": 2}), DATA, tmp_path)
    assert not resumed.facts.exact
    assert "threads 1, now 2" in resumed.facts.inexact_because


def test_a_run_continued_by_other_code_says_that_it_is_not_exact(tmp_path: Path) -> None:
    first = Training(CNN, DATA, tmp_path)
    next(first.events())
    first.save_checkpoint()
    newest = max(tmp_path.glob("checkpoint-*"))
    stored = checkpoints.read(newest)
    stored["conditions"] |= {"code": "0123456789ab", "preprocessing": "0"}
    checkpoints.write(newest, stored)
    reason = Training(CNN, DATA, tmp_path).facts.inexact_because
    assert "code 0123456789ab, now" in reason
    assert "preprocessing 0, now" in reason


def test_a_last_batch_of_one_image_is_left_out(tmp_path: Path) -> None:
    config = CNN.model_copy(update={"train_size": 101, "epochs": 1})
    events = learn(Training(config, DATA, tmp_path))
    assert sum(isinstance(event, Progress) for event in events) == 2
