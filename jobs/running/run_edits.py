"""What people write on runs: name, tags, note, baseline, archive; and deleting them."""

import shutil
import time
from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from core.errors import ConfigurationError
from core.texts import clean_lines, named
from jobs.people import Person, Role
from jobs.running import background
from jobs.running.attempts import existing_row
from jobs.running.starting_points import refuse_needed
from jobs.store import locks, run_files
from jobs.store.queries import NotPossible, get_run, run_not_found
from jobs.store.records import ACTIVE, RunStatus
from jobs.store.schema import LONGEST_NAME, runs, tags
from jobs.store.store import Store
from jobs.store.store_errors import ChangedMeanwhile
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.comments import remove_comments_on_run
from jobs.team.permission import changing
from jobs.team.reviews import refuse_locked

LONGEST_TAG = 50
LONGEST_NOTE = 20_000


def rename(store: Store, run_id: str, name: str, *, based_on: str | None = None) -> None:
    """Give a run another name (1 to 200 characters); raise ConfigurationError or RunNotFound.

    With `based_on`, the name that whoever edits it has seen: raise ChangedMeanwhile if it is another one by now.
    """
    words = named(name, "name", LONGEST_NAME)
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        before = _edit(connection, run_id, "name", words, based_on)
        change_record.append(connection, store.by, Action.RENAMED, run_id=run_id, before=before, after=words)


def set_note(store: Store, run_id: str, note: str, *, based_on: str | None = None) -> None:
    """Replace a run's note (at most 20,000 characters); raise ConfigurationError or RunNotFound.

    With `based_on`, the note that whoever edits it has seen: raise ChangedMeanwhile if it is another one by now.
    """
    words = _checked_note(note)
    with changing(store, Role.REVIEW) as connection:
        before = _edit(connection, run_id, "note", words, based_on)
        change_record.append(connection, store.by, Action.NOTED, run_id=run_id, before=before, after=words)


def add_to_note(store: Store, run_id: str, text: str) -> None:
    """Put a paragraph below what a run's note says by then; raise ConfigurationError or RunNotFound."""
    with changing(store, Role.REVIEW) as connection:
        before = existing_row(connection, run_id).note.rstrip()
        note = _checked_note(f"{before}\n\n{text.strip()}" if before else text.strip())
        connection.execute(update(runs).where(runs.c.id == run_id).values(note=note))
        change_record.append(connection, store.by, Action.NOTED, run_id=run_id, before=before, after=note)


def _checked_note(note: str) -> str:
    """The note as it is stored, without what cannot be shown; raise ConfigurationError for one that is too long."""
    if len(note) > LONGEST_NOTE:
        raise ConfigurationError(f"The note has {len(note)} characters.", f"Use at most {LONGEST_NOTE}.")
    return clean_lines(note)


def _edit(connection: Connection, run_id: str, what: str, words: str, based_on: str | None) -> str:
    """Write a name or a note and return the one that was there."""
    now: str = existing_row(connection, run_id)._mapping[what]
    if based_on is not None and now not in (based_on, words):
        raise ChangedMeanwhile(
            f"Somebody else has changed the {what} of run {run_id}; yours is not saved yet.",
            f"Their {what} is shown below: copy what you want to keep, then save again.",
            now,
        )
    connection.execute(update(runs).where(runs.c.id == run_id).values({what: words}))
    return now


def set_pinned(store: Store, run_id: str, pinned: bool) -> None:
    """Pin a run as a baseline or unpin it; raise RunNotFound."""
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        _update(connection, run_id, pinned=pinned)
        change_record.append(connection, store.by, Action.PINNED if pinned else Action.UNPINNED, run_id=run_id)


def archive(store: Store, run_id: str) -> None:
    """Hide a run from the lists; raise RunNotFound, or NotPossible for one that is queued, running or locked."""
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        _refuse_active(connection, run_id, "archived")
        refuse_locked(connection, run_id, "archived")
        _update(connection, run_id, archived_at=time.time())
        change_record.append(connection, store.by, Action.ARCHIVED, run_id=run_id)


