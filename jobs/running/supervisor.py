"""The supervisor: one per store and machine, it starts a trainer for each run whose turn it is and watches over them.

It can be killed at any moment: trainers go on without it, and the next supervisor finds everything it needs in the run
store and in the locks.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from jobs.running import background, claims
from jobs.running.attempts import AttemptHandle
from jobs.running.background import holder, sign
from jobs.running.environment import host
from jobs.running.process_log import log_to_output, logger
from jobs.settings import settings
from jobs.store import locks, run_files
from jobs.store.ownership import tie
from jobs.store.queries import active_runs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, bring_up_to_date, connect, make_artifacts, make_private
from jobs.store.store_errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from jobs.team import deliveries, sending

TICK_S = 0.5
IDLE_S = 20.0
"""How long a supervisor without work stays, so that a series of launches needs no new one each time."""
GRACE_S = 30.0
"""How long a trainer that was asked to stop has for its checkpoint before it is killed."""
PATIENCE_S = 2.0
"""How long it waits for the store: a suspended trainer may hold its lock, and only this process will wake it."""

_FOLDER_IS_UNUSABLE = (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
"""What the operating system says of a run's folder, or log, that will not mend itself; a full disk may."""


def main(*, stay: bool = False, lock: int | None = None) -> int:
    """Supervise until there has been no work for a while (`stay`: until interrupted); return the exit status.

    `lock` is the descriptor of the supervisor's lock if whoever started this process has taken it already. Raise
    StoreError if another supervisor has it.
    """
    signal.signal(signal.SIGTERM, _leave)
    chosen = settings()
    store = Store(connect(chosen.database_url, patience_s=PATIENCE_S), chosen.artifacts)
    make_private(store)
    make_artifacts(store.artifacts)
    path = run_files.supervisor_lock(store)
    log_to_output(f"supervisor {os.getpid()}: ")
    lock = _acquired(path) if lock is None else lock
    if lock is None:
        raise _already_supervised(store, holder(path))
    sending.start(store)
    while lock is not None:
        logger.info(f"running for {store.place}")
        _open(store)
        Supervisor(store, host()).run(stay=stay)
        os.close(lock)
        # A run may have been queued by somebody who still saw this supervisor alive.
        lock = _acquired(path) if has_work(store) else None
    logger.info("no more work")
    return 0


def _already_supervised(store: Store, pid: int | None) -> StoreError:
    which = f" (process {pid})" if pid is not None else ""
    return StoreError(
        f"Another supervisor{which} is running for {store.place}.",
        "It works on the same queue; end it first to use this one.",
    )


