"""What is told outside, to the one address that LOOKBOOK_WEBHOOK_URL names: kept with what it tells of, sent later.

Each delivery is a row, added within the transaction that makes the event. So nothing is told that did not happen, and
what happened is told however often the receiver fails. Somebody who is killed between sending and noting it sends
again: receivers tell a second one by its id.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from core.statistics import wording
from jobs.people import Person, Role
from jobs.settings import settings
from jobs.store.ids import new_id
from jobs.store.records import RunStatus
from jobs.store.schema import deliveries, runs
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing

LONGEST_TEXT = 1000
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 3600.0
MOST_TRIES = 32
"""With the waits between them they take a day; then a delivery is given up."""
LEASE_S = 60.0
"""For so long after a try began nobody else tries the same one; sending takes less."""
KEPT_S = 30 * 86_400.0
"""How long it can be seen what was delivered or given up."""

_TAKEN_FOR_COMMANDS = str.maketrans({"<": "‹", ">": "›", "@": "＠"})
"""In a chat, names that people choose could call everybody: <!channel>, @all."""


class Event(StrEnum):
    """What is told outside."""

    FINISHED = "run finished"
    FAILED = "run failed"
    REVIEW_ASKED = "review asked"
    MENTION = "mention"


@dataclass(frozen=True)
class Delivery:
    """One row. Times are seconds since 1970; `next_at` is None for what is delivered or given up.

    `problem` has a line for each try that failed, the last one last.
    """

    id: str
    event: str
    text: str
    created_at: float
    tries: int
    next_at: float | None
    delivered_at: float | None
    problem: str | None


@dataclass(frozen=True)
class Claimed:
    """A delivery that is to be sent now, with this try counted; a payload of a damaged row is no dict."""

    id: str
    payload: object
    tries: int
    problem: str | None


def announce(
    connection: Connection,
    event: Event,
    text: str,
    *,
    view: str,
    run_id: str | None = None,
    by: Person | None = None,
    to: Sequence[str] = (),
) -> None:
    """Have an event told outside, within the transaction that makes it; nothing where nobody is to be told.

    `text` is one sentence for a chat; `view` the address, from the page's name on, that shows what it speaks of; `to`
    the ids of the people whom it concerns.
    """
    chosen = settings()
    if chosen.webhook_url is None:
        return
    now, delivery_id = time.time(), new_id()
    link = f"{chosen.public_url}/{view}" if chosen.public_url else None
    words = text[:LONGEST_TEXT].translate(_TAKEN_FOR_COMMANDS)
    payload = {
        "text": f"{words} {link}" if link else words,
        "id": delivery_id,
        "event": event,
        "at": now,
        "url": link,
        "run": run_id,
        "by": by.id if by else None,
        "to": list(to),
    }
    values = {"id": delivery_id, "event": event, "payload": payload, "created_at": now, "next_at": now}
    connection.execute(deliveries.insert().values(**values))


def announce_end(connection: Connection, run_id: str) -> None:
    """Have told that a run has finished or failed; what a trainer says of a failure may name paths and stays here."""
    columns = (runs.c.name, runs.c.status, runs.c.owner, runs.c.test_accuracy, runs.c.error_kind)
    run = connection.execute(select(*columns).where(runs.c.id == run_id)).one()
    if run.status == RunStatus.FINISHED:
        event, text = Event.FINISHED, f"Run {run.name} finished: test accuracy {wording.percent(run.test_accuracy)}."
    else:
        event, text = Event.FAILED, f"Run {run.name} failed ({run.error_kind})."
    to = [run.owner] if run.owner else []
    announce(connection, event, text, view=f"runs?run={run_id}", run_id=run_id, to=to)


def next_due(store: Store) -> float | None:
    """When the next delivery is to be tried, in seconds since 1970; None where none waits, or nobody is to be told."""
    if settings().webhook_url is None:
        return None
    with store.reading() as connection:
        moment: float | None = connection.execute(select(func.min(deliveries.c.next_at))).scalar()
    return moment


def claim(store: Store) -> Claimed | None:
    """Take the delivery that has been due for longest, for LEASE_S seconds; None where none is due."""
    columns = (deliveries.c.id, deliveries.c.payload, (deliveries.c.tries + 1).label("tries"), deliveries.c.problem)
    now = time.time()
    due = select(*columns).where(deliveries.c.next_at <= now).order_by(deliveries.c.next_at, deliveries.c.id).limit(1)
    with store.writing() as connection:
        row = connection.execute(due.with_for_update(skip_locked=True)).first()
        if row is not None:
            values = {"tries": row.tries, "next_at": now + LEASE_S}
            connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(**values))
        forgotten = (deliveries.c.next_at.is_(None), deliveries.c.created_at < now - KEPT_S)
        connection.execute(delete(deliveries).where(*forgotten))
    return None if row is None else Claimed(row.id, row.payload, row.tries, row.problem)


def note_delivered(store: Store, claimed: Claimed) -> None:
    """Note that the receiver has taken a delivery."""
    _note(store, claimed, next_at=None, delivered_at=time.time())


def note_problem(store: Store, claimed: Claimed, problem: str) -> None:
    """Note why a try failed, and try again later, unless it was the last."""
    line = f"{wording.moment(time.time())}: {problem}"
    lines = f"{claimed.problem}\n{line}" if claimed.problem else line
    _note(store, claimed, next_at=_next_try(claimed.tries), problem=lines)


def _note(store: Store, claimed: Claimed, **values: Any) -> None:
    # Somebody else may have tried it since, if this took longer than the lease.
    mine = (deliveries.c.id == claimed.id, deliveries.c.tries == claimed.tries)
    with store.writing() as connection:
        connection.execute(update(deliveries).where(*mine).values(**values))


def _next_try(tries: int) -> float | None:
    """When to try again after so many tries; None when it is given up."""
    if tries >= MOST_TRIES:
        return None
    return time.time() + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (tries - 1))


def list_deliveries(store: Store, limit: int | None = None) -> list[Delivery]:
    """Every delivery that is kept, or so many, the newest first."""
    newest = select(deliveries).order_by(deliveries.c.created_at.desc(), deliveries.c.id).limit(limit)
    with store.reading() as connection:
        rows = connection.execute(newest).all()
    return [
        Delivery(
            row.id,
            row.event,
            str(row.payload.get("text", "")) if isinstance(row.payload, dict) else "",
            row.created_at,
            row.tries,
            row.next_at,
            row.delivered_at,
            row.problem,
        )
        for row in rows
    ]


def retry(store: Store) -> int:
    """Try all that is not delivered again at once, what was given up too; return how many. Raise NotAllowed."""
    with changing(store, Role.ADMIN) as connection:
        again = update(deliveries).where(deliveries.c.delivered_at.is_(None))
        count = connection.execute(again.values(tries=0, next_at=time.time())).rowcount
        change_record.append(connection, store.by, Action.RETRIED, subject=counted(count))
    return count


def counted(count: int) -> str:
    """So many deliveries, in words."""
    return wording.counted(count, "delivery", "deliveries")
