"""Copies of a SQLite store that are consistent while runs write to it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core.files import sync, written_aside
from jobs.store.store import PATIENCE_S, Store, make_private_file
from jobs.store.store_errors import StoreError


def copy_database(store: Store, target: Path) -> int:
    """Write a consistent copy of a SQLite store to a new file, aside and renamed; return its size in bytes.

    Raise StoreError if the file exists or cannot be written.
    """
    with new_file(target):
        copy_file(Path(store.place), target)
    return target.stat().st_size


@contextmanager
def new_file(target: Path) -> Iterator[None]:
    """Within it a copy is written to this file; raise StoreError if it exists or cannot be written."""
    if target.exists():
        raise StoreError(f"{target} exists already.", "Choose another file: a backup never overwrites one.")
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The backup {target} could not be written ({error}).", "Check the folder and its disk space."
        ) from error


def copy_file(source: Path, target: Path) -> None:
    """Put a copy of a database, with what is in its write-ahead log, at `target` at one stroke and durably.

    It has the rights of the file that it replaces; where there is none, it is closed to other users.
    """
    with written_aside(target) as aside:
        make_private_file(aside)
        with closing(sqlite3.connect(source, timeout=PATIENCE_S)) as reader, closing(sqlite3.connect(aside)) as writer:
            reader.backup(writer)
            # A copy is one file, without a write-ahead log beside it.
            writer.execute("PRAGMA journal_mode=DELETE")
        if target.exists():
            shutil.copymode(target, aside)
    sync(target.parent)
