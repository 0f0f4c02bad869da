"""What a trainer writes of its run.

Each write is one short transaction that first checks run, attempt and status. So a trainer that has been replaced can
no longer write, and one that was asked to stop learns it from the write itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, func, select

from core.statistics.metrics import log_loss
from jobs.store import blobs
from jobs.store.queries import run_not_found
from jobs.store.records import IN_PROGRESS, Epoch, RunStatus
from jobs.store.schema import attempts, epochs, predictions, runs
from jobs.store.store import Store, clock
from jobs.team import deliveries


class Replaced(Exception):
    """This attempt is over: another one has the run, or the run is gone or has ended."""


@dataclass(frozen=True)
class AttemptHandle:
    """The right of one attempt to write about its run."""

    store: Store
    run_id: str
    number: int


@dataclass(frozen=True)
class Answers:
    """What the best weights say of a split: labels (n,) and natural logarithms of the probabilities (n, classes)."""

    labels: npt.NDArray[np.int64]
    log_probabilities: npt.NDArray[np.float32]
    seconds: float | None = None
    """How long it took to answer them all, preprocessing included; None where nobody measured it."""

    @property
    def classes(self) -> int:
        """How many classes the probabilities are of."""
        return self.log_probabilities.shape[1]


def report_start(
    attempt: AttemptHandle,
    pid: int,
    facts: Mapping[str, Any],
    complete: Sequence[Epoch],
    best: Epoch | None,
    batch: int,
    *,
    here: Mapping[str, str] | None = None,
) -> bool:
    """Record what the trainer found, and the epochs that its checkpoint holds; return whether to go on.

    Epochs past the checkpoint are taken out: they are about to be trained again. `here` takes the place of what the
    environment of the launch said of code and machine.
    """
    with _current(attempt) as (connection, row):
        connection.execute(epochs.delete().where(epochs.c.run_id == attempt.run_id, epochs.c.epoch > len(complete)))
        _insert_missing(connection, attempt.run_id, complete)
        position = {"epoch": min(len(complete) + 1, row.epochs), "batch": batch}
        environment = {**row.environment, **(here or {})}
        _update(connection, attempt, pid=pid, environment=environment, **facts, **position, **_best(best))
        connection.execute(
            attempts.update()
            .where(attempts.c.run_id == attempt.run_id, attempts.c.attempt == attempt.number)
            .values(start_epoch=position["epoch"], start_batch=batch)
        )
        return bool(row.status == RunStatus.RUNNING)


def report_progress(
    attempt: AttemptHandle, epoch: int, batch: int, batches: int, images_per_s: float, worked_s: float
) -> bool:
    """Record how far the trainer is and the seconds it worked since its last report; return whether to go on."""
    with _current(attempt) as (connection, row):
        _update(
            connection,
            attempt,
            epoch=epoch,
            batch=batch,
            batches=batches,
            images_per_s=images_per_s,
            work_s=row.work_s + worked_s,
            progress_at=time.time(),
        )
        return bool(row.status == RunStatus.RUNNING)


def report_checkpoint(
    attempt: AttemptHandle, complete: Sequence[Epoch], best: Epoch | None, *, further: bool, warning: str | None = None
) -> bool:
    """Record that a checkpoint is on disk, with the epochs complete in it; return whether to go on.

    `further` says that it is much further on than where this attempt began: only then are earlier crashes forgotten.
    A warning of before is over; `warning` is what is still to be told.
    """
    with _current(attempt) as (connection, row):
        _insert_missing(connection, attempt.run_id, complete)
        _update(connection, attempt, warning=warning, deaths=0 if further else row.deaths, **_best(best))
        return bool(row.status == RunStatus.RUNNING)


def report_warning(attempt: AttemptHandle, warning: str) -> bool:
    """Record trouble that the run can outlive, until the next checkpoint; return whether to go on."""
    with _current(attempt) as (connection, row):
        _update(connection, attempt, warning=warning)
        return bool(row.status == RunStatus.RUNNING)


def report_leaving(attempt: AttemptHandle, worked_s: float) -> bool:
    """Record that the trainer leaves before the end; return whether that stops the run.

    It does if somebody asked for it. A trainer that was told to leave otherwise, by a machine that shuts down, leaves
    the run running: it is interrupted, and resumed when a supervisor finds it.
    """
    with _current(attempt) as (connection, row):
        _update(connection, attempt, work_s=row.work_s + worked_s)
        if row.status == RunStatus.STOPPING:
            end_run(connection, attempt, RunStatus.STOPPED, "stopped")
        elif row.lease_until is not None:
            _update(connection, attempt, lease_until=clock(connection))
        return bool(row.status == RunStatus.STOPPING)


def report_failure(attempt: AttemptHandle, kind: str, message: str, advice: str) -> None:
    """Record that the run cannot go on, and why."""
    with _current(attempt) as (connection, _row):
        fail_run(connection, attempt, kind, message, advice)


def report_finish(
    attempt: AttemptHandle,
    complete: Sequence[Epoch],
    best: Epoch | None,
    answers: Mapping[str, Answers],
    worked_s: float,
    training_images: int,
    place_model: Callable[[], None],
) -> None:
    """Record all epochs, the answers to every split and the end of the run, in one transaction.

    Within it `place_model` puts the model, written before, where it is looked for: an attempt that is over, and has not
    heard of it, must not take the place of what its successor wrote. It may be called again.

    Loss and accuracy of the split "test" are computed from what is stored, so that no page can come to other figures.
    From now on its speed is that of all its epochs, of `training_images` each, validation included: the last seconds
    may have been unlike the rest.
    """
    blob_of = {split: blobs.encode_log_probabilities(given.log_probabilities) for split, given in answers.items()}
    labels, seconds = answers["test"].labels, answers["test"].seconds
    stored = blobs.decode_log_probabilities(blob_of["test"], len(labels), answers["test"].classes)
    accuracy = float((stored.argmax(axis=1) == labels).mean())
    learning_s = sum(epoch.duration_s for epoch in complete)
    with _current(attempt) as (connection, row):
        _insert_missing(connection, attempt.run_id, complete)
        for split, given in answers.items():
            _insert_answers(connection, attempt.run_id, split, given, blob_of[split])
        place_model()
        end_run(
            connection,
            attempt,
            RunStatus.FINISHED,
            "finished",
            epoch=len(complete),
            test_loss=log_loss(labels, np.exp(stored.astype(np.float64))),
            test_accuracy=accuracy,
            test_count=len(labels),
            images_per_s=len(complete) * training_images / learning_s,
            prediction_images_per_s=len(labels) / seconds if seconds else None,
            work_s=row.work_s + worked_s,
            warning=None,
            **_best(best),
        )


def _insert_answers(connection: Connection, run_id: str, split: str, given: Answers, blob: bytes) -> None:
    labels = blobs.encode_labels(given.labels, given.classes)
    row = {"run_id": run_id, "split": split, "count": len(given.labels), "labels": labels}
    connection.execute(predictions.insert().values(**row, log_probabilities=blob))


@contextmanager
def _current(attempt: AttemptHandle) -> Iterator[tuple[Connection, Row[Any]]]:
    with attempt.store.writing() as connection:
        row = row_of(connection, attempt.run_id)
        if row is None or row.attempt != attempt.number or row.status not in IN_PROGRESS:
            raise Replaced(f"attempt {attempt.number} of run {attempt.run_id} is over")
        yield connection, row


def _insert_missing(connection: Connection, run_id: str, complete: Sequence[Epoch]) -> None:
    known = connection.execute(select(func.coalesce(func.max(epochs.c.epoch), 0)).where(epochs.c.run_id == run_id))
    missing = [vars(epoch) for epoch in complete[known.scalar_one() :]]
    if missing:
        connection.execute(epochs.insert(), missing)


def _best(best: Epoch | None) -> dict[str, Any]:
    if best is None:
        return {"best_epoch": None, "best_val_loss": None, "best_val_accuracy": None}
    return {"best_epoch": best.epoch, "best_val_loss": best.val_loss, "best_val_accuracy": best.val_accuracy}


def row_of(connection: Connection, run_id: str) -> Row[Any] | None:
    """A run's row."""
    return connection.execute(select(runs).where(runs.c.id == run_id)).first()


