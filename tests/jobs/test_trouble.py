"""Missing files, full disks, damaged checkpoints, a locked store: each is really made, told clearly, and outlived."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from core.data.data_set import DataSet
from core.data.idx import FILES, raw_folder
from core.presets import config_of
from jobs.running import queue
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.queries import get_run, list_attempts
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, open_store
from tests.jobs.configs import STEADY, TINY
from tests.jobs.working import (
    Outcome,
    clear_away,
    outcome,
    trainer,
    wait_for,
    wait_for_batches,
    wait_until_finished,
)

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


def wait_until_failed(store: Store, run_id: str) -> Run:
    run = wait_for(store, run_id, lambda run: not run.is_active)
    assert run.status == RunStatus.FAILED
    return run


def test_runs_without_data_fail_at_once_with_the_way_out_and_the_queue_goes_on(
    live_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "no-data"))
    ids = [queue.launch(live_store, TINY, f"run {number}") for number in range(2)]
    for run_id in ids:
        run = wait_until_failed(live_store, run_id)
        assert run.error_kind == "data"
        assert "python -m jobs data" in str(run.error_advice)
        assert len(list_attempts(live_store, run_id)) == 1
    clear_away(live_store)


def test_a_run_whose_data_are_damaged_without_a_change_of_size_fails_at_once_and_names_the_file(
    live_store: Store, real_data: DataSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert len(real_data.train_labels) == 60_000
    whole, damaged = raw_folder(settings().data), raw_folder(tmp_path / "damaged")
    damaged.mkdir(parents=True)
    for file in FILES:
        (damaged / file.name).symlink_to(whole / file.name)
    labels = damaged / "t10k-labels-idx1-ubyte"
    labels.unlink()
    shutil.copyfile(whole / labels.name, labels)
    flip_a_byte(labels)
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "damaged"))
    run = wait_until_failed(live_store, queue.launch(live_store, TINY))
    clear_away(live_store)
    assert run.error_kind == "data"
    assert f"{labels} is damaged: its SHA-256" in str(run.error_message)
    assert "python -m jobs data" in str(run.error_advice)
    assert len(list_attempts(live_store, run.id)) == 1


def test_a_run_without_its_weights_fails_at_once_with_the_ways_out(training_store: Store, tmp_path: Path) -> None:
    config = config_of("resnet18", weights_file=str(tmp_path / "gone.pth"), train_size=200, epochs=1, threads=1)
    run = wait_until_failed(training_store, queue.launch(training_store, config))
    assert run.error_kind == "weights"
    assert "gone.pth" in str(run.error_message)
    assert "pretrained" in str(run.error_advice)


def test_a_full_disk_is_told_nothing_is_lost_and_the_run_goes_on_once_there_is_room(
    training_store: Store, peaceful: Outcome
) -> None:
    run_id = queue.launch(training_store, STEADY)
    wait_for(training_store, run_id, lambda run: run.pid is not None)
    limited = psutil.Process(trainer(training_store, run_id))
    # Less than a checkpoint or a model needs, more than the run store does.
    limited.rlimit(psutil.RLIMIT_FSIZE, (8_000_000, psutil.RLIM_INFINITY))
    run = wait_for(training_store, run_id, lambda run: run.warning is not None)
    assert "No disk space for a checkpoint (File too large)" in str(run.warning)
    run = wait_for(training_store, run_id, lambda run: "Waiting for disk space" in str(run.warning))
    assert run.state == RunStatus.RUNNING
    assert run.is_waiting
    assert run.seconds_left is None
    limited.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    run = wait_until_finished(training_store, run_id)
    assert run.warning is None
    assert len(list_attempts(training_store, run_id)) == 1
    assert outcome(training_store, run_id) == peaceful


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 45 MB: room for one checkpoint, not for one with the best weights."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=45m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small file system; the limit on file sizes is tested everywhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_up(path: Path) -> None:
    """Write to a file until the disk takes no more."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(4096))


def test_a_small_disk_that_is_full_loses_nothing(small_disk: Path, live_store: Store, peaceful: Outcome) -> None:
    store = open_store(live_store.url, small_disk / "artifacts")
    try:
        run_id = queue.launch(store, STEADY)
        run = wait_for(store, run_id, lambda run: run.warning is not None)
        assert "No space left on device" in str(run.warning)
        # Everything is full, the log too.
        fill_up(small_disk / "filler")
        wait_for(store, run_id, lambda run: "Waiting for disk space" in str(run.warning))
        subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
        wait_until_finished(store, run_id)
        assert outcome(store, run_id) == peaceful
        assert len(list_attempts(store, run_id)) == 1
    finally:
        clear_away(store)


def stop_in_epoch_2(store: Store) -> tuple[str, list[Path]]:
    """A run stopped in its second epoch, and its checkpoints, the older first."""
    run_id = queue.launch(store, STEADY)
    wait_for_batches(store, run_id, 20, epoch=2)
    queue.stop(store, run_id)
    wait_for(store, run_id, lambda run: run.status == RunStatus.STOPPED)
    written = sorted(run_files.files_of(store, run_id).checkpoints.glob("checkpoint-*.pt"))
    assert len(written) == 2
    return run_id, written


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_two_fail_with_a_way_out(
    training_store: Store, peaceful: Outcome, tmp_path: Path
) -> None:
    run_id, (older, newer) = stop_in_epoch_2(training_store)
    shutil.copyfile(older, tmp_path / "kept")
    flip_a_byte(newer)
    cut_short(older)
    queue.resume(training_store, run_id)
    run = wait_until_failed(training_store, run_id)
    assert run.error_kind == "checkpoint"
    assert "resume RUN --from-start" in str(run.error_advice)
    assert run.best_epoch == 1
    shutil.copyfile(tmp_path / "kept", older)
    queue.resume(training_store, run_id)
    wait_until_finished(training_store, run_id)
    last = list_attempts(training_store, run_id)[-1]
    assert (last.start_epoch, last.start_batch) == (2, 0)
    assert f"{newer.name} is damaged" in run_files.log_tail(training_store, run_id)
    assert outcome(training_store, run_id) == peaceful


def test_a_run_whose_checkpoints_are_gone_does_not_silently_begin_anew(
    training_store: Store, peaceful: Outcome
) -> None:
    run_id, (older, _) = stop_in_epoch_2(training_store)
    shutil.rmtree(older.parent)
    queue.resume(training_store, run_id)
    run = wait_until_failed(training_store, run_id)
    assert run.error_kind == "checkpoint"
    assert "are gone" in str(run.error_message)
    queue.start_over(training_store, run_id)
    assert get_run(training_store, run_id).status == RunStatus.QUEUED
    wait_until_finished(training_store, run_id)
    assert outcome(training_store, run_id) == peaceful


def test_a_store_that_is_held_locked_delays_a_run_and_loses_nothing(training_store: Store, peaceful: Outcome) -> None:
    run_id = queue.launch(training_store, STEADY)
    wait_for_batches(training_store, run_id, 10)
    with closing(sqlite3.connect(training_store.place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        # Longer than a write waits by itself.
        deadline = time.monotonic() + 34
        while time.monotonic() < deadline:
            assert get_run(training_store, run_id).state == RunStatus.RUNNING
            time.sleep(0.5)
        other.execute("ROLLBACK")
    assert wait_until_finished(training_store, run_id).status == RunStatus.FINISHED
    assert "waiting for the run store" in run_files.log_tail(training_store, run_id)
    assert len(list_attempts(training_store, run_id)) == 1
    assert outcome(training_store, run_id) == peaceful
