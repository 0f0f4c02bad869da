"""Real runs in processes of their own: followed, disturbed, compared, and cleared away."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import psutil

from core.learning import checkpoints
from jobs.running import background
from jobs.running.background import ensure_supervisor, holder
from jobs.store import locks, run_files
from jobs.store.queries import active_runs, get_predictions, get_run, list_epochs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store

WITHIN_S = 60.0
"""Within this time of somebody looking every state has to be told truly, and the work has to go on.

Ten seconds are promised, and measured by the benchmark of chaos; tests share the machine with whatever else it does.
"""


def wait_for(
    store: Store, run_id: str, fits: Callable[[Run], bool], *, seconds: float = 300, looking: bool = True
) -> Run:
    """Look at a run until it fits; fail with its log if it ends before or takes longer."""
    deadline = time.monotonic() + seconds
    while True:
        run = get_run(store, run_id)
        if fits(run):
            return run
        if not run.is_active or time.monotonic() > deadline:
            told = f"{run.state}, epoch {run.epoch} batch {run.batch}, attempt {run.attempt}, {run.error_message}"
            raise AssertionError(f"waited {seconds} s at most: {told}\n{run_files.log_tail(store, run_id, lines=15)}")
        if looking:
            ensure_supervisor(store)
        time.sleep(0.05)


def wait_until_finished(store: Store, run_id: str, *, seconds: float = 600) -> Run:
    """Look until a run is finished; fail at once if it ends otherwise."""
    run = wait_for(store, run_id, lambda run: not run.is_active, seconds=seconds)
    assert run.status == RunStatus.FINISHED, f"{run.status}: {run.error_message}\n{run_files.log_tail(store, run_id)}"
    return run


def wait_for_batches(store: Store, run_id: str, count: int, *, epoch: int = 1, attempt: int = 1) -> Run:
    """Look until that attempt at a run has done so many batches of an epoch."""

    def is_there(run: Run) -> bool:
        started = run.status == RunStatus.RUNNING and run.attempt >= attempt and run.pid is not None
        return started and position(run) >= (epoch, count)

    return wait_for(store, run_id, is_there)


def position(run: Run) -> tuple[int, int]:
    """How far a run is: batches of an epoch."""
    return run.epoch, run.batch


def trainer(store: Store, run_id: str) -> int:
    """The process that trains a run now; a run that has just been claimed has one an instant later."""
    deadline = time.monotonic() + WITHIN_S
    while (pid := background.holder(run_files.files_of(store, run_id).lock)) is None:
        assert time.monotonic() < deadline, f"nobody trains {run_id}"
        time.sleep(0.01)
    return pid


def suspend(store: Store, pid: int) -> None:
    """Suspend a process while it does not hold the store locked, and wait until it is."""
    deadline = time.monotonic() + WITHIN_S
    with store.writing():
        os.kill(pid, signal.SIGSTOP)
        while not is_suspended(pid):
            assert time.monotonic() < deadline, f"{pid} is not suspended"
            time.sleep(0.01)


def is_suspended(pid: int) -> bool:
    """Whether a process is there and suspended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False


def supervisor(store: Store) -> int:
    """The process that supervises a store now."""
    pid = holder(run_files.supervisor_lock(store))
    assert pid is not None, "nobody supervises"
    return pid


def kill(pid: int) -> None:
    """Kill -9, and wait until the process is gone or is left to be collected by its parent."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        process.kill()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


def clear_away(store: Store) -> None:
    """Kill whatever still works for a store."""
    path = run_files.supervisor_lock(store)
    pid = holder(path)
    if pid is not None:
        kill(pid)
    for run in active_runs(store):
        working = background.holder(run_files.files_of(store, run.id).lock)
        if working is not None:
            kill(working)
    for lock in store.artifacts.glob("*/lock"):
        deadline = time.monotonic() + WITHIN_S
        while locks.is_held(lock) and time.monotonic() < deadline:
            time.sleep(0.05)


@dataclass(frozen=True)
class Outcome:
    """All of a finished run that must be the same, bit for bit, when it is disturbed and when it is not."""

    epochs: tuple[tuple[float, ...], ...]
    best_epoch: int | None
    test_loss: float | None
    test_accuracy: float | None
    predictions: str
    weights: str


def outcome(store: Store, run_id: str) -> Outcome:
    """The outcome of a finished run, without what time it took."""
    run = get_run(store, run_id)
    figures = [
        (epoch.epoch, epoch.train_loss, epoch.train_accuracy, epoch.val_loss, epoch.val_accuracy, epoch.learning_rate)
        for epoch in list_epochs(store, [run_id])[run_id]
    ]
    predictions = get_predictions(store, run_id)
    assert len(predictions.labels) == 10_000
    weights = sha256()
    for name, tensor in sorted(checkpoints.read(run_files.files_of(store, run_id).model)["state"].items()):
        weights.update(name.encode() + tensor.numpy().tobytes())
    return Outcome(
        tuple(figures),
        run.best_epoch,
        run.test_loss,
        run.test_accuracy,
        sha256(predictions.labels.tobytes() + predictions.log_probabilities.tobytes()).hexdigest(),
        weights.hexdigest(),
    )
