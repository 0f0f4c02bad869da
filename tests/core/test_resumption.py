"""What a run resumes from: whole files only, found again after any interruption, and never more than is needed."""

import errno
from pathlib import Path
from typing import Any

import pytest

from core.config import validated
from core.errors import CheckpointError, CheckpointUnreadable
from core.learning import batches, checkpoints, training
from core.learning.evaluation import Measured, measure
from core.learning.resumption import ResumptionFolder
from core.learning.training import CheckpointFailed, CheckpointSaved, Progress, Training
from tests.core.small_data import small_data
from tests.rights import rights_of_files_hold

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
    with pytest.raises(CheckpointError, match="This run has no intact checkpoint") as raised:
        ResumptionFolder(tmp_path).newest()
    assert "--from-start" in raised.value.advice


def with_two_checkpoints(path: Path) -> ResumptionFolder:
    """Two checkpoints with different best weights, the second one before its last write has been cleared up."""
    folder = ResumptionFolder(path)
    for epoch in (1, 2):
        folder.write_best({"weights": epoch}, epoch)
        folder.write({"epoch": epoch, "best_epoch": epoch}, epoch + 1, 0)
    return folder


def test_a_checkpoint_whose_best_weights_are_damaged_or_gone_is_not_whole(tmp_path: Path) -> None:
    folder = with_two_checkpoints(tmp_path)
    (tmp_path / "best-0002.pt").unlink()
    checkpoint = folder.newest()
    assert checkpoint is not None
    assert checkpoint["epoch"] == 1
    assert "best-0002.pt" in folder.notes[0]
    (tmp_path / "best-0001.pt").write_bytes((tmp_path / "best-0001.pt").read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"This run has no intact checkpoint.*best-0001.pt") as raised:
        folder.newest()
    assert "--from-start" in raised.value.advice


def test_the_best_weights_of_a_checkpoint_stay_until_a_later_checkpoint_is_written(tmp_path: Path) -> None:
    folder = with_two_checkpoints(tmp_path)
    folder.write_best({"weights": 3}, 3)
    kept = {path.name for path in tmp_path.glob("best-*.pt")}
    assert kept == {"best-0001.pt", "best-0002.pt", "best-0003.pt"}
    folder.write({"epoch": 3, "best_epoch": 3}, 4, 0)
    assert {path.name for path in tmp_path.glob("best-*.pt")} == {"best-0002.pt", "best-0003.pt"}


def test_a_checkpoint_that_may_not_be_read_is_not_taken_for_damaged(tmp_path: Path) -> None:
    with_two_checkpoints(tmp_path)
    (tmp_path / "checkpoint-0003-000000.pt").chmod(0)
    with rights_of_files_hold(), pytest.raises(CheckpointUnreadable, match="Permission denied") as raised:
        ResumptionFolder(tmp_path).newest()
    assert raised.value.kind == "disk"
    assert "--from-start" not in str(raised.value)


def test_the_time_that_a_run_was_suspended_is_no_part_of_its_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(training.time, "monotonic", lambda: now)
    run = Training(CNN.model_copy(update={"epochs": 1}), DATA, tmp_path)
    speeds = []
    for event in run.events():
        if isinstance(event, Progress):
            speeds.append(event.images_per_s)
            # Suspended for a thousand seconds; then it goes on.
            now += 1000
            run.clock.take()
        now += 2
    assert run.epochs[0].duration_s < 30
    assert speeds[-1] > 10


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
    saved = [event.batch for event in events if isinstance(event, CheckpointSaved) and 0 < event.batch < 100]
    distances = [later - earlier for earlier, later in zip(saved, saved[1:], strict=False)]
    assert saved[0] == 1
    assert len(distances) > 1
    assert distances == sorted(distances)


def test_what_an_epoch_has_learnt_is_kept_before_a_validation_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def validated_slowly(*arguments: Any) -> Measured:
        nonlocal now
        now += 40
        return measure(*arguments)

    monkeypatch.setattr(training.time, "monotonic", lambda: now)
    monkeypatch.setattr(batches, "measure", validated_slowly)
    run = Training(CNN, DATA, tmp_path)
    saved = []
    for event in run.events():
        now += 3 if isinstance(event, Progress) else 0
        saved += [(event.epoch, event.batch)] if isinstance(event, CheckpointSaved) else []
    # Before the first validation nobody knows that it takes longer than to learn as many images.
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
    # One at the end of each of the two epochs.
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