def _leave(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def _acquired(path: Path) -> int | None:
    try:
        lock = locks.acquire(path)
    except locks.Held:
        return None
    sign(lock, os.getpid())
    return lock


def _open(store: Store) -> None:
    """Bring the store up to date, however long it is locked, full or read-only; raise what will not pass."""
    while True:
        try:
            bring_up_to_date(store)
            return tie(store)
        except (StoreBusy, StoreFull, StoreReadOnly) as error:
            logger.warning(str(error))
            time.sleep(TICK_S)


def has_work(store: Store) -> bool:
    """Whether a run is queued or running here, or something is to be told outside.

    A paused queue counts, so that going on needs no new supervisor.
    """
    active = active_runs(store)
    here = any(run.status == RunStatus.QUEUED or claims.is_here(store, run, host()) for run in active)
    return here or deliveries.next_due(store) is not None


@dataclass
class Supervisor:
    """The trainers of one store on one machine."""

    store: Store
    host: str
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping_since: dict[tuple[str, int], float] = field(default_factory=dict)
    """When each attempt that has to stop was first asked to, on the monotonic clock."""

    def run(self, *, stay: bool) -> None:
        """Tick until there has been nothing to do for a while."""
        last_work = time.monotonic()
        while stay or time.monotonic() - last_work < IDLE_S:
            try:
                if self.tick():
                    last_work = time.monotonic()
            except (StoreError, OSError) as error:
                # The store may be locked or a disk full for a while; trainers go on, and so must this.
                logger.warning(str(error))
                last_work = time.monotonic()
            time.sleep(TICK_S)

    def tick(self) -> bool:
        """Watch over every running run, then start what the slots allow; return whether there is work."""
        self._reap()
        active = active_runs(self.store)
        ours = [run for run in active if claims.is_here(self.store, run, self.host)]
        # Those that are alive first: one that is suspended may hold the store locked, and all writes wait for it.
        for run in ours:
            if run.alive:
                self._watch(run)
        for run in ours:
            if not run.alive:
                self._replace(run)
        while (run_id := claims.next_in_queue(self.store, self.host)) is not None:
            if not self._start(run_id, partial(claims.claim, self.store, run_id, self.host)):
                break
        waiting = any(run.status == RunStatus.QUEUED for run in active)
        return bool(ours) or waiting or deliveries.next_due(self.store) is not None

    def _reap(self) -> None:
        """Collect the trainers that have ended, and wake those that were suspended, whatever their runs' status."""
        for run_id, child in list(self.children.items()):
            if child.poll() is None and background.wake(child.pid):
                logger.info(f"run {run_id} had been suspended and continues")

    def _watch(self, run: Run) -> None:
        pid = self._pid(run)
        if background.wake(pid):
            logger.info(f"run {run.id} had been suspended and continues")
        if run.status == RunStatus.STOPPING and pid is not None:
            self._stop(run, pid)

    def _replace(self, run: Run) -> None:
        child = self.children.get(run.id)
        exit_status = _exit_status(child) if child else None
        last_log_line = run_files.log_tail(self.store, run.id, lines=1).strip()
        ended = AttemptHandle(self.store, run.id, run.attempt)
        logger.info(f"run {run.id}: attempt {run.attempt} is gone (exit status {exit_status})")

        def record_exit() -> AttemptHandle | None:
            next_attempt = claims.record_exit(ended, self.host, exit_status, last_log_line)
            # Not before it is recorded how this one ended: the store may be locked, and then it is tried again.
            self.children.pop(run.id, None)
            return next_attempt

        self._start(run.id, record_exit)

    def _start(self, run_id: str, take: Callable[[], AttemptHandle | None]) -> bool:
        """Take the run and give it a trainer; return whether there was one to start."""
        try:
            return self._take_and_spawn(run_id, take)
        except locks.Held:
            self._stop_earlier_trainer(run_id)
        except _FOLDER_IS_UNUSABLE as error:
            self._fail(run_id, error)
        return False

    def _take_and_spawn(self, run_id: str, take: Callable[[], AttemptHandle | None]) -> bool:
        """Hold the run's lock, take the run, hand both to a new trainer. Raise locks.Held, OSError or StoreError."""
        files = run_files.files_of(self.store, run_id)
        # Whoever holds the run's lock makes it look alive: not while it cannot be taken, because the store is locked.
        with self.store.writing():
            pass
        with locks.holding(files.lock) as lock, files.log.open("ab") as log:
            attempt = take()
            if attempt is None:
                return False
            arguments = [run_id, str(attempt.number)]
            self.children[run_id] = background.start(self.store, background.TRAINER, arguments, lock, log)
        logger.info(f"run {run_id}: attempt {attempt.number} started")
        return True

    def _fail(self, run_id: str, error: OSError) -> None:
        """End a run whose folder cannot be used: it must not hold up the others."""
        message = f"The folder of the run cannot be used: {error.strerror} ({error.filename})."
        claims.fail(self.store, run_id, "disk", message, "Fix that, then resume the run.")
        logger.info(f"run {run_id} failed: {message}")

    def _stop_earlier_trainer(self, run_id: str) -> None:
        """A trainer that reported its end is still there, and its run is to start again: kill it after a while."""
        logger.info(f"run {run_id} is still held by an earlier trainer")
        pid = holder(run_files.files_of(self.store, run_id).lock)
        if pid is not None:
            background.wake(pid)
            self._kill_after_grace((run_id, pid), pid)

    def _stop(self, run: Run, pid: int) -> None:
        if (run.id, run.attempt) not in self.stopping_since:
            background.signal_group(pid, signal.SIGTERM)
        self._kill_after_grace((run.id, run.attempt), pid)

    def _kill_after_grace(self, which: tuple[str, int], pid: int) -> None:
        if time.monotonic() - self.stopping_since.setdefault(which, time.monotonic()) > GRACE_S:
            logger.info(f"run {which[0]} did not stop in {GRACE_S:.0f} s and is killed")
            background.signal_group(pid, signal.SIGKILL)

    def _pid(self, run: Run) -> int | None:
        """The run's trainer, which leads a process group; None if it is gone."""
        child = self.children.get(run.id)
        if child is not None and child.poll() is None:
            return child.pid
        return holder(run_files.files_of(self.store, run.id).lock)


def _exit_status(child: subprocess.Popen[bytes]) -> int:
    """Of a trainer that holds its lock no more."""
    try:
        # The lock is free an instant before the exit status can be read.
        return child.wait(timeout=TICK_S)
    except subprocess.TimeoutExpired:
        # Somebody has deleted the lock file: what this trainer does now would be done twice.
        background.signal_group(child.pid, signal.SIGKILL)
        return child.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(lock=int(sys.argv[1]) if len(sys.argv) > 1 else None))
    except StoreError as error:
        logger.error(str(error))
        sys.exit(1)
