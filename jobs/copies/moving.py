"""A run store with all its runs in another database, of SQLite or Postgres; their files stay where they are."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from jobs.copies.restore import nobody_running, refuse_runs_elsewhere
from jobs.copies.rows import copy_rows
from jobs.store import migration
from jobs.store.ownership import take_over
from jobs.store.store import Store, connect, make_private, revision_within
from jobs.store.store_errors import StoreError


def move(source: Store, url: str) -> Store:
    """Copy the whole store into an empty database, in one transaction, and compare every row; return the new store.

    Nobody writes into the store meanwhile, and it stays as it is. Raise StoreError, and then the database is as empty
    as before, if a run is running, if there are tables in the database, or if any row would not be the same there. The
    files of the runs belong to the new store from then on, and the old one is not opened with them any more.
    """
    target = Store(connect(url), source.artifacts)
    with nobody_running(source), _nothing_left_behind(target):
        make_private(target)
        with target.writing() as writer:
            if revision_within(writer) is not None:
                raise StoreError(
                    f"{target.place} holds a run store already.", "Name an empty database, or a file that is not there."
                )
            with source.writing() as reader:
                refuse_runs_elsewhere(source, reader)
                migration.make_tables(writer, target.place)
                copy_rows(reader, writer)
    take_over(target)
    return target


@contextlib.contextmanager
def _nothing_left_behind(target: Store) -> Iterator[None]:
    """Delete the file of a new SQLite store that was not filled."""
    path = Path(target.place) if target.is_local else None
    is_new = path is not None and not path.exists()
    try:
        yield
    except BaseException:
        target.engine.dispose()
        if path is not None and is_new:
            for ending in ("", "-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
        raise
