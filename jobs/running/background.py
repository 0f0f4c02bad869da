"""Starting processes that work in the background: the supervisor when there is work and none is alive, and others."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from jobs.running.processes import has_open, wake
from jobs.settings import ROOT, child_environment, settings
from jobs.store import locks, run_files
from jobs.store.ownership import tie
from jobs.store.store import Store, open_store


def open_here() -> Store:
    """The store of this installation's settings. Raise StoreError."""
    chosen = settings()
    store = open_store(chosen.database_url, chosen.artifacts)
    tie(store)
    return store


def ensure_supervisor(store: Store) -> bool:
    """Start a supervisor in a session of its own unless one is alive; return whether one was started.

    One that was suspended is woken. The lock is taken here and handed on, so that of two callers only one starts one.
    Raises OSError where no process can be started or the artifacts folder cannot be written.
    """
    path = run_files.supervisor_lock(store)
    if locks.is_held(path):
        wake(supervisor_pid(path))
        return False
    return start_in_background(store, "jobs.running.supervisor", path, store.artifacts / "supervisor.log")


def start_in_background(store: Store, module: str, lock_file: Path, log_file: Path) -> bool:
    """Start `python -m MODULE LOCK` in a session of its own unless another process holds the lock.

    LOCK is the descriptor of the lock, which the process holds until it ends; its output is added to the log. Return
    whether it was started. Raises OSError where no process can be started or the files cannot be written.
    """
    try:
        lock = locks.acquire(lock_file, patience_s=0.2)
    except locks.Held:
        return False
    try:
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(lock)],
                cwd=ROOT,
                env=child_environment(store.engine.url.render_as_string(hide_password=False), store.artifacts),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )
        sign(lock, process.pid)
    finally:
        os.close(lock)
    return True


def sign(lock: int, pid: int) -> None:
    """Write into a lock file which process holds it."""
    # On a full disk it stays unsigned: then the supervisor works, but cannot be woken if it is suspended.
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(pid).encode(), 0)


def supervisor_pid(lock: Path) -> int | None:
    """The process that holds the supervisor's lock, None if none does or it has not signed yet."""
    written = lock.read_text(encoding="ascii").strip()
    pid = int(written) if written.isdecimal() else None
    return pid if pid is not None and has_open(pid, lock) else None
