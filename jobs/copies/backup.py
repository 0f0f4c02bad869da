"""A run store as one SQLite file, whichever database it is in."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from core.files import sync, written_aside
from jobs.copies.rows import copy_rows
from jobs.settings import sqlite_url
from jobs.store import migration
from jobs.store.copying import copy_database, new_file
from jobs.store.store import Store, connect, make_private_file


def backup(store: Store, target: Path) -> int:
    """Write a copy of the store as of one moment, also while runs write, to a new file; return its size in bytes.

    Raise StoreError if the file exists or cannot be written.
    """
    if store.is_local:
        return copy_database(store, target)
    with store.reading() as connection:
        return write_copy(store, connection, target)


def write_copy(store: Store, connection: Connection, target: Path) -> int:
    """Write what a transaction sees of a store to a new SQLite file at one stroke; return its size in bytes.

    Raise StoreError if the file exists or cannot be written.
    """
    with new_file(target), written_aside(target) as aside:
        make_private_file(aside)
        copy = Store(connect(sqlite_url(aside)), store.artifacts)
        try:
            with copy.writing() as writer:
                migration.make_tables(writer, str(target))
                copy_rows(connection, writer)
        finally:
            copy.engine.dispose()
        with closing(sqlite3.connect(aside)) as file:
            # A copy is one file, without a write-ahead log beside it.
            file.execute("PRAGMA journal_mode=DELETE")
    sync(target.parent)
    return target.stat().st_size
