"""A run that waits, for room on the disk or for the store, says so where it is followed, and does not count that."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.machine.clock import Clock
from jobs.cli import launching, main
from jobs.running import attempts, queue, trainer_reports
from jobs.running.attempts import AttemptHandle, report_progress, report_warning
from jobs.running.claims import claim
from jobs.running.trainer_reports import ROOM_ADVICE, Reporter, StopRequest
from jobs.store.queries import get_run, list_runs
from jobs.store.records import WAITING_FOR_DISK, Epoch
from jobs.store.store import Store, connect
from tests import stores
from tests.jobs.configs import TINY
from tests.jobs.crowd import place_of
from tests.jobs.test_cli import Capture

BATCHES = 100


@pytest.fixture
def attempt(store: Store) -> AttemptHandle:
    """A run that has just been claimed."""
    taken = claim(store, queue.launch(store, TINY, "slow"), "here")
    assert taken is not None
    return taken


@pytest.fixture
def reporter(attempt: AttemptHandle, monkeypatch: pytest.MonkeyPatch) -> Reporter:
    """What its trainer reports with, with little patience between two tries."""
    monkeypatch.setattr(trainer_reports, "RETRY_S", 0.15)
    return Reporter(attempt, StopRequest(), Clock(), other_clocks=[Clock()])


def full_for(times: int, target: Path) -> Callable[[], int]:
    """Write to a disk that is full so many times, and then to a file: /dev/full makes the very error."""
    places = iter([Path("/dev/full")] * times)

    def write() -> int:
        with next(places, target).open("wb", buffering=0) as file:
            return file.write(b"weights")

    return write


def test_waiting_for_room_is_not_counted_as_work_and_what_was_worked_before_stays(
    reporter: Reporter, tmp_path: Path
) -> None:
    time.sleep(0.1)
    assert reporter.when_there_is_room(full_for(3, tmp_path / "model.pt")) == len(b"weights")
    for clock in (reporter.clock, *reporter.other_clocks):
        assert 0.1 <= clock.take() < 0.35
    with stores.at_work(reporter.attempt.store, reporter.attempt.run_id):
        run = get_run(reporter.attempt.store, reporter.attempt.run_id)
        assert run.is_waiting
    assert run.warning == f"{WAITING_FOR_DISK} (No space left on device). {ROOM_ADVICE}"


def test_waiting_for_the_store_is_not_counted_as_work(reporter: Reporter) -> None:
    store = reporter.attempt.store
    impatient = Store(connect(place_of(store).url, patience_s=0.05), store.artifacts)
    attempt = AttemptHandle(impatient, reporter.attempt.run_id, reporter.attempt.number)
    locked = threading.Event()

    def hold() -> None:
        with store.writing():
            locked.set()
            time.sleep(1)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(10)
    Reporter(attempt, reporter.stop, reporter.clock, other_clocks=reporter.other_clocks).warn("told")
    holder.join()
    assert get_run(store, attempt.run_id).warning == "told"
    for clock in (reporter.clock, *reporter.other_clocks):
        assert 0 <= clock.take() < 0.9


def test_a_run_that_waits_has_no_time_left_and_no_last_second_to_tell(attempt: AttemptHandle) -> None:
    done = [Epoch(1, 0.5, 0.8, 0.5, 0.8, 1e-3, 20.0, run_id=attempt.run_id)]
    attempts.report_checkpoint(attempt, done, done[0], further=False)
    with stores.at_work(attempt.store, attempt.run_id):
        for batch, told in ((50, True), (99, False)):
            report_progress(attempt, TINY.epochs, batch, BATCHES, 1000.0, 1.0)
            assert (get_run(attempt.store, attempt.run_id).seconds_left is not None) == told
        report_progress(attempt, TINY.epochs, 50, BATCHES, 1000.0, 1.0)
        for beginning in (WAITING_FOR_DISK, "Waiting for room on the disk"):  # as earlier versions said
            report_warning(attempt, f"{beginning} (File too large).")
            assert get_run(attempt.store, attempt.run_id).seconds_left is None
        report_warning(attempt, "No disk space for a checkpoint (File too large): the previous one is kept.")
        assert get_run(attempt.store, attempt.run_id).seconds_left is not None


@pytest.fixture
def following(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[AttemptHandle]:
    """A run that was launched on the command line with --wait, and is running."""
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


def test_who_waits_for_a_launch_is_told_why_it_does_not_get_on(following: AttemptHandle, capsys: Capture) -> None:
    report_progress(following, 4, 97, BATCHES, 1000.0, 1.0)
    warning = f"{WAITING_FOR_DISK} (No space left on device). {ROOM_ADVICE}"
    printed = ""
    for _ in range(3):
        report_warning(following, warning)
        time.sleep(0.2)
        printed += capsys.readouterr().err
    assert printed.count(warning) == 1
    assert "epoch 4/4, waiting for disk space" in printed
    assert " left" not in printed.partition("waiting")[2].replace("space left on device", "")
    report_warning(following, "")
    time.sleep(0.2)
    assert "slow: resuming" in capsys.readouterr().err
    attempts.report_failure(following, "disk", "The disk broke.", "Mend it.")
