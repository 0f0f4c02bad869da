"""The processes that hold the locks of runs, of studies and of the supervisor: found by the lock that they have open.

A process id alone may be somebody else's by now, so it is only a hint where to look first.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

from jobs.store import locks
from jobs.store.run_files import RunFiles

TRAINER = "jobs.running.trainer"
STUDENT = "jobs.tasks.study_process"

LOWEST_PRIORITY = 19
GRACE_S = 5.0


def trainer_of(lock: Path, run_id: str, hint: int | None = None) -> int | None:
    """The trainer that has the lock of a run open, None if there is none."""
    return hint if hint is not None and has_open(hint, lock) else _working(TRAINER, lock, run_id)


def student_of(lock: Path, run_id: str) -> int | None:
    """The process that makes the study of a run, by the lock that it has open; None if there is none."""
    return _working(STUDENT, lock, run_id)


def end_study(files: RunFiles) -> None:
    """Kill the process that makes the study of a run, if there is one, and wait until it is gone."""
    deadline = time.monotonic() + GRACE_S
    while locks.is_held(files.study_lock) and time.monotonic() < deadline:
        student = student_of(files.study_lock, files.folder.name)
        if student is not None:
            signal_group(student, signal.SIGKILL)
        time.sleep(0.05)


def _working(module: str, lock: Path, run_id: str) -> int | None:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if module in command and run_id in command and has_open(process.pid, lock):
                return process.pid
    return None


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
    """Send a signal to a process that leads a group, as trainers do, and to whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
