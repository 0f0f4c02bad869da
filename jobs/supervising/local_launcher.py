"""Trainers on this machine: children of the supervisor, each of which holds the lock of its run."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from jobs.machines.nodes import list_nodes
from jobs.running import background, claims
from jobs.running.attempts import AttemptHandle
from jobs.running.background import holder
from jobs.running.process_log import logger
from jobs.settings import settings
from jobs.store import locks, run_files
from jobs.store.records import Run
from jobs.store.store import Store
from jobs.supervising.launcher import Take

GRACE_S = 30.0
"""How long a trainer that was asked to stop has for its checkpoint before it is killed."""
ENDING_S = 0.5
GONE_S = 60.0
"""A cluster none of whose machines has been heard of for so long is no more, where none is set up."""
_FOLDER_IS_UNUSABLE = (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
"""What the operating system says of a run's folder, or log, that will not mend itself; a full disk may."""


@dataclass
class LocalLauncher:
    """Starts trainers on this machine."""

    store: Store
    host: str
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    held_since: dict[tuple[str, int], float] = field(default_factory=dict)
    """When a trainer that should be gone was first met, by run and process, on the monotonic clock."""

    def has(self, run: Run) -> bool:
        """Whether a run is running on this machine, or was left behind by a cluster that there is no more."""
        return claims.is_here(self.store, run, self.host) or self._is_left_behind(run)

    def _is_left_behind(self, run: Run) -> bool:
        if run.lease_until is None or run.alive or settings().has_cluster:
            return False
        return all(node.silent_s > GONE_S for node in list_nodes(self.store))

    def start_next(self) -> bool:
        """Start the run whose turn it is, if a slot is free."""
        run_id = claims.next_in_queue(self.store, self.host)
        if run_id is None:
            return False
        return self._start(run_id, partial(claims.claim, self.store, run_id, self.host))

    def watch(self, run: Run) -> None:
        """Wake a trainer that was suspended."""
        if background.wake(self._pid(run)):
            logger.info(f"run {run.id} had been suspended and continues")

    def wake_children(self) -> None:
        """Wake the trainers that were suspended, whatever their runs' status, and collect those that have ended."""
        for run_id, child in list(self.children.items()):
            if child.poll() is None and background.wake(child.pid):
                logger.info(f"run {run_id} had been suspended and continues")

    def ask_to_stop(self, run: Run) -> None:
        """Let it save a checkpoint and leave."""
        self._signal(run, signal.SIGTERM)

    def kill(self, run: Run) -> None:
        """End it at once."""
        self._signal(run, signal.SIGKILL)

    def is_there(self, run: Run) -> bool:
        """Whether a process holds the lock of the run."""
        return self._pid(run) is not None

    def replace(self, run: Run) -> None:
        """Record how the trainer ended, and start the next attempt here if there is to be one."""
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

    def _start(self, run_id: str, take: Take) -> bool:
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
        if pid is None:
            return
        background.wake(pid)
        if time.monotonic() - self.held_since.setdefault((run_id, pid), time.monotonic()) > GRACE_S:
            background.signal_group(pid, signal.SIGKILL)

    def _signal(self, run: Run, number: signal.Signals) -> None:
        pid = self._pid(run)
        if pid is not None:
            background.signal_group(pid, number)

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
        return child.wait(timeout=ENDING_S)
    except subprocess.TimeoutExpired:
        # Somebody has deleted the lock file: what this trainer does now would be done twice.
        background.signal_group(child.pid, signal.SIGKILL)
        return child.wait()
