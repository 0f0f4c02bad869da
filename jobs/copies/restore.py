"""A backup in the place of the run store: checked first, all at one stroke, and never behind a run's back."""

import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, select

from jobs.copies.backup import write_copy
from jobs.copies.foreign_store import checked_copy
from jobs.copies.rows import copy_rows, empty_tables, is_empty
from jobs.running.background import end_supervisor, ensure_supervisor
from jobs.running.environment import host
from jobs.settings import sqlite_url
from jobs.store import locks
from jobs.store.copying import copy_file
from jobs.store.records import IN_PROGRESS
from jobs.store.run_files import supervisor_lock
from jobs.store.schema import runs
from jobs.store.store import PATIENCE_S, Store, bring_up_to_date, connect, make_artifacts
from jobs.store.store_errors import StoreBusy, StoreError
from jobs.team import change_record
from jobs.team.change_record import Action

LEAVING_S = 5.0
"""How long a supervisor has to leave before a restore is refused."""

_MAGIC = b"SQLite format 3\0"


def restore(source: Path, url: str, artifacts: Path) -> Path | None:
    """Put a copy of a backup in the place of the run store; return where the store that was there is kept, if any.

    Raise StoreError if the file is no undamaged run store, if a supervisor is running, or if nothing can be written.
    """
    store = Store(connect(url), artifacts)
    if not store.is_local:
        return _restore_on_server(source, store)
    database = Path(store.place)
    with checked_copy(source, database) as copy, nobody_running(store):
        try:
            kept = _put_in_place(copy, database)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{database} could not be written ({error}).", "Check the folder and its disk space."
            ) from error
        bring_up_to_date(store)
        with store.writing() as connection:
            change_record.append(connection, store.by, Action.RESTORED, subject=source.name)
    return kept


def _restore_on_server(source: Path, store: Store) -> Path | None:
    """Replace all rows in one transaction; those that were there are kept as a file in the artifacts folder."""
    make_artifacts(store.artifacts)
    bring_up_to_date(store)
    with checked_copy(source, store.artifacts / "runs.db") as copy, nobody_running(store):
        checked = Store(connect(sqlite_url(copy)), store.artifacts)
        bring_up_to_date(checked)
        kept = store.artifacts / f"before-restore-{_stamp()}.backup"
        with checked.reading() as reader, store.writing() as writer:
            refuse_runs_elsewhere(store, writer)
            there_was_none = is_empty(writer)
            if not there_was_none:
                write_copy(store, writer, kept)
                empty_tables(writer)
            copy_rows(reader, writer)
            change_record.append(writer, store.by, Action.RESTORED, subject=source.name)
        checked.engine.dispose()
    return None if there_was_none else kept


def refuse_runs_elsewhere(store: Store, connection: Connection) -> None:
    """Raise StoreError if another machine works on a run of the store: of this one's runs the locks tell more."""
    working = select(runs.c.name, runs.c.host).where(runs.c.status.in_(IN_PROGRESS), runs.c.host != host())
    row = None if store.is_local else connection.execute(working).first()
    if row is not None:
        raise _busy(f"Run {row.name} is active on {row.host}, and works")


def _stamp() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def _put_in_place(source: Path, target: Path) -> Path | None:
    if not target.exists():
        copy_file(source, target)
        return None
    kept = target.with_name(f"{target.stem}-before-restore-{_stamp()}{target.suffix}")
    if _is_database(target):
        _write_over(source, target, kept)
    else:
        _replace_rubble(source, target, kept)
    return kept


def _is_database(path: Path) -> bool:
    # Not by SQLite, which deletes the log beside a file that is none.
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _write_over(source: Path, target: Path, kept: Path) -> None:
    """Replace all that is in the store in one transaction of SQLite: whoever has it open sees the old or the new rows.

    The store is copied to `kept` within the transaction, so that no row written until then is lost.
    """
    deadline = time.monotonic() + PATIENCE_S

    def keep_before(status: int, _left: int, _pages: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if time.monotonic() > deadline:
                raise StoreBusy(f"Another program has locked the run store {target}.", "Close it, then try again.")
        elif not kept.exists():
            copy_file(target, kept)

    with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(target, timeout=1)) as writer:
        # So that the store can be read, and copied, while it is written.
        writer.execute("PRAGMA journal_mode=WAL")
        # From the first page on the write lock is held.
        reader.backup(writer, pages=1, progress=keep_before)
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _replace_rubble(source: Path, target: Path, kept: Path) -> None:
    """Replace a file that SQLite cannot open, so that nobody can have it open, with the files that it left beside."""
    shutil.copy(target, kept)
    for ending in ("-wal", "-shm"):
        beside = target.with_name(target.name + ending)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + ending))
    copy_file(source, target)


@contextmanager
def nobody_running(store: Store) -> Iterator[None]:
    """End the supervisor and keep others from starting; raise StoreError if a run is running.

    A supervisor that was sent away for nothing is started again.
    """
    make_artifacts(store.artifacts)
    supervised = end_supervisor(store)
    try:
        with _supervisor_kept_out(store):
            running = [lock.parent.name for lock in store.artifacts.glob("*/lock") if locks.is_held(lock)]
            if running:
                raise _busy(f"Runs are active ({', '.join(running)})")
            yield
    except StoreError:
        if supervised:
            ensure_supervisor(store)
        raise


@contextmanager
def _supervisor_kept_out(store: Store) -> Iterator[None]:
    try:
        with locks.holding(supervisor_lock(store), patience_s=LEAVING_S):
            yield
    except locks.Held:
        raise _busy("A supervisor is active") from None


def _busy(reason: str) -> StoreError:
    return StoreError(f"{reason} on the run store.", "Stop them (python -m jobs stop RUN ...), then try again.")