def bring_back(store: Store, run_id: str) -> None:
    """Show an archived run in the lists again; raise RunNotFound."""
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        _update(connection, run_id, archived_at=None)
        change_record.append(connection, store.by, Action.BROUGHT_BACK, run_id=run_id)


def set_tags(store: Store, run_id: str, wanted: Iterable[str]) -> None:
    """Replace the tags of a run; raise ConfigurationError or RunNotFound."""
    with changing(store, Role.REVIEW) as connection:
        _replace_tags(connection, store.by, run_id, wanted)


def change_tags(store: Store, run_id: str, added: Iterable[str], removed: Iterable[str]) -> None:
    """Add tags to those that a run has by then, and take some off; raise ConfigurationError or RunNotFound."""
    with changing(store, Role.REVIEW) as connection:
        _replace_tags(connection, store.by, run_id, {*_tags(connection, run_id), *added} - set(removed))


def _replace_tags(connection: Connection, by: Person, run_id: str, wanted: Iterable[str]) -> None:
    existing_row(connection, run_id)
    before = _tags(connection, run_id)
    connection.execute(tags.delete().where(tags.c.run_id == run_id))
    insert_tags(connection, run_id, wanted)
    after = _tags(connection, run_id)
    change_record.append(connection, by, Action.TAGGED, run_id=run_id, before=before, after=after)


def _tags(connection: Connection, run_id: str) -> list[str]:
    return list(connection.execute(select(tags.c.tag).where(tags.c.run_id == run_id).order_by(tags.c.tag)).scalars())


def insert_tags(connection: Connection, run_id: str, wanted: Iterable[str]) -> None:
    """Add tags to a run that has none of them, within the caller's transaction; raise ConfigurationError."""
    for tag in sorted({named(tag, f"tag {tag[:20]!r}", LONGEST_TAG) for tag in wanted if tag.strip()}):
        connection.execute(tags.insert().values(run_id=run_id, tag=tag))


def delete(store: Store, run_id: str) -> int:
    """Delete a run with its figures, predictions and files; return the bytes freed on disk.

    Raise RunNotFound, or NotPossible for one that is queued, running or locked (pinned or accepted), or that an
    unfinished run starts from. The rows go first: if the machine dies between, files without a run are left, never a
    run without its files.
    """
    files = run_files.files_of(store, run_id)
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        name = _refuse_active(connection, run_id, "deleted")
        refuse_locked(connection, run_id, "deleted")
        if locks.is_held(files.lock):
            raise NotPossible(f"The trainer of run {name} is still shutting down.", "Try again in a moment.")
        refuse_needed(connection, run_id, name)
        connection.execute(runs.delete().where(runs.c.id == run_id))
        remove_comments_on_run(connection, run_id)
        change_record.append(connection, store.by, Action.DELETED, run_id=run_id, before=name)
    for lock in (files.study_lock, files.package_lock):
        background.end(lock)
    before = run_files.bytes_used(store, run_id)
    shutil.rmtree(files.folder, ignore_errors=True)
    return before - run_files.bytes_used(store, run_id)


def clear_checkpoints(store: Store, run_id: str) -> int:
    """Delete the checkpoints of a finished run; its figures and its model stay. Return the bytes freed.

    Raise NotPossible for one that has not finished, or is pinned or accepted.
    """
    run = get_run(store, run_id)
    if run.status != RunStatus.FINISHED:
        raise NotPossible(
            f"Run {run.name} is {run.state} and needs its checkpoints to resume.", "Delete the run instead."
        )
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        refuse_locked(connection, run_id, "cleared of checkpoints")
        change_record.append(connection, store.by, Action.CLEARED, run_id=run_id)
    return run_files.clear_checkpoints(store, run_id)


def _refuse_active(connection: Connection, run_id: str, what: str) -> str:
    """Return the name of a run that is neither queued nor running; it stays so until the transaction ends."""
    row = existing_row(connection, run_id)
    if row.status in ACTIVE:
        raise NotPossible(f"Run {row.name} is {row.status} and cannot be {what}.", "Stop it first.")
    name: str = row.name
    return name


def _update(connection: Connection, run_id: str, **values: object) -> None:
    if connection.execute(update(runs).where(runs.c.id == run_id).values(**values)).rowcount == 0:
        raise run_not_found(run_id)
