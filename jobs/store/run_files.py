"""The files of a run: its checkpoints, model, study, logs and locks, in one folder named by its id."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from jobs.store import locks
from jobs.store.ids import folder_for
from jobs.store.store import Store, clock


@dataclass(frozen=True)
class RunFiles:
    """Where the files of one run are."""

    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def model(self) -> Path:
        return self.folder / "model.pt"

    @property
    def package(self) -> Path:
        return self.folder / "to-go"

    @property
    def package_lock(self) -> Path:
        return self.folder / "to-go.lock"

    @property
    def package_log(self) -> Path:
        return self.folder / "to-go.log"

    @property
    def package_failure(self) -> Path:
        """Why the run could not be exported; there is none after it was."""
        return self.folder / "to-go-failure.txt"

    @property
    def study(self) -> Path:
        return self.folder / "study" / "study.npz"

    @property
    def study_lock(self) -> Path:
        return self.folder / "study" / "lock"

    @property
    def study_log(self) -> Path:
        return self.folder / "study" / "log.txt"

    @property
    def study_failure(self) -> Path:
        """Why the study could not be made; there is none after it was."""
        return self.folder / "study" / "failure.txt"


def files_of(store: Store, run_id: str) -> RunFiles:
    """The files of a run; the folder need not exist."""
    return RunFiles(folder_for(store.artifacts, run_id))


def alive_of(store: Store, connection: Connection, rows: Sequence[Row[Any]]) -> set[str]:
    """Those of these running runs that a trainer has: on another machine by its lease, else by the lock it holds.

    The database is asked for its time once, and only where there is a lease.
    """
    leased = {row.id: row.lease_until for row in rows if row.lease_until is not None}
    now = clock(connection) if leased else 0.0
    held = {row.id for row in rows if row.id not in leased and locks.is_held(files_of(store, row.id).lock)}
    return held | {run_id for run_id, until in leased.items() if until > now}


def supervisor_lock(store: Store) -> Path:
    """One supervisor per store and machine: stores that share an artifacts folder have a lock each."""
    name = str(Path(store.place).resolve()) if store.is_local else store.url
    return store.artifacts / f"supervisor-{sha256(name.encode()).hexdigest()[:12]}.lock"


def log_tail(store: Store, run_id: str, lines: int = 40, most_bytes: int = 64_000) -> str:
    """The last lines of a run's log, empty if there is none yet; reads at most `most_bytes` of it."""
    return "\n".join(log_from(store, run_id, -most_bytes)[0].splitlines()[-lines:])


def log_from(store: Store, run_id: str, offset: int) -> tuple[str, int]:
    """The log from a byte offset on (negative: from the end) and the offset where it ends now.

    What cannot be read for want of a file or of the right to read it is empty.
    """
    path = files_of(store, run_id).log
    try:
        with path.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size + offset) if offset < 0 else min(offset, size))
            content = log.read()
            return content.decode("utf-8", errors="replace"), log.tell()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return "", 0


def listing(store: Store, run_id: str) -> list[tuple[str, int]]:
    """The files of a run with their sizes in bytes, by name; without the locks."""
    files = files_of(store, run_id)
    held = (files.lock, files.package_lock, files.study_lock)
    every = [Path(folder, name) for folder, _, names in os.walk(files.folder) for name in names]
    paths = [path for path in every if path.is_file() and path not in held]
    return sorted((str(path.relative_to(files.folder)), path.stat().st_size) for path in paths)


def bytes_used(store: Store, run_id: str) -> int:
    """The disk space that the files of a run take, in bytes."""
    return sum(size for _, size in listing(store, run_id))


@contextmanager
def without_checkpoints(files: RunFiles) -> Iterator[None]:
    """Take away the checkpoints of a run; they are there again if what is done meanwhile fails. Raise OSError."""
    aside = files.folder / "checkpoints-to-delete"
    shutil.rmtree(aside, ignore_errors=True)
    there = files.checkpoints.exists()
    if there:
        files.checkpoints.rename(aside)
    try:
        yield
    except BaseException:
        if there:
            aside.rename(files.checkpoints)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def clear_checkpoints(store: Store, run_id: str) -> int:
    """Delete the checkpoints of a run, which a finished run no longer needs; return the bytes freed."""
    before = bytes_used(store, run_id)
    shutil.rmtree(files_of(store, run_id).checkpoints, ignore_errors=True)
    return before - bytes_used(store, run_id)