def existing_row(connection: Connection, run_id: str) -> Row[Any]:
    """The same of a run that has to be there; raise RunNotFound if it is not."""
    row = row_of(connection, run_id)
    if row is None:
        raise run_not_found(run_id)
    return row


def fail_run(connection: Connection, attempt: AttemptHandle, kind: str, message: str, advice: str) -> None:
    """End the run as failed, within the caller's transaction."""
    end_run(
        connection, attempt, RunStatus.FAILED, "failed", error_kind=kind, error_message=message, error_advice=advice
    )


def end_run(connection: Connection, attempt: AttemptHandle, status: str, outcome: str, **values: Any) -> None:
    """End the run and its attempt, within the caller's transaction."""
    now = time.time()
    _update(connection, attempt, status=status, status_since=now, ended_at=now, pid=None, **values)
    close_attempt(connection, attempt, outcome)
    if status in (RunStatus.FINISHED, RunStatus.FAILED):
        deliveries.announce_end(connection, attempt.run_id)


def _update(connection: Connection, attempt: AttemptHandle, **values: Any) -> None:
    connection.execute(runs.update().where(runs.c.id == attempt.run_id).values(**values))


def close_attempt(connection: Connection, attempt: AttemptHandle, outcome: str) -> None:
    """Say how an attempt ended, within the caller's transaction."""
    connection.execute(
        attempts.update()
        .where(attempts.c.run_id == attempt.run_id, attempts.c.attempt == attempt.number)
        .values(ended_at=time.time(), outcome=outcome)
    )
