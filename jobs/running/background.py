"""Processes of their own: each is started once, found by the lock that it has open, woken, ended, and its state read.

A process id alone may be somebody else's by now, so that the one signed in a lock is only a hint where to look first.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

import psutil

from core.errors import LookbookError
from jobs.people import read_person
from jobs.settings import ACTS_FOR, ROOT, acts_for, child_environment, settings
from jobs.store import locks, run_files
from jobs.store.ownership import tie
from jobs.store.store import Store, open_store

TRAINER = "jobs.running.trainer"
TRAINERS = (TRAINER, "jobs.trainer")
"""The module of a trainer now and in earlier versions, which did not sign the lock of their run."""
SIDE_WORK = "jobs.supervising.side_work"
"""What has a task done by a machine of a cluster."""
LOWEST_PRIORITY = 19
GRACE_S = 5.0
_PROGRESS = re.compile(r"^progress (\d\.\d\d) (.*)$", re.MULTILINE)


class TaskStatus(StrEnum):
    """How a task stands."""

    ABSENT = "absent"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True)
class TaskState:
    """The status of a task; while it runs, its share done and its step as far as known; of one that failed, why."""

    status: TaskStatus
    detail: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Task:
    """What a process of its own makes, and where its lock, its log and the reason of a failure are."""

    module: str
    result: Path
    lock: Path
    log: Path
    failure: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    anywhere: bool = False
    """Whether a machine of a cluster may do it: all that it reads and writes is where all machines see it."""

    @property
    def state(self) -> TaskState:
        """Running while its lock is held, else done with a result, failed with a reason, or absent."""
        if locks.is_held(self.lock):
            return _running(self.log)
        if self.result.exists():
            return TaskState(TaskStatus.DONE)
        if self.failure.exists():
            return TaskState(TaskStatus.FAILED, self.failure.read_text(encoding="utf-8"))
        return TaskState(TaskStatus.ABSENT)

    def request(self, store: Store, *arguments: str, is_done: Callable[[], bool]) -> bool:
        """Start the process unless one runs or the work is done already; return whether it was started.

        It works in the name of who opened the store, if it opens its own by `open_for_task`.
        Raises OSError where no process can be started or the files cannot be written.
        """
        try:
            with locks.holding(self.lock, patience_s=0.2) as lock:
                if is_done():
                    return False
                # What is left here if the process is killed.
                self.failure.write_text("It was interrupted. Try again.", encoding="utf-8")
                environment = {**self.environment, ACTS_FOR: store.by.written}
                self.log.write_bytes(b"")
                # What does the work elsewhere adds to the same log.
                with self.log.open("ab") as log:
                    module, *before = self._words
                    start(store, module, [*before, str(self.failure), *arguments], lock, log, environment)
        except locks.Held:
            return False
        return True

    @property
    def _words(self) -> tuple[str, ...]:
        """The module that is started here, and what it is told first."""
        elsewhere = self.anywhere and settings().has_cluster
        return (SIDE_WORK, str(self.log.absolute()), self.module) if elsewhere else (self.module,)


class FailureRecorded(contextlib.AbstractContextManager[None]):
    """Within a task's own process: an error that ends it is kept as the reason of its failure."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._path.unlink(missing_ok=True)
        else:
            self._path.write_text(_reason(error), encoding="utf-8")


