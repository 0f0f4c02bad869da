"""What a run resumes from: whole files only, found again after any interruption, and never more than is needed."""

import errno
from pathlib import Path
from typing import Any

import pytest

from core import checkpoints, training
from core.config import validated
from core.errors import CheckpointError
from core.evaluation import loss_and_accuracy
from core.resumption import ResumptionFolder
from core.training import CheckpointFailed, CheckpointSaved, Progress, Training
from tests.core.small_data import small_data

DATA = small_data()
CNN = validated({"epochs": 2, "train_size": 200, "threads": 1, "seed": 3})


def test_what_a_killed_process_left_half_written_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-0001-000004.pt.4711.part").write_bytes(b"half")
    assert ResumptionFolder(tmp_path).newest() is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_which_every_checkpoint_is_damaged_is_not_silently_begun_anew(tmp_path: Path) -> None:
    folder = ResumptionFolder(tmp_path)
    for batch in (1, 2):
        folder.write({"batch": batch}, 1, batch)
    for path in tmp_path.glob("checkpoint-*.pt"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="No checkpoint of this run is whole") as raised:
        ResumptionFolder(tmp_path).newest()
    assert "--from-start" in raised.value.advice


@pytest.mark.slow
def test_a_run_that_was_interrupted_before_writes_checkpoints_soon_and_then_ever_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.05
        return now

    monkeypatch.setattr(training.time, "monotonic", clock)
    config = CNN.model_copy(update={"train_size": 1000, "epochs": 1, "batch_size": 10})
    events = list(Training(config, DATA, tmp_path, soon=True).events())
    saved = [event.batch for event in events if isinstance(event, CheckpointSaved) and event.batch]
    distances = [later - earlier for earlier, later in zip(saved, saved[1:], strict=False)]
    assert saved[0] == 1
    assert len(distances) > 1
    assert distances == sorted(distances)


def test_what_an_epoch_has_learnt_is_kept_before_a_validation_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def validated_slowly(*arguments: Any) -> tuple[float, float]:
        nonlocal now
        now += 40
        return loss_and_accuracy(*arguments)

    monkeypatch.setattr(training.time, "monotonic", lambda: now)
    monkeypatch.setattr(training, "loss_and_accuracy", validated_slowly)
    run = Training(CNN, DATA, tmp_path)
    saved = []
    for event in run.events():
        now += 3 if isinstance(event, Progress) else 0
        saved += [(event.epoch, event.batch)] if isinstance(event, CheckpointSaved) else []
    assert saved == [(2, 0), (2, 4), (3, 0)]
    assert Training(CNN, DATA, tmp_path).is_trained()


@pytest.mark.slow
def test_learning_goes_on_while_there_is_no_room_and_the_best_weights_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_peace = Training(CNN, DATA, tmp_path / "peace")
    list(in_peace.events())
    run = Training(CNN, DATA, tmp_path / "run")
    with monkeypatch.context() as full:

        def refuse(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(checkpoints, "write", refuse)
        events = list(run.events())
    assert [event.reason for event in events if isinstance(event, CheckpointFailed)] == ["No space left on device"] * 2
    assert not any(isinstance(event, CheckpointSaved) for event in events)
    weights, expected = run.load_best().state_dict(), in_peace.load_best().state_dict()
    assert all(weights[name].equal(expected[name]) for name in expected)
    run.save_checkpoint()
    assert Training(CNN, DATA, tmp_path / "run").epochs == run.epochs


def test_trouble_with_the_disk_that_does_not_pass_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(checkpoints, "write", refuse)
    with pytest.raises(PermissionError):
        list(Training(CNN, DATA, tmp_path).events())
