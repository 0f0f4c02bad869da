"""A run that waits, for room on the disk or for the store, says so where it is followed, and does not count that."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.machine.clock import Clock
from jobs.cli import launching, main
from jobs.running import attempts, queue, trainer_reports
from jobs.running.attempts import Duty, report_progress, report_warning
from jobs.running.claims import claim
from jobs.running.trainer_reports import ROOM_ADVICE, Shift, StopRequest
from jobs.store.queries import get_run, list_runs
from jobs.store.records import WAITING_FOR_ROOM, Epoch
from jobs.store.store import Store, connect
from tests import stores
from tests.jobs.configs import TINY
from tests.jobs.test_cli import Capture

BATCHES = 100


@pytest.fixture
def duty(store: Store) -> Duty:
    """A run that has just been claimed."""
    taken = claim(store, queue.launch(store, TINY, "slow"), "here")
    assert taken is not None
    return taken


@pytest.fixture
def at_work(duty: Duty, monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Its trainer's shift, with little patience between two tries."""
    monkeypatch.setattr(trainer_reports, "RETRY_S", 0.15)
    return Shift(duty, StopRequest(), Clock(), [Clock()])


def full_for(times: int, target: Path) -> Callable[[], int]:
    """Write to a disk that is full so many times, and then to a file: /dev/full makes the very error."""
    places = iter([Path("/dev/full")] * times)

    def write() -> int:
        with next(places, target).open("wb", buffering=0) as file:
            return file.write(b"weights")

    return write


def test_waiting_for_room_is_no_time_at_work_and_what_was_worked_before_stays(at_work: Shift, tmp_path: Path) -> None:
    time.sleep(0.1)
    assert at_work.when_there_is_room(full_for(3, tmp_path / "model.pt")) == len(b"weights")
    for clock in (at_work.clock, *at_work.other_clocks):
        assert 0.1 <= clock.take() < 0.35
    with stores.at_work(at_work.duty.store, at_work.duty.run_id):
        run = get_run(at_work.duty.store, at_work.duty.run_id)
        assert run.is_waiting
    assert run.warning == f"{WAITING_FOR_ROOM} (No space left on device). {ROOM_ADVICE}"


def test_waiting_for_the_store_is_no_time_at_work(at_work: Shift) -> None:
    store = at_work.duty.store
    impatient = Store(connect(store.url, patience_s=0.05), store.artifacts)
    duty = Duty(impatient, at_work.duty.run_id, at_work.duty.attempt)
    with closing(sqlite3.connect(store.place, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.5, lambda: other.execute("ROLLBACK")).start()
        Shift(duty, at_work.stop, at_work.clock, at_work.other_clocks).warn("told")
    assert get_run(store, duty.run_id).warning == "told"
    for clock in (at_work.clock, *at_work.other_clocks):
        assert 0 <= clock.take() < 0.3


def test_a_run_that_waits_has_no_time_left_and_no_last_second_to_tell(duty: Duty) -> None:
    done = [Epoch(1, 0.5, 0.8, 0.5, 0.8, 1e-3, 20.0, run_id=duty.run_id)]
    attempts.report_checkpoint(duty, done, done[0], further=False)
    with stores.at_work(duty.store, duty.run_id):
        for batch, told in ((50, True), (99, False)):
            report_progress(duty, TINY.epochs, batch, BATCHES, 1000.0, 1.0)
            assert (get_run(duty.store, duty.run_id).seconds_left is not None) == told
        report_progress(duty, TINY.epochs, 50, BATCHES, 1000.0, 1.0)
        report_warning(duty, f"{WAITING_FOR_ROOM} (File too large).")
        assert get_run(duty.store, duty.run_id).seconds_left is None
        report_warning(duty, "No room for a checkpoint (File too large): the one before is kept.")
        assert get_run(duty.store, duty.run_id).seconds_left is not None


@pytest.fixture
def following(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duty]:
    """A run that was launched on the command line with --wait, and is at work."""
    monkeypatch.setattr(launching, "POLL_S", 0.02)
    waiter = threading.Thread(target=main, args=(["launch", "quick", "--name", "slow", "--wait"],))
    waiter.start()
    while not list_runs(store):
        time.sleep(0.01)
    (run,) = list_runs(store)
    with stores.at_work(store, run.id):
        taken = claim(store, run.id, "here")
        assert taken is not None
        yield taken
    waiter.join(timeout=10)
    assert not waiter.is_alive()


def test_who_waits_for_a_launch_is_told_why_it_does_not_get_on(following: Duty, capsys: Capture) -> None:
    report_progress(following, 4, 97, BATCHES, 1000.0, 1.0)
    warning = f"{WAITING_FOR_ROOM} (No space left on device). {ROOM_ADVICE}"
    said = ""
    for _ in range(3):
        report_warning(following, warning)
        time.sleep(0.2)
        said += capsys.readouterr().err
    assert said.count(warning) == 1
    assert "epoch 4/4, waiting" in said
    assert " left" not in said.partition("waiting")[2].replace("space left on device", "")
    report_warning(following, "")
    time.sleep(0.2)
    assert "slow: it goes on" in capsys.readouterr().err
    attempts.report_failure(following, "disk", "The disk broke.", "Mend it.")