def _reason(error: BaseException) -> str:
    if isinstance(error, LookbookError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The machine ran out of memory. Close other programs, then try again."
    return f"{type(error).__name__}: {error}. The log has the traceback."


def report_progress(share: float, step: str = "") -> None:
    """Within a task's own process: tell how much of it is done, and at which step it is."""
    print(f"progress {share:.2f} {step}", flush=True)


def _running(log: Path) -> TaskState:
    reported = _PROGRESS.findall(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else []
    share, step = reported[-1] if reported else (0, "")
    return TaskState(TaskStatus.RUNNING, step, float(share))


def open_here() -> Store:
    """The store of this installation's settings. Raise StoreError."""
    chosen = settings()
    store = open_store(chosen.database_url, chosen.artifacts)
    tie(store)
    return store


def open_for_task() -> Store:
    """Within a task's own process: the same, in the name of who asked for the task. Raise StoreError.

    The command line opens its store by `open_here` alone, so that nothing in its environment makes it another person.
    """
    return open_here().acting(read_person(acts_for()))


def ensure_supervisor(store: Store) -> bool:
    """Start a supervisor in a session of its own unless one is alive; return whether one was started.

    One that was suspended is woken. The lock is taken here and handed on, so that of two callers only one starts one.
    Where the settings say that the supervisor is a service of its own, none is started.
    Raises OSError where no process can be started or the artifacts folder cannot be written.
    """
    path = run_files.supervisor_lock(store)
    if locks.is_held(path):
        wake(holder(path))
        return False
    if not settings().supervisor_here:
        return False
    try:
        with locks.holding(path, patience_s=0.2) as lock, (store.artifacts / "supervisor.log").open("ab") as log:
            start(store, "jobs.supervising.supervisor", [str(lock)], lock, log)
    except locks.Held:
        return False
    return True


def end_supervisor(store: Store) -> bool:
    """Ask the supervisor of a store to leave; return whether there was one. Trainers go on without it."""
    pid = holder(run_files.supervisor_lock(store))
    if pid is None:
        return False
    wake(pid)
    os.kill(pid, signal.SIGTERM)
    return True


def start(
    store: Store,
    module: str,
    arguments: Sequence[str],
    lock: int,
    log: IO[bytes],
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `python -m MODULE ARGUMENTS` for a store in a session of its own; raise OSError where that is not possible.

    The process holds the lock, which the caller has, until it ends; its output goes to the log.
    """
    url = store.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**child_environment(url, store.artifacts), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=(lock,),
    )
    sign(lock, process.pid)
    return process


def sign(lock: int, pid: int) -> None:
    """Write into a lock file which process holds it."""
    # On a full disk it stays unsigned: then the process works, but only trainers are found.
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(pid).encode(), 0)


def holder(lock: Path) -> int | None:
    """The process that holds a lock: the one that is signed, else a trainer that has it open; None if there is none."""
    if not locks.is_held(lock):
        return None
    signed = lock.read_text(encoding="ascii", errors="replace").strip()
    if signed.isdecimal() and has_open(int(signed), lock):
        return int(signed)
    return next((pid for pid in trainers(*TRAINERS) if has_open(pid, lock)), None)


def trainers(*modules: str) -> list[int]:
    """Every process that runs one of these modules."""
    pids = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if not set(modules).isdisjoint(process.cmdline()):
                pids.append(process.pid)
    return pids


def has_open(pid: int, path: Path) -> bool:
    """Whether a process of this user has a file open."""
    try:
        return any(file.path == str(path.resolve()) for file in psutil.Process(pid).open_files())
    except psutil.Error:
        return False


def give_way() -> None:
    """Let this process wait for every other that wants the processor.

    Linux may share the processor out by sessions first, where the priority of one process tells only within its own
    (sched(7), "the autogroup feature"); so the session's is lowered too.
    """
    os.nice(LOWEST_PRIORITY)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(LOWEST_PRIORITY), encoding="ascii")


def wake(pid: int | None) -> bool:
    """Let a process go on that a signal has suspended; return whether that was needed."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
            return False
        process.resume()
    except psutil.Error:
        return False
    return True


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that was started here, and to whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def end(lock: Path) -> None:
    """Kill the process that holds a lock, and whatever it has started, and wait until it is gone."""
    deadline = time.monotonic() + GRACE_S
    while locks.is_held(lock) and time.monotonic() < deadline:
        pid = holder(lock)
        if pid is not None:
            signal_group(pid, signal.SIGKILL)
        time.sleep(0.05)
