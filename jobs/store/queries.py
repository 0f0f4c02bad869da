"""What can be asked of the run store: runs, epochs, predictions, the queue. Nothing here writes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Text, and_, cast, func, or_, select

from core.classes import CLASS_NAMES
from core.config import RunConfig, stored_config
from core.data.data_facts import FASHION_MNIST_TEST_HASH
from core.errors import ConfigurationError, LookbookError
from core.texts import tidied
from jobs.store import blobs, locks, queue_settings, run_files
from jobs.store.filters import NOT_ARCHIVED, ORDERS, Filter, conditions, having, review_states
from jobs.store.records import (
    ACTIVE,
    IN_PROGRESS,
    STATUSES,
    Attempt,
    Epoch,
    Predictions,
    QueueState,
    Run,
    RunName,
    RunStatus,
    data_facts,
)
from jobs.store.schema import attempts, epochs, predictions, runs, tags
from jobs.store.store import RESTORE, Store, Unreadable
from jobs.store.store_errors import StoreDamaged


class RunNotFound(LookbookError):
    """There is no run of that id."""

    kind = "run"


def run_not_found(run_id: str) -> RunNotFound:
    """The error that says so to a reader."""
    return RunNotFound(f"There is no run {run_id}.", "It may have been deleted; the Runs page lists all there are.")


class NotPossible(LookbookError):
    """What was asked is not possible in the state the run is in."""

    kind = "run"


class NoPredictions(LookbookError):
    """The run has no stored predictions: it has not finished."""

    kind = "run"


def list_runs(
    store: Store, wanted: Filter = NOT_ARCHIVED, *, order: str = "newest", limit: int | None = None, offset: int = 0
) -> list[Run]:
    """The runs that pass the filter, in one of ORDERS."""
    query = select(runs).where(*conditions(wanted)).order_by(ORDERS[order], runs.c.id).limit(limit).offset(offset)
    with store.reading() as connection:
        return _as_runs(store, connection, connection.execute(query).all())


def list_names(store: Store, wanted: Filter = NOT_ARCHIVED, *, limit: int | None = None) -> list[RunName]:
    """The names of the runs that pass the filter, newest first: a twentieth of the work of reading the runs."""
    newest = select(runs.c.id, runs.c.name).where(*conditions(wanted)).order_by(ORDERS["newest"], runs.c.id)
    with store.reading() as connection:
        return [RunName(*row) for row in connection.execute(newest.limit(limit))]


def count_runs(store: Store, wanted: Filter = NOT_ARCHIVED) -> int:
    """How many runs pass the filter."""
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(runs).where(*conditions(wanted))).scalar_one()


def get_run(store: Store, run_id: str) -> Run:
    """One run; raise RunNotFound, or StoreDamaged if the row can be read in part only."""
    run = next(iter(get_runs(store, [run_id])), None)
    if run is None:
        raise run_not_found(run_id)
    if run.damaged:
        raise StoreDamaged(f"Run {run.name} ({run_id}): {run.warning}")
    return run


def get_runs(store: Store, run_ids: Sequence[str]) -> list[Run]:
    """The runs of these ids in this order; those that do not exist are left out."""
    with store.reading() as connection:
        rows = connection.execute(select(runs).where(runs.c.id.in_(run_ids))).all()
        by_id = {run.id: run for run in _as_runs(store, connection, rows)}
    return [by_id[run_id] for run_id in run_ids if run_id in by_id]


def find_run(store: Store, words: str) -> Run:
    """The run of this id, beginning of an id, or name; raise RunNotFound if none or several match."""
    fits = or_(runs.c.id.startswith(words, autoescape=True), runs.c.name.in_((words, tidied(words))))
    with store.reading() as connection:
        rows = connection.execute(select(runs).where(fits).order_by(runs.c.created_at.desc()).limit(9)).all()
        fitting = _as_runs(store, connection, rows)
    exact = [run for run in fitting if run.id == words]
    if exact or len(fitting) == 1:
        return (exact or fitting)[0]
    if not fitting:
        raise RunNotFound(f"There is no run {words!r}.", "`python -m jobs list` shows all there are.")
    raise RunNotFound(
        f"{words!r} matches several runs: {', '.join(f'{run.id} ({run.name})' for run in fitting)}.", "Give the id."
    )


def grouped_runs(store: Store, group_ids: Sequence[str] | None = None) -> list[Run]:
    """Every run of these groups, or of all groups, archived ones too: group after group, each in order of the seeds."""
    wanted = runs.c.group_id.is_not(None) if group_ids is None else runs.c.group_id.in_(group_ids)
    query = select(runs).where(wanted).order_by(runs.c.group_id, runs.c.seed, runs.c.id)
    with store.reading() as connection:
        return _as_runs(store, connection, connection.execute(query).all())


def seed_group_ids(store: Store, search: str = "") -> list[str]:
    """The ids of all groups of seeds, the newest first; groups of folds are not among them.

    With `search` only those of which a run has every word.
    """
    query = select(runs.c.group_id).where(runs.c.group_id.is_not(None)).group_by(runs.c.group_id)
    if search:
        query = query.where(runs.c.group_id.in_(select(runs.c.group_id).where(*having(search))))
    # As text: of a config that is damaged it may be no number, and then Postgres would refuse all rows.
    folds = func.max(func.coalesce(cast(runs.c.config["folds"].as_string(), Text), "0"))
    ordered = query.having(folds == "0").order_by(func.max(runs.c.created_at).desc(), runs.c.group_id)
    with store.reading() as connection:
        return [str(group_id) for group_id in connection.execute(ordered).scalars()]


def active_runs(store: Store) -> list[Run]:
    """All queued and running runs: the running ones first, then in the order of the queue."""
    query = (
        select(runs)
        .where(runs.c.status.in_(ACTIVE))
        .order_by((runs.c.status == RunStatus.QUEUED), runs.c.queue_position, runs.c.id)
    )
    with store.reading() as connection:
        return _as_runs(store, connection, connection.execute(query).all())


def known_tags(store: Store) -> list[str]:
    """Every tag in use, by name."""
    with store.reading() as connection:
        return list(connection.execute(select(tags.c.tag).distinct().order_by(tags.c.tag)).scalars())


def known_models(store: Store) -> list[str]:
    """Every model that a run has, by name."""
    with store.reading() as connection:
        return list(connection.execute(select(runs.c.model).distinct().order_by(runs.c.model)).scalars())


def list_epochs(store: Store, run_ids: Sequence[str], after: int = 0) -> dict[str, list[Epoch]]:
    """For each run its complete epochs in order; with `after` only those past that epoch."""
    query = select(epochs).where(epochs.c.run_id.in_(run_ids), epochs.c.epoch > after)
    by_run: dict[str, list[Epoch]] = {run_id: [] for run_id in run_ids}
    with store.reading() as connection:
        for row in connection.execute(query.order_by(epochs.c.run_id, epochs.c.epoch)):
            by_run[row.run_id].append(Epoch(**row._mapping))
    return by_run


def list_attempts(store: Store, run_id: str) -> list[Attempt]:
    """The attempts of a run, first to last."""
    query = select(attempts).where(attempts.c.run_id == run_id).order_by(attempts.c.attempt)
    with store.reading() as connection:
        return [Attempt(**row._mapping) for row in connection.execute(query)]


def get_predictions(store: Store, run_id: str, split: str = "test") -> Predictions:
    """The stored predictions of a run; raise RunNotFound, NoPredictions, or StoreDamaged where they are damaged."""
    query = (
        select(predictions, runs.c.data_set)
        .join(runs, runs.c.id == predictions.c.run_id)
        .where(predictions.c.run_id == run_id, predictions.c.split == split)
    )
    with store.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise _no_predictions(get_run(store, run_id), split)
    try:
        count, facts = row._mapping["count"], data_facts(row.data_set)
        if isinstance(facts, Unreadable):
            raise blobs.Damaged("how many classes they are for cannot be read")
        of_data = (facts.classes, facts.test_hash) if facts else (CLASS_NAMES, FASHION_MNIST_TEST_HASH)
        classes = len(of_data[0])
        labels = blobs.decode_labels(row.labels, count, classes)
        answers = blobs.decode_log_probabilities(row.log_probabilities, count, classes)
        return Predictions(run_id, split, labels, answers, *of_data)
    except blobs.Damaged as error:
        raise StoreDamaged(
            f"The predictions of run {get_run(store, run_id).name} for the {split} images are damaged ({error}).",
            RESTORE,
        ) from error


def _no_predictions(run: Run, split: str) -> NoPredictions:
    if run.status != RunStatus.FINISHED:
        reason = f"Run {run.name} has no predictions: it is {run.state}."
        return NoPredictions(reason, "Wait until the run has finished.")
    return NoPredictions(
        f"Run {run.name} has no predictions for the {split} images: they were not kept when it was trained.",
        "Clone it to train it again, with them.",
    )


def place_in_queue(store: Store, run: Run) -> int:
    """How many runs will be started before this queued one, plus one."""
    ahead = and_(runs.c.status == RunStatus.QUEUED, runs.c.queue_position < run.queue_position)
    with store.reading() as connection:
        return 1 + connection.execute(select(func.count()).select_from(runs).where(ahead)).scalar_one()


def queue_state(store: Store) -> QueueState:
    """The queue and the supervisor of this machine."""
    counting = (
        select(runs.c.status, func.count().label("number")).where(runs.c.status.in_(ACTIVE)).group_by(runs.c.status)
    )
    with store.reading() as connection:
        counts = {row.status: row.number for row in connection.execute(counting)}
        return QueueState(
            queued=counts.get(RunStatus.QUEUED, 0),
            at_work=sum(counts.get(status, 0) for status in IN_PROGRESS),
            slots=queue_settings.slots(connection),
            paused=queue_settings.is_paused(connection),
            supervised=locks.is_held(run_files.supervisor_lock(store)),
        )


def _as_runs(store: Store, connection: Connection, rows: Sequence[Row[Any]]) -> list[Run]:
    known = _with_locks(store, connection, rows)
    doubtful = [run.id for run in known if run.state == RunStatus.INTERRUPTED]
    if not doubtful:
        return known
    # A run may have ended, or begun anew, after its row was read and before its lock was looked at. If its row is
    # still the same now, its trainer was gone.
    before = {row.id: (row.status, row.attempt) for row in rows}
    with store.reading() as later:
        again = later.execute(select(runs).where(runs.c.id.in_(doubtful))).all()
        changed = [row for row in again if before[row.id] != (row.status, row.attempt)]
        corrected = {run.id: run for run in _as_runs(store, later, changed)}
    return [corrected.get(run.id, run) for run in known]


def _with_locks(store: Store, connection: Connection, rows: Sequence[Row[Any]]) -> list[Run]:
    tagged: dict[str, list[str]] = {}
    ids = [row.id for row in rows]
    for run_id, tag in connection.execute(select(tags).where(tags.c.run_id.in_(ids)).order_by(tags.c.tag)):
        tagged.setdefault(run_id, []).append(tag)
    reviewed = review_states(connection, ids)
    running = [row for row in rows if row.status in IN_PROGRESS]
    paces, alive = _paces(connection, [row.id for row in running]), run_files.alive_of(store, connection, running)
    return [
        Run(
            **_whole(row),
            epoch_s=paces.get(row.id),
            tags=tuple(tagged.get(row.id, ())),
            review=reviewed.get(row.id),
            alive=row.id in alive,
        )
        for row in rows
    ]


def _paces(connection: Connection, run_ids: Sequence[str]) -> dict[str, float]:
    """Mean seconds of the complete epochs of each of these runs that has one."""
    if not run_ids:
        return {}
    mean = func.avg(epochs.c.duration_s)
    query = select(epochs.c.run_id, mean).where(epochs.c.run_id.in_(run_ids)).group_by(epochs.c.run_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _whole(row: Row[Any]) -> dict[str, Any]:
    """The columns of a run, with nothing in the place of what is damaged, and a warning that says so."""
    values = {**row._mapping, "config": _config(row.config), "status": _status(row.status)}
    values["data_set"] = data_facts(row.data_set)
    damaged = tuple(name for name, value in values.items() if isinstance(value, Unreadable))
    if damaged:
        what = f"{' and '.join(damaged)} of this run {'is' if len(damaged) == 1 else 'are'} damaged in the run store"
        values |= {name: _IN_PLACE_OF_DAMAGED[name] for name in damaged}
        values["warning"] = f"The {what}; a placeholder is shown instead. {RESTORE}"
    return {**values, "damaged": damaged}


_IN_PLACE_OF_DAMAGED = {
    "config": RunConfig(),
    "environment": {},
    "pretrained": None,
    "status": RunStatus.FAILED,
    "data_set": None,
}


def _config(stored: Any) -> RunConfig | Unreadable:
    if not isinstance(stored, dict):
        return Unreadable(str(stored))
    try:
        return stored_config(stored)
    except ConfigurationError as error:
        return Unreadable(str(error))


def _status(stored: str) -> RunStatus | Unreadable:
    return RunStatus(stored) if stored in STATUSES else Unreadable(stored)
