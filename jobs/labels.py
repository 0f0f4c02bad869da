"""What people write on runs: name, tags, note, baseline, archive; and deleting them."""

import shutil
import time
from collections.abc import Iterable

from sqlalchemy import Connection, update

from core.errors import ConfigurationError
from jobs import artifacts, locks, studies
from jobs.attempts import row_of
from jobs.records import ACTIVE, FINISHED
from jobs.runs import NotPossible, RunNotFound, get_run
from jobs.schema import LONGEST_NAME, runs, tags
from jobs.store import Store

LONGEST_TAG = 50
LONGEST_NOTE = 20_000


def rename(store: Store, run_id: str, name: str) -> None:
    """Give a run another name (1 to 200 characters); raise ConfigurationError or RunNotFound."""
    chosen = name.strip()
    if not 1 <= len(chosen) <= LONGEST_NAME:
        raise ConfigurationError(f"The name has {len(chosen)} characters.", f"Use 1 to {LONGEST_NAME}.")
    _update(store, run_id, name=chosen)


def set_note(store: Store, run_id: str, note: str) -> None:
    """Replace a run's note (at most 20,000 characters); raise ConfigurationError or RunNotFound."""
    if len(note) > LONGEST_NOTE:
        raise ConfigurationError(f"The note has {len(note)} characters.", f"Use at most {LONGEST_NOTE}.")
    _update(store, run_id, note=note)


def add_to_note(store: Store, run_id: str, text: str) -> None:
    """Put a paragraph below what a run's note says; raise ConfigurationError or RunNotFound."""
    note = get_run(store, run_id).note.rstrip()
    set_note(store, run_id, f"{note}\n\n{text.strip()}" if note else text.strip())


def set_pinned(store: Store, run_id: str, pinned: bool) -> None:
    """Pin a run as a baseline or unpin it; raise RunNotFound."""
    _update(store, run_id, pinned=pinned)


def archive(store: Store, run_id: str) -> None:
    """Hide a run that neither waits nor works from the lists; raise RunNotFound or NotPossible."""
    with store.writing() as connection:
        _refuse_active(connection, run_id, "archived")
        connection.execute(update(runs).where(runs.c.id == run_id).values(archived_at=time.time()))


def bring_back(store: Store, run_id: str) -> None:
    """Show an archived run in the lists again; raise RunNotFound."""
    _update(store, run_id, archived_at=None)


def set_tags(store: Store, run_id: str, wanted: Iterable[str]) -> None:
    """Replace the tags of a run; raise ConfigurationError or RunNotFound."""
    with store.writing() as connection:
        if row_of(connection, run_id) is None:
            raise _not_found(run_id)
        connection.execute(tags.delete().where(tags.c.run_id == run_id))
        insert_tags(connection, run_id, wanted)


def insert_tags(connection: Connection, run_id: str, wanted: Iterable[str]) -> None:
    """Add tags to a run that has none of them, within the caller's transaction; raise ConfigurationError."""
    for tag in sorted({tag.strip() for tag in wanted} - {""}):
        if len(tag) > LONGEST_TAG:
            raise ConfigurationError(
                f"The tag {tag[:20]!r}... has {len(tag)} characters.", f"Use at most {LONGEST_TAG}."
            )
        connection.execute(tags.insert().values(run_id=run_id, tag=tag))


def delete(store: Store, run_id: str) -> int:
    """Delete a run with its figures, predictions and files; return the bytes freed on disk.

    Raise RunNotFound, or NotPossible for one that waits or works. The rows go first: if the machine dies between,
    files without a run are left, never a run without its files.
    """
    files = artifacts.files_of(store, run_id)
    with store.writing() as connection:
        name = _refuse_active(connection, run_id, "deleted")
        if locks.is_held(files.lock):
            raise NotPossible(f"The trainer of run {name} is still leaving.", "Try again in a moment.")
        connection.execute(runs.delete().where(runs.c.id == run_id))
    studies.end_study(store, run_id)
    before = artifacts.bytes_used(store, run_id)
    shutil.rmtree(files.folder, ignore_errors=True)
    return before - artifacts.bytes_used(store, run_id)


def clear_checkpoints(store: Store, run_id: str) -> int:
    """Delete the checkpoints of a finished run; its figures and its model stay. Return the bytes freed."""
    run = get_run(store, run_id)
    if run.status != FINISHED:
        raise NotPossible(
            f"Run {run.name} is {run.state} and needs its checkpoints to go on.", "Delete the run instead."
        )
    return artifacts.clear_checkpoints(store, run_id)


def _refuse_active(connection: Connection, run_id: str, what: str) -> str:
    """Return the name of a run that neither waits nor works; it stays so until the transaction ends."""
    row = row_of(connection, run_id)
    if row is None:
        raise _not_found(run_id)
    if row.status in ACTIVE:
        raise NotPossible(f"Run {row.name} is {row.status} and cannot be {what}.", "Stop it first.")
    name: str = row.name
    return name


def _update(store: Store, run_id: str, **values: object) -> None:
    with store.writing() as connection:
        if connection.execute(update(runs).where(runs.c.id == run_id).values(**values)).rowcount == 0:
            raise _not_found(run_id)


def _not_found(run_id: str) -> RunNotFound:
    return RunNotFound(f"There is no run {run_id}.", "It may have been deleted; the Runs page lists all there are.")
