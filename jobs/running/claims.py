"""What the supervisor writes: which run it takes, and what follows when a trainer exits without a report."""

import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, true

from jobs.running.attempts import AttemptHandle, close_attempt, end_run, fail_run, row_of
from jobs.store import queue_settings
from jobs.store.records import ACTIVE, IN_PROGRESS, Run, RunStatus
from jobs.store.schema import attempts, runs
from jobs.store.store import Store

MOST_CRASHES = 6
"""A run whose trainer crashes this often without progress fails."""


def is_here(store: Store, run: Run, host: str) -> bool:
    """Whether a run is running on this machine, and not as one of a cluster.

    All are in a store of this machine, also if it had another name.
    """
    return run.status in IN_PROGRESS and run.lease_until is None and (store.is_local or run.host == host)


def next_in_queue(store: Store, host: str) -> str | None:
    """The run that this host should start now; None if the queue is empty, paused, or all slots are taken."""
    with store.reading() as connection:
        return _next_in_queue(store, connection, host)


def claim(store: Store, run_id: str, host: str) -> AttemptHandle | None:
    """Take a run for this host if it is still the one that `next_in_queue` says, else None.

    The caller holds the run's lock already, so that no reader sees a running run without a trainer.
    """
    with store.writing() as connection:
        row = row_of(connection, run_id)
        if row is None or _next_in_queue(store, connection, host) != run_id:
            return None
        return begin_attempt(store, connection, row, host, **taken_from_queue(row))


def taken_from_queue(row: Row[Any]) -> dict[str, Any]:
    """What changes in the row of a run that was queued when it begins."""
    now = time.time()
    return {
        "status": RunStatus.RUNNING,
        "status_since": now,
        "started_at": row.started_at or now,
        # The clock of the machine may have been set back meanwhile.
        "queued_s": row.queued_s + max(0.0, now - row.status_since),
    }


def _next_in_queue(store: Store, connection: Connection, host: str) -> str | None:
    here: ColumnElement[bool] = true() if store.is_local else runs.c.host == host
    running = select(func.count()).where(runs.c.status.in_(IN_PROGRESS), runs.c.lease_until.is_(None), here)
    if queue_settings.is_paused(connection) or connection.execute(running).scalar_one() >= queue_settings.slots(
        connection
    ):
        return None
    queued = (
        select(runs.c.id).where(runs.c.status == RunStatus.QUEUED).order_by(runs.c.queue_position, runs.c.id).limit(1)
    )
    run_id: str | None = connection.execute(queued).scalar()
    return run_id


def begin_attempt(store: Store, connection: Connection, row: Row[Any], host: str, **values: Any) -> AttemptHandle:
    """Begin the next attempt at a run on a machine, within the caller's transaction."""
    number = row.attempt + 1
    values = {"lease_until": None, "slot": None, **values}
    connection.execute(
        runs.update()
        .where(runs.c.id == row.id)
        .values(attempt=number, host=host, pid=None, progress_at=time.time(), **values)
    )
    connection.execute(
        attempts.insert().values(
            run_id=row.id,
            attempt=number,
            host=host,
            started_at=time.time(),
            start_epoch=max(row.epoch, 1),
            start_batch=row.batch,
        )
    )
    return AttemptHandle(store, row.id, number)


def record_exit(attempt: AttemptHandle, host: str, exit_status: int | None, last_log_line: str) -> AttemptHandle | None:
    """Record that a trainer has exited without a report; return the next attempt if there is to be one.

    `exit_status` as subprocess gives it (negative: the signal; None: not this supervisor's child, so unknown). A
    positive one is a failure of the program; death by signal, or with the machine, is resumed, but not for ever.
    """
    with attempt.store.writing() as connection:
        row = row_of(connection, attempt.run_id)
        if row is None or row.attempt != attempt.number or row.status not in IN_PROGRESS:
            return None
        if row.status == RunStatus.STOPPING:
            end_run(connection, attempt, RunStatus.STOPPED, "stopped")
            return None
        if exit_status is not None and exit_status > 0:
            message = f"The trainer ended with exit status {exit_status}: {last_log_line or 'no output'}"
            fail_run(
                connection, attempt, "code", message, "The log has the details; fix the cause, then resume the run."
            )
            return None
        if row.deaths + 1 >= MOST_CRASHES:
            fail_run(connection, attempt, *failure_of(exit_status))
            return None
        close_attempt(connection, attempt, _outcome_of(exit_status))
        return begin_attempt(attempt.store, connection, row, host, deaths=row.deaths + 1)


def fail(store: Store, run_id: str, kind: str, message: str, advice: str) -> None:
    """End a queued or running run as failed, since no trainer can be started for it."""
    with store.writing() as connection:
        row = row_of(connection, run_id)
        if row is not None and row.status in ACTIVE:
            fail_run(connection, AttemptHandle(store, run_id, row.attempt), kind, message, advice)


def _outcome_of(exit_status: int | None) -> str:
    if exit_status is None:
        return "died"
    return f"died by signal {-exit_status}" if exit_status < 0 else "left when told to"


def failure_of(exit_status: int | None) -> tuple[str, str, str]:
    """Kind, message and advice for a run whose trainers died too often; the last one with this status, if known."""
    message = f"The trainer died {MOST_CRASHES} times without progress (last: {_outcome_of(exit_status)})."
    if exit_status in (None, -9):
        return (
            "memory",
            f"{message} Most likely the machine ran out of memory.",
            "Choose a smaller batch or input size, close other programs, then resume or clone the run.",
        )
    return "code", message, "The log has the details; fix the cause, then resume the run."
