"""The record of changes: who did what and when, with what was there before and after. Rows are only ever added."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from jobs.people import Person, Role
from jobs.store.schema import LONGEST_NAME, changes
from jobs.store.store import Store
from jobs.team.permission import role_of


class Action(StrEnum):
    """What somebody did; the words follow the name of a person."""

    LAUNCHED = "launched"
    STOPPED = "stopped"
    RESUMED = "resumed"
    STARTED_OVER = "started over"
    MOVED = "moved in the queue"
    RENAMED = "renamed"
    NOTED = "changed the note"
    TAGGED = "changed the tags"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    ARCHIVED = "archived"
    BROUGHT_BACK = "brought back"
    CLEARED = "cleared the checkpoints"
    DELETED = "deleted"
    EXPORTED = "exported"
    DOWNLOADED = "downloaded the export"
    MARKED = "marked labels"
    WITHDREW = "withdrew a mark"
    STORED = "stored"
    LABELLED = "labelled a photo"
    REMOVED = "removed a photo"
    MEASURED = "measured"
    SLOTS = "set the slots"
    PAUSED = "paused the queue"
    CONTINUED = "resumed the queue"
    ROLE = "changed the role"
    RESTORED = "restored a backup"
    COMMENTED = "commented"
    EDITED = "edited a comment"
    UNSAID = "deleted a comment"
    RESOLVED = "resolved a thread"
    REOPENED = "reopened a thread"
    REVIEWED = "reviewed"
    RETRIED = "had deliveries tried again"


_ON_COMMENTS = (Action.COMMENTED, Action.EDITED, Action.UNSAID)


@dataclass(frozen=True)
class Change:
    """One row of the record. `at` in seconds since 1970; `before` and `after` are JSON, None where there is nothing."""

    id: int
    at: float
    person: str
    person_name: str
    action: str
    run_id: str | None
    subject: str
    before: Any
    after: Any


def append(
    connection: Connection,
    by: Person,
    action: Action,
    *,
    run_id: str | None = None,
    subject: str = "",
    before: Any = None,
    after: Any = None,
) -> None:
    """Add a change to the record, within the transaction that makes it; `subject` names what is no run."""
    connection.execute(
        changes.insert().values(
            at=time.time(),
            person=by.id,
            person_name=by.name,
            action=action,
            run_id=run_id,
            subject=subject[:LONGEST_NAME],
            before=before,
            after=after,
        )
    )


@dataclass(frozen=True)
class Wanted:
    """Which changes to list; an empty one lists all. Times are seconds since 1970."""

    run_id: str = ""
    person: str = ""
    actions: Sequence[str] = ()
    since: float | None = None
    until: float | None = None


ALL = Wanted()


def list_changes(store: Store, wanted: Wanted = ALL, *, limit: int | None = None, offset: int = 0) -> list[Change]:
    """The changes that fit, the newest first; for who is no admin without what comments said.

    A comment that was deleted shall be read no more, and one that was edited only as it is now; the record, which is
    only ever added to, keeps their texts.
    """
    query = select(changes).where(*_conditions(wanted)).order_by(changes.c.id.desc()).limit(limit).offset(offset)
    with store.reading() as connection:
        sees_all = role_of(connection, store.by) == Role.ADMIN
        return [_told(Change(**row._mapping), sees_all) for row in connection.execute(query)]


def _told(change: Change, sees_all: bool) -> Change:
    return change if sees_all or change.action not in _ON_COMMENTS else replace(change, before=None, after=None)


def count_changes(store: Store, wanted: Wanted = ALL) -> int:
    """How many changes fit."""
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(changes).where(*_conditions(wanted))).scalar_one()


def list_doers(store: Store) -> dict[str, str]:
    """Everybody in the record, by id, with the name of their last change, in the order of the names."""
    last = select(func.max(changes.c.id)).group_by(changes.c.person)
    query = select(changes.c.person, changes.c.person_name).where(changes.c.id.in_(last))
    with store.reading() as connection:
        return {row.person: row.person_name for row in connection.execute(query.order_by(changes.c.person_name))}


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = changes.c
    parts: list[ColumnElement[bool]] = []
    if wanted.run_id:
        parts.append(columns.run_id == wanted.run_id)
    if wanted.person:
        parts.append(columns.person == wanted.person)
    if wanted.actions:
        parts.append(columns.action.in_(wanted.actions))
    if wanted.since is not None:
        parts.append(columns.at >= wanted.since)
    if wanted.until is not None:
        parts.append(columns.at < wanted.until)
    return parts
