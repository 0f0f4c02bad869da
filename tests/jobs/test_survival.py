"""A run survives the death of every process there is, and ends exactly as it would have."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest

from jobs.running import background, queue
from jobs.running.background import ensure_supervisor
from jobs.running.claims import MOST_CRASHES, next_in_queue
from jobs.running.environment import host
from jobs.running.queue import set_slots
from jobs.settings import ROOT
from jobs.store import locks, run_files
from jobs.store.queries import get_run, list_attempts, list_epochs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, open_store
from jobs.supervising import local_launcher
from jobs.supervising import supervisor as supervising
from tests.jobs.configs import BRIEF, STEADY, TINY
from tests.jobs.working import (
    WITHIN_S,
    Outcome,
    clear_away,
    is_suspended,
    kill,
    outcome,
    position,
    supervisor,
    suspend,
    trainer,
    wait_for,
    wait_for_batches,
    wait_until_finished,
)

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


def attempts_follow_each_other(store: Store, run_id: str) -> bool:
    """Whether the attempts are numbered without a gap, and none began before the last one had ended."""
    made = list_attempts(store, run_id)
    in_order = all(
        attempt.ended_at and attempt.ended_at <= following.started_at
        for attempt, following in zip(made, made[1:], strict=False)
    )
    return in_order and [attempt.attempt for attempt in made] == list(range(1, len(made) + 1))


def is_past(attempt: int, run: Run) -> bool:
    return run.attempt > attempt


def is_at(attempt: int, run: Run) -> bool:
    return run.status == RunStatus.RUNNING and run.attempt == attempt and run.alive


def test_a_run_killed_in_the_middle_of_an_epoch_ends_bit_for_bit_as_one_left_in_peace(
    training_store: Store, peaceful: Outcome
) -> None:
    run_id = queue.launch(training_store, STEADY)
    for attempt, (epoch, batch) in enumerate([(1, 10), (1, 40), (2, 20)], start=1):
        wait_for_batches(training_store, run_id, batch, epoch=epoch, attempt=attempt)
        kill(trainer(training_store, run_id))
        run = wait_for(training_store, run_id, partial(is_past, attempt), seconds=WITHIN_S)
        assert run.status == RunStatus.RUNNING
    wait_until_finished(training_store, run_id)
    assert outcome(training_store, run_id) == peaceful
    made = list_attempts(training_store, run_id)
    assert [attempt.outcome for attempt in made] == [*["died by signal 9"] * 3, "finished"]
    assert (made[2].start_epoch, made[2].start_batch) > (1, 0)
    assert attempts_follow_each_other(training_store, run_id)


def test_trainers_go_on_without_their_supervisor_and_the_next_one_adopts_them(
    training_store: Store, peaceful: Outcome
) -> None:
    run_id = queue.launch(training_store, STEADY)
    before = wait_for_batches(training_store, run_id, 5)
    first = supervisor(training_store)
    kill(first)
    run = wait_for(training_store, run_id, lambda run: position(run) > position(before), looking=False)
    assert (run.state, run.attempt) == (RunStatus.RUNNING, 1)
    assert ensure_supervisor(training_store)
    assert supervisor(training_store) != first
    pid = trainer(training_store, run_id)
    for suspended in (supervisor(training_store), pid):
        suspend(training_store, suspended)
    deadline = time.monotonic() + WITHIN_S
    while is_suspended(pid):
        assert time.monotonic() < deadline
        ensure_supervisor(training_store)
        time.sleep(0.1)
    wait_until_finished(training_store, run_id)
    assert len(list_attempts(training_store, run_id)) == 1
    assert outcome(training_store, run_id) == peaceful


def test_after_a_reboot_a_run_is_told_interrupted_and_goes_on_when_somebody_looks(
    training_store: Store, peaceful: Outcome
) -> None:
    run_id = queue.launch(training_store, STEADY)
    wait_for_batches(training_store, run_id, 10)
    pid = trainer(training_store, run_id)
    kill(supervisor(training_store))
    kill(pid)
    wait_for(training_store, run_id, lambda run: run.state == RunStatus.INTERRUPTED, seconds=WITHIN_S, looking=False)
    wait_for(training_store, run_id, lambda run: run.state == RunStatus.RUNNING and run.attempt == 2, seconds=WITHIN_S)
    wait_for_batches(training_store, run_id, 20, attempt=2)
    queue.stop(training_store, run_id)
    stopped = wait_for(training_store, run_id, lambda run: run.status == RunStatus.STOPPED, seconds=WITHIN_S)
    queue.resume(training_store, run_id)
    wait_until_finished(training_store, run_id)
    last = list_attempts(training_store, run_id)[-1]
    assert (last.start_epoch, last.start_batch) >= (stopped.epoch, stopped.batch)
    assert outcome(training_store, run_id) == peaceful


def test_a_trainer_that_the_machine_ends_when_it_shuts_down_is_resumed_and_not_stopped(training_store: Store) -> None:
    run_id = queue.launch(training_store, STEADY)
    run = wait_for_batches(training_store, run_id, 10)
    os.kill(trainer(training_store, run_id), signal.SIGTERM)
    wait_for_batches(training_store, run_id, run.batch, epoch=run.epoch, attempt=2)
    ended, resumed = list_attempts(training_store, run_id)
    assert ended.outcome == "left when told to"
    assert (resumed.start_epoch, resumed.start_batch) >= position(run)


def test_a_suspended_trainer_can_be_stopped(training_store: Store) -> None:
    run_id = queue.launch(training_store, STEADY)
    wait_for_batches(training_store, run_id, 10)
    kill(supervisor(training_store))
    suspend(training_store, trainer(training_store, run_id))
    queue.stop(training_store, run_id)
    wait_for(training_store, run_id, lambda run: run.status == RunStatus.STOPPED, seconds=WITHIN_S)


def test_a_run_can_be_stopped_while_its_trainer_is_still_starting(training_store: Store) -> None:
    run_id = queue.launch(training_store, TINY)
    wait_for(training_store, run_id, lambda run: run.status == RunStatus.RUNNING)
    queue.stop(training_store, run_id)
    wait_for(training_store, run_id, lambda run: run.status == RunStatus.STOPPED, seconds=WITHIN_S)
    assert [attempt.outcome for attempt in list_attempts(training_store, run_id)] == ["stopped"]


def test_a_run_whose_trainer_dies_again_and_again_within_an_epoch_fails_and_the_queue_goes_on(
    training_store: Store,
) -> None:
    doomed, waiting = (queue.launch(training_store, STEADY, name) for name in ("doomed", "waiting"))
    for attempt in range(1, MOST_CRASHES + 1):
        wait_for(training_store, doomed, partial(is_at, attempt))
        if attempt > 1:
            wait_for(training_store, doomed, lambda run: run.pid is not None and has_saved(training_store, doomed))
        kill(trainer(training_store, doomed))
    run = wait_for(training_store, doomed, lambda run: run.status == RunStatus.FAILED, seconds=WITHIN_S)
    assert run.error_kind == "memory"
    assert "ran out of memory" in str(run.error_message)
    starts = [(attempt.start_epoch, attempt.start_batch) for attempt in list_attempts(training_store, doomed)]
    assert (1, 0) < starts[-1] < (2, 0)
    wait_for(training_store, waiting, lambda run: run.status == RunStatus.RUNNING, seconds=WITHIN_S)


def has_saved(store: Store, run_id: str) -> bool:
    """Whether the latest attempt at a run has written a checkpoint that is further than where it began."""
    began = list_attempts(store, run_id)[-1]
    written = run_files.files_of(store, run_id).checkpoints.glob("checkpoint-*.pt")
    newest = max((path.name for path in written), default="")
    return newest > f"checkpoint-{began.start_epoch:04d}-{began.start_batch:06d}.pt"


def test_only_one_supervisor_runs(training_store: Store) -> None:
    run_id = queue.launch(training_store, TINY)
    wait_for(training_store, run_id, lambda run: run.status == RunStatus.RUNNING)
    second = subprocess.run(
        [sys.executable, "-m", "jobs", "worker"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith(f"Error: Another supervisor (process {supervisor(training_store)}) is running for ")
    assert second.stderr.count("\n") == 1
    assert len(list_attempts(training_store, run_id)) == 1


def test_two_stores_that_share_an_artifacts_folder_do_not_disturb_each_other(training_store: Store) -> None:
    other = open_store(training_store.url.replace("runs.db", "other.db"), training_store.artifacts)
    try:
        ours, theirs = queue.launch(training_store, BRIEF, "ours"), queue.launch(other, STEADY, "theirs")
        wait_for(other, theirs, lambda run: run.status == RunStatus.RUNNING)
        ensure_supervisor(training_store)
        assert supervisor(training_store) != supervisor(other)
        kill(supervisor(other))
        queue.stop(other, theirs)
        wait_for(other, theirs, lambda run: run.status == RunStatus.STOPPED)
        wait_until_finished(training_store, ours)
        assert len(list_epochs(training_store, [ours])[ours]) == 1
        assert len(list_attempts(training_store, ours)) == 1
    finally:
        clear_away(other)


def test_a_trainer_that_does_not_go_makes_way_for_the_run_it_holds_up(
    live_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = queue.launch(live_store, TINY)
    lock = locks.acquire(run_files.files_of(live_store, run_id).lock)
    lingering = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", background.TRAINER, run_id, "1"],
        pass_fds=(lock,),
        start_new_session=True,
    )
    os.close(lock)
    os.kill(lingering.pid, signal.SIGSTOP)
    while not is_suspended(lingering.pid):
        time.sleep(0.01)
    monkeypatch.setattr(local_launcher, "GRACE_S", 0.2)
    watching = supervising.Supervisor(live_store, host())
    watching.tick()
    assert psutil.Process(lingering.pid).status() != psutil.STATUS_STOPPED
    assert get_run(live_store, run_id).status == RunStatus.QUEUED
    time.sleep(0.3)
    watching.tick()
    assert lingering.wait(timeout=WITHIN_S) == -signal.SIGKILL
    watching.tick()
    assert get_run(live_store, run_id).status == RunStatus.RUNNING
    clear_away(live_store)


def test_a_run_that_was_launched_while_the_supervisor_was_leaving_is_worked_on(training_store: Store) -> None:
    path = run_files.supervisor_lock(training_store)
    held = locks.acquire(path)
    run_id = queue.launch(training_store, TINY)
    assert not ensure_supervisor(training_store)
    worker = subprocess.Popen(
        [sys.executable, "-m", "jobs.supervising.supervisor", str(held)], cwd=ROOT, pass_fds=(held,)
    )
    os.close(held)
    wait_for(training_store, run_id, lambda run: run.status == RunStatus.RUNNING, looking=False)
    worker.kill()
    worker.wait()
    assert next_in_queue(training_store, host()) is None


def test_slots_let_runs_work_side_by_side_and_both_finish(training_store: Store) -> None:
    set_slots(training_store, 2)
    ids = [queue.launch(training_store, BRIEF, f"run {number}") for number in range(2)]
    for run_id in ids:
        wait_until_finished(training_store, run_id)
    first, second = (list_attempts(training_store, run_id)[0] for run_id in ids)
    assert first.ended_at is not None
    assert second.ended_at is not None
    assert max(first.started_at, second.started_at) < min(first.ended_at, second.ended_at)
    assert outcome(training_store, ids[0]) == outcome(training_store, ids[1])
    assert {get_run(training_store, run_id).status for run_id in ids} == {RunStatus.FINISHED}
