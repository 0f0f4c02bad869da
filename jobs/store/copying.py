"""Copies of a SQLite store that are consistent while runs write to it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from core.files import sync, written_aside
from jobs.store.store import PATIENCE_S, Store, make_private_file
from jobs.store.store_errors import StoreError


def copy_database(store: Store, target: Path) -> int:
    """Write a consistent copy of the store to a new file, aside and renamed; return its size in bytes.

    Raise StoreError if the file exists, cannot be written, or the store is no SQLite file.
    """
    source = store.engine.url.database
    if store.engine.dialect.name != "sqlite" or not source:
        raise StoreError("Only a SQLite store can be copied to a file.", "Use the tools of your database server.")
    if target.exists():
        raise StoreError(f"{target} exists already.", "Choose another file: a backup never overwrites one.")
    try:
        copy_file(Path(source), target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The backup {target} could not be written ({error}).", "Check the folder and its disk space."
        ) from error
    return target.stat().st_size


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
