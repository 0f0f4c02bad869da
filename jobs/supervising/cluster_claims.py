"""Which queued run a machine of the cluster gets, and what follows when nobody has renewed its lease."""

import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, func, select

from core.machine.fingerprint import code_fingerprint
from jobs.machines.nodes import nodes_within
from jobs.machines.placing import Place, Taken, Wait, Wanted, plan
from jobs.running.attempts import AttemptHandle, close_attempt, end_run, fail_run, row_of
from jobs.running.claims import MOST_CRASHES, begin_attempt, failure_of, taken_from_queue
from jobs.store import queue_settings
from jobs.store.records import IN_PROGRESS, RunStatus
from jobs.store.schema import runs
from jobs.store.store import Store, clock

FIRST_LEASE_S = 13.0
"""The lease of an attempt that was just given to a machine: Ray may take so long until a trainer is there."""
STARTING_LEASE_S = 7.0
"""For so long a lease lasts whose trainer is starting: two reports of its machine."""
NEVER_STARTED = (
    "engine",
    f"The trainer died or was not there in time {MOST_CRASHES} times without progress (last: not there in time).",
    "The log of the machine and Ray's dashboard say why; mend it, then resume the run.",
)
"""Kind, message and advice for a run that a machine does not start though it is there."""
MOST_LOOKED_AT = 500
"""So many runs of a queue are looked at: those behind them wait for their turn whatever they need."""


def plan_queue(store: Store, usable: Collection[str]) -> list[Place | Wait]:
    """For each of the first queued runs where it can begin, of the machines that can be used, or why it waits.

    Nothing begins while the queue is paused.
    """
    with store.reading() as connection:
        return _plan_within(connection, usable)


def _plan_within(connection: Connection, usable: Collection[str], *further: Wanted) -> list[Place | Wait]:
    known = [node for node in nodes_within(connection) if node.name in usable]
    return plan([*_queue(connection), *further], known, _taken(connection), code_fingerprint())


def place_of_one_more(store: Store, wanted: Wanted, usable: Collection[str]) -> Place | Wait:
    """Where a run that is not queued yet could begin, behind all that are, or why it would wait."""
    with store.reading() as connection:
        return _plan_within(connection, usable, wanted)[-1]


def next_place(store: Store, usable: Collection[str]) -> Place | None:
    """The first queued run that can begin, and where; None if none can, or the queue is paused."""
    with store.reading() as connection:
        return _next_place(connection, usable)


def _next_place(connection: Connection, usable: Collection[str]) -> Place | None:
    if queue_settings.is_paused(connection):
        return None
    return next((each for each in _plan_within(connection, usable) if isinstance(each, Place)), None)


def claim(store: Store, place: Place, usable: Collection[str]) -> AttemptHandle | None:
    """Take a run for the machine that was chosen, if that is still what `next_place` says, else None.

    Its lease begins with that, so that it counts as interrupted if no trainer takes it up.
    """
    with store.writing() as connection:
        row, now = row_of(connection, place.run_id), _next_place(connection, usable)
        if row is None or now is None or _essence(now) != _essence(place):
            return None
        values = {"lease_until": clock(connection) + FIRST_LEASE_S, "slot": place.slot, **taken_from_queue(row)}
        return begin_attempt(store, connection, row, place.node.name, **values)


def _essence(place: Place) -> tuple[str, str, str]:
    return place.run_id, place.node.name, place.slot


def give_back(attempt: AttemptHandle, why: str) -> None:
    """Queue a run first again whose attempt could not be started; should it have been, its trainer will find out."""
    with attempt.store.writing() as connection:
        row = row_of(connection, attempt.run_id)
        if row is not None and row.attempt == attempt.number and row.status in IN_PROGRESS:
            close_attempt(connection, attempt, f"not started: {why}"[:200])
            if row.status == RunStatus.STOPPING:
                end_run(connection, attempt, RunStatus.STOPPED, "stopped")
            else:
                _queue_first(connection, row)


def requeue(attempt: AttemptHandle) -> bool:
    """Queue a run first again whose lease has run out; return False where it has not, or the run is no longer running.

    One whose trainer died, or was never there, though its machine is fails when that has happened too often without
    progress.
    """
    with attempt.store.writing() as connection:
        # A renewal is either seen here or waits until this is done, and then comes to nothing.
        row = connection.execute(select(runs).where(runs.c.id == attempt.run_id).with_for_update()).first()
        if row is None or row.attempt != attempt.number or row.status not in IN_PROGRESS:
            return False
        if row.lease_until is None or row.lease_until > clock(connection):
            return False
        if row.status == RunStatus.STOPPING:
            end_run(connection, attempt, RunStatus.STOPPED, "stopped")
            return True
        machine = next((node for node in nodes_within(connection) if node.name == row.host), None)
        lost = machine is None or not machine.is_there
        has_begun = row.pid is not None
        if not lost and row.deaths + 1 >= MOST_CRASHES:
            fail_run(connection, attempt, *(failure_of(None) if has_begun else NEVER_STARTED))
            return True
        outcome = "lost with its machine" if lost else "died" if has_begun else "not started in time"
        close_attempt(connection, attempt, outcome)
        _queue_first(connection, row, deaths=row.deaths + (not lost))
        return True


def keep_starting(attempt: AttemptHandle, machine: str) -> None:
    """Let the lease of a run last a little, on the word of its machine that a trainer is starting there.

    Only what the machine sees counts: the engine takes long to learn that a machine was gone for a moment.
    """
    with attempt.store.beating() as connection:
        until = clock(connection) + STARTING_LEASE_S
        is_starting = (
            runs.c.id == attempt.run_id,
            runs.c.attempt == attempt.number,
            runs.c.host == machine,
            runs.c.status.in_(IN_PROGRESS),
            runs.c.pid.is_(None),
            # What was promised is never taken back.
            runs.c.lease_until < until,
        )
        connection.execute(runs.update().where(*is_starting).values(lease_until=until))


def _queue_first(connection: Connection, row: Any, **values: Any) -> None:
    first = connection.execute(
        select(func.min(runs.c.queue_position)).where(runs.c.status == RunStatus.QUEUED)
    ).scalar()
    connection.execute(
        runs.update()
        .where(runs.c.id == row.id)
        .values(
            status=RunStatus.QUEUED,
            status_since=time.time(),
            pid=None,
            lease_until=None,
            slot=None,
            queue_position=row.queue_position if first is None else first - 1,
            **values,
        )
    )


def _queue(connection: Connection) -> list[Wanted]:
    columns = (runs.c.id, runs.c.threads, runs.c.device, runs.c.config, runs.c.environment)
    query = (
        select(*columns)
        .where(runs.c.status == RunStatus.QUEUED)
        .order_by(runs.c.queue_position, runs.c.id)
        .limit(MOST_LOOKED_AT)
    )
    return [
        Wanted(
            row.id,
            row.threads or 1,
            row.device or _text(row.config, "device") or "auto",
            _memory(row.config),
            _text(row.environment, "computed_on"),
        )
        for row in connection.execute(query)
    ]


def _text(stored: Any, key: str) -> str | None:
    """A text within JSON; None where it is not there, or all of it is damaged."""
    value = stored.get(key) if isinstance(stored, dict) else None
    return value if isinstance(value, str) else None


def _memory(config: Any) -> int:
    value = config.get("memory_mb") if isinstance(config, dict) else None
    return value if isinstance(value, int) else 0


def _taken(connection: Connection) -> list[Taken]:
    columns = (runs.c.host, runs.c.slot, runs.c.config)
    query = select(*columns).where(runs.c.status.in_(IN_PROGRESS), runs.c.lease_until.is_not(None))
    return [Taken(row.host, row.slot, _memory(row.config)) for row in connection.execute(query)]
