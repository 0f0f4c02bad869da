"""What is told outside, to the one address that LOOKBOOK_WEBHOOK_URL names: kept with what it tells of, sent later.

Each delivery is a row, added within the transaction that makes the event. So nothing is told that did not happen, and
what happened is told however often the receiver fails. Somebody who is killed between sending and noting it sends
again: receivers tell a second one by its id.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from core.statistics import wording
from jobs.people import Person
from jobs.settings import settings
from jobs.store.ids import new_id
from jobs.store.records import RunStatus
from jobs.store.schema import deliveries, runs

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
