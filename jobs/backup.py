"""Copies of the run store that are consistent while runs write to it."""

import os
import secrets
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core.errors import LookbookError
from jobs import locks
from jobs.artifacts import supervisor_lock
from jobs.launching import supervisor_pid
from jobs.processes import wake
from jobs.store import Store, StoreError, connect, parse_url

LEAVING_S = 5.0
"""How long a supervisor has to leave before a restore is refused."""


def copy_database(store: Store, target: Path) -> int:
    """Write a consistent copy of the store to a new file, aside and renamed; return its size in bytes.

    Raise StoreError if the file exists, cannot be written, or the store is no SQLite file.
    """
    source = store.engine.url.database
    if store.engine.dialect.name != "sqlite" or not source:
        raise StoreError("Only a SQLite store can be copied to a file.", "Use the tools of your database server.")
    if target.exists():
        raise StoreError(f"{target} exists already.", "Choose another file: a backup never overwrites one.")
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with closing(sqlite3.connect(source, timeout=30)) as reader, closing(sqlite3.connect(aside)) as writer:
            reader.backup(writer)
            # A backup is one file, without a write-ahead log beside it.
            writer.execute("PRAGMA journal_mode=DELETE")
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The backup {target} could not be written ({error}).", "Check the folder and its room."
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return target.stat().st_size


def check_database(path: Path) -> None:
    """Raise LookbookError unless the file is a whole, undamaged run store."""
    if not path.is_file():
        raise StoreError(f"There is no file {path}.", "Name a file that `python -m jobs backup` wrote.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise _not_a_backup(path, str(error)) from error
    if verdict != "ok":
        raise _not_a_backup(path, verdict)


def _not_a_backup(path: Path, reason: str) -> LookbookError:
    return StoreError(f"{path} is not an undamaged run store ({reason}).", "Name another backup.")


def restore(source: Path, url: str, artifacts: Path) -> Path | None:
    """Put a copy of a backup in the place of the run store; return where the store that was there is kept, if any.

    Raise StoreError if the file is no undamaged run store, if a supervisor is at work, or if nothing can be written.
    """
    check_database(source)
    address = parse_url(url)
    database = address.database
    if address.get_backend_name() != "sqlite" or not database:
        raise StoreError("Only a SQLite store can be restored from a file.", "Use the tools of your database server.")
    with _nobody_at_work(Store(connect(url), artifacts)):
        return _replace(Path(database), source)


def _replace(target: Path, source: Path) -> Path | None:
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, aside)
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        kept = _move_away(target)
        aside.rename(target)
    except OSError as error:
        raise StoreError(f"{target} could not be written ({error}).", "Check the folder and its room.") from error
    finally:
        aside.unlink(missing_ok=True)
    return kept


@contextmanager
def _nobody_at_work(store: Store) -> Iterator[None]:
    """Hold the supervisor's lock, so that nobody starts a run; raise StoreError if a run is at work."""
    path = supervisor_lock(store)
    _send_supervisor_away(path)
    try:
        lock = locks.acquire(path, patience_s=LEAVING_S)
    except locks.Held:
        raise _busy("A supervisor is at work") from None
    try:
        working = [held.parent.name for held in store.artifacts.glob("*/lock") if locks.is_held(held)]
        if working:
            raise _busy(f"Runs are at work ({', '.join(working)})")
        yield
    finally:
        os.close(lock)


def _send_supervisor_away(lock: Path) -> None:
    """Trainers go on without it, and the next look at the runs starts another."""
    pid = supervisor_pid(lock) if lock.exists() else None
    if pid is not None:
        wake(pid)
        os.kill(pid, signal.SIGTERM)


def _busy(reason: str) -> StoreError:
    return StoreError(f"{reason} on the run store.", "Stop them (python -m jobs stop RUN ...), then restore.")


def _move_away(target: Path) -> Path | None:
    """Rename the store, with its write-ahead log, so that nothing is lost by restoring the wrong backup."""
    if not target.exists():
        return None
    stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    kept = target.with_name(f"{target.stem}-before-restore-{stamp}{target.suffix}")
    for ending in ("-wal", "-shm", ""):
        part = target.with_name(target.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept
