"""What the supervisor writes: which run it takes, and what follows when a trainer is gone without a word."""

import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, true

from jobs.running.attempts import Duty, close_attempt, end_run, fail_run, row_of
from jobs.store import queue_settings
from jobs.store.records import ACTIVE, AT_WORK, QUEUED, RUNNING, STOPPED, STOPPING, Run
from jobs.store.schema import attempts, runs
from jobs.store.store import Store

MOST_DEATHS = 6
"""A run whose trainer dies this often without getting further fails: it would go on dying."""


def is_here(store: Store, run: Run, host: str) -> bool:
    """Whether a run is at work on this machine. All are in a store of this machine, also if it had another name."""
    return run.status in AT_WORK and (store.is_local or run.host == host)


def next_in_queue(store: Store, host: str) -> str | None:
    """The run that this host should start now; None if the queue is empty, paused, or all slots are taken."""
    with store.reading() as connection:
        return _next_in_queue(store, connection, host)


def claim(store: Store, run_id: str, host: str) -> Duty | None:
    """Take a run for this host if it is still the one that `next_in_queue` says, else None.

    The caller holds the run's lock already, so that no reader sees a run at work that nobody holds.
    """
    with store.writing() as connection:
        row = row_of(connection, run_id)
        if row is None or _next_in_queue(store, connection, host) != run_id:
            return None
        now = time.time()
        return _begin_attempt(
            store,
            connection,
            row,
            host,
            status=RUNNING,
            status_since=now,
            started_at=row.started_at or now,
            # The clock of the machine may have been set back meanwhile.
            queued_s=row.queued_s + max(0.0, now - row.status_since),
        )


def _next_in_queue(store: Store, connection: Connection, host: str) -> str | None:
    here: ColumnElement[bool] = true() if store.is_local else runs.c.host == host
    working = select(func.count()).where(runs.c.status.in_(AT_WORK), here)
    if queue_settings.is_paused(connection) or connection.execute(working).scalar_one() >= queue_settings.slots(
        connection
    ):
        return None
    waiting = select(runs.c.id).where(runs.c.status == QUEUED).order_by(runs.c.queue_position, runs.c.id).limit(1)
    # On Postgres two hosts never take the same run; SQLite, where one writer is alone anyway, drops the clause.
    found: str | None = connection.execute(waiting.with_for_update(skip_locked=True)).scalar()
    return found


def _begin_attempt(store: Store, connection: Connection, row: Row[Any], host: str, **values: Any) -> Duty:
    attempt = row.attempt + 1
    connection.execute(
        runs.update()
        .where(runs.c.id == row.id)
        .values(attempt=attempt, host=host, pid=None, progress_at=time.time(), **values)
    )
    connection.execute(
        attempts.insert().values(
            run_id=row.id,
            attempt=attempt,
            host=host,
            started_at=time.time(),
            start_epoch=max(row.epoch, 1),
            start_batch=row.batch,
        )
    )
    return Duty(store, row.id, attempt)


def settle_death(duty: Duty, host: str, exit_status: int | None, last_words: str) -> Duty | None:
    """Record that a trainer is gone without having said so; return the next attempt if there is to be one.

    `exit_status` as subprocess gives it (negative: the signal; None: not this supervisor's child, so unknown). A
    positive one is a failure of the program; death by signal, or with the machine, is resumed, but not for ever.
    """
    with duty.store.writing() as connection:
        row = row_of(connection, duty.run_id)
        if row is None or row.attempt != duty.attempt or row.status not in AT_WORK:
            return None
        if row.status == STOPPING:
            end_run(connection, duty, STOPPED, "stopped")
            return None
        if exit_status is not None and exit_status > 0:
            message = f"The trainer ended with exit status {exit_status}: {last_words or 'it left no word'}"
            fail_run(connection, duty, "code", message, "The log has the details; resume the run once it is mended.")
            return None
        if row.deaths + 1 >= MOST_DEATHS:
            fail_run(connection, duty, *_cause_of_death(exit_status))
            return None
        close_attempt(connection, duty, _death(exit_status))
        return _begin_attempt(duty.store, connection, row, host, deaths=row.deaths + 1)


def give_up(store: Store, run_id: str, kind: str, message: str, advice: str) -> None:
    """Record that no trainer can be started for a run that waits or works, and why."""
    with store.writing() as connection:
        row = row_of(connection, run_id)
        if row is not None and row.status in ACTIVE:
            fail_run(connection, Duty(store, run_id, row.attempt), kind, message, advice)


def _death(exit_status: int | None) -> str:
    if exit_status is None:
        return "died"
    return f"died by signal {-exit_status}" if exit_status < 0 else "left when told to"


def _cause_of_death(exit_status: int | None) -> tuple[str, str, str]:
    message = f"The trainer died {MOST_DEATHS} times without getting further (last: {_death(exit_status)})."
    if exit_status in (None, -9):
        return (
            "memory",
            f"{message} Most likely the machine ran out of memory.",
            "Choose a smaller batch or input size, close other programs, then resume or clone the run.",
        )
    return "code", message, "The log has the details; resume the run once it is mended."
