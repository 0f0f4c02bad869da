"""What a person asks for: launch, stop, resume, change the order. One transaction each; the supervisor acts on it."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from core.config import LAST_SEED, MOST_FOLDS, RunConfig, with_changes
from core.errors import ConfigurationError
from core.presets import PRESETS, config_of
from core.texts import named
from jobs.machines.nodes import threads_of_slot
from jobs.people import Person, Role
from jobs.running import run_edits
from jobs.running.attempts import existing_row
from jobs.running.environment import environment, frozen_here
from jobs.running.run_data import pinned, version_for
from jobs.running.starting_points import with_companions, with_start
from jobs.settings import settings
from jobs.store import locks, queue_settings, run_files
from jobs.store.ids import new_id
from jobs.store.queries import NotPossible
from jobs.store.records import Run, RunStatus
from jobs.store.schema import LONGEST_NAME, epochs, runs
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing

MOST_SEEDS = 50
LAST = sys.maxsize
"""A place in the queue that no queue has: the end."""


def launch(store: Store, config: RunConfig, name: str = "", *, tags: Sequence[str] = ()) -> str:
    """Queue one run and return its id; raise as `launch_all` does."""
    return launch_all(store, config, name, tags=tags)[0]


def launch_all(
    store: Store,
    config: RunConfig,
    name: str = "",
    *,
    seeds: int | None = None,
    folds: int | None = None,
    and_whole: bool = False,
    cloned_from: str | None = None,
    tags: Sequence[str] = (),
) -> list[str]:
    """Queue one run per fold if `folds` is given, else so many `seeds` from the config's own on, else one run.

    With `and_whole` one more run, of no group, holds no fold out. Return the ids; raise ConfigurationError,
    DataSetError, StoreError, or NotPossible and RunNotFound for the run to start from or to predict together with, and
    then nothing is queued. Several runs are a group. The predictions that the runs of all folds make for the split
    "validation" are those for all training images, by models that did not learn from them.

    The config is frozen here: data set, number of threads, weights file and the run that it starts from become what
    they are on this machine now.
    """
    chosen, version = named(name, "name", LONGEST_NAME) if name.strip() else "", version_for(config)
    config = with_start(store, config, version)
    on = "" if version.is_built_in else f" on {version.label}"
    configs = _by_name(config, chosen, on, seeds, folds)
    group_id = new_id() if len(configs) > 1 else None
    group_ids = dict.fromkeys(configs, group_id)
    if and_whole:
        whole = with_changes(config, folds=0, fold=0)
        configs[chosen or default_name(whole, on)] = whole
    threads = threads_of_slot(store) if settings().has_cluster else None
    common = {"cloned_from": cloned_from, "environment": environment(), "owner": store.by.id}
    rows = [
        _values_of(pinned(frozen_here(with_companions(store, each, version), threads), version), words)
        | common
        | {"group_id": group_ids.get(words)}
        for words, each in configs.items()
    ]
    # All or none: a group that is cut short would be taken for a whole one.
    with changing(store, Role.LAUNCH) as connection:
        return [_insert(connection, store.by, row, tags) for row in rows]


def _by_name(config: RunConfig, name: str, on: str, seeds: int | None, folds: int | None) -> dict[str, RunConfig]:
    """The configuration of each run that is to be queued; raise ConfigurationError for too many seeds or folds."""
    if folds is not None:
        if not 2 <= folds <= MOST_FOLDS:
            raise ConfigurationError(f"Invalid number of folds: {folds}.", f"Choose 2 to {MOST_FOLDS}.")
        start = name or default_name(with_changes(config, folds=0, fold=0), on)
        of_folds = (with_changes(config, folds=folds, fold=fold) for fold in range(1, folds + 1))
        return {f"{start} {fold_words(each)}": each for each in of_folds}
    of_seeds = [with_changes(config, seed=seed) for seed in seeds_from(config.seed, 1 if seeds is None else seeds)]
    if not name:
        return {default_name(each, on): each for each in of_seeds}
    return {f"{name} seed {each.seed}" if len(of_seeds) > 1 else name: each for each in of_seeds}


def seeds_from(first: int, count: int) -> range:
    """So many seeds, one after the other; raise ConfigurationError if they are too many, or not all possible."""
    if not 1 <= count <= MOST_SEEDS:
        raise ConfigurationError(f"Invalid number of seeds: {count}.", f"Choose 1 to {MOST_SEEDS}.")
    last = LAST_SEED - count + 1
    if not 0 <= first <= last:
        raise ConfigurationError(
            f"Invalid seeds: {first} to {first + count - 1}. Seeds go from 0 to {LAST_SEED}.",
            f"Begin with a seed from 0 to {last}.",
        )
    return range(first, first + count)


def _values_of(frozen: RunConfig, name: str) -> dict[str, Any]:
    return {
        "name": named(name, "name", LONGEST_NAME),
        "preset": frozen.preset,
        "model": frozen.model,
        "seed": frozen.seed,
        "epochs": frozen.epochs,
        "config": frozen.model_dump(mode="json"),
        "threads": frozen.threads,
    }


def _insert(connection: Connection, by: Person, values: dict[str, Any], tags: Sequence[str]) -> str:
    run_id, now = new_id(), time.time()
    position = _end_of_queue(connection)
    connection.execute(
        runs.insert().values(
            id=run_id, status=RunStatus.QUEUED, status_since=now, created_at=now, queue_position=position, **values
        )
    )
    run_edits.insert_tags(connection, run_id, tags)
    change_record.append(connection, by, Action.LAUNCHED, run_id=run_id, after=values["name"])
    return run_id


def default_name(config: RunConfig, on: str = "") -> str:
    """The preset's name and the seed, of a k-fold run also the fold; the model's where it is not the preset's.

    `on` are words for the data set where it is not Fashion-MNIST.
    """
    of_preset = config.preset in PRESETS and config.model == config_of(config.preset).model
    name = f"{config.preset if of_preset else config.model}{on} seed {config.seed}"
    return f"{name} {fold_words(config)}" if config.folds else name


def fold_words(config: RunConfig) -> str:
    """Which fold a run of a k-fold group validates on: "fold 2 of 5"."""
    return f"fold {config.fold} of {config.folds}"


def stop(store: Store, run_id: str) -> str:
    """Ask a run to stop; its checkpoint is kept. Return the new status. Raise RunNotFound or NotPossible."""
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        row = existing_row(connection, run_id)
        if row.status in (RunStatus.QUEUED, RunStatus.RUNNING):
            change_record.append(connection, store.by, Action.STOPPED, run_id=run_id, before=row.status)
        if row.status == RunStatus.QUEUED:
            waited = max(0.0, time.time() - row.status_since)
            _set_status(connection, row, RunStatus.STOPPED, queued_s=row.queued_s + waited)
            return RunStatus.STOPPED
        if row.status == RunStatus.RUNNING:
            _set_status(connection, row, RunStatus.STOPPING)
            return RunStatus.STOPPING
        if row.status == RunStatus.STOPPING:
            return RunStatus.STOPPING
    raise NotPossible(
        f"Run {row.name} is {row.status}: there is nothing to stop.", "Only queued or running runs can be stopped."
    )


def resume(store: Store, run_id: str) -> None:
    """Queue a stopped or failed run again; it resumes from its checkpoint. Raise RunNotFound or NotPossible."""
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        before = _queue_again(connection, run_id)
        change_record.append(connection, store.by, Action.RESUMED, run_id=run_id, before=before)


def start_over(store: Store, run_id: str) -> None:
    """Queue a stopped or failed run again from its beginning: its checkpoints and epochs are deleted.

    Raise RunNotFound or NotPossible. For a run whose checkpoints are damaged, or that shall forget what it learnt.
    """
    files = run_files.files_of(store, run_id)
    with store.reading() as connection:
        name = _resumable(connection, run_id).name
    try:
        # Held until the checkpoints are gone, so that no supervisor starts the run before.
        with (
            locks.holding(files.lock, patience_s=5),
            run_files.without_checkpoints(files),
            changing(store, Role.LAUNCH, own_runs=[run_id]) as connection,
        ):
            before = _queue_again(connection, run_id, **_NOTHING_LEARNT)
            change_record.append(connection, store.by, Action.STARTED_OVER, run_id=run_id, before=before)
            connection.execute(epochs.delete().where(epochs.c.run_id == run_id))
    except locks.Held:
        raise NotPossible(f"The trainer of run {name} is still shutting down.", "Try again in a moment.") from None


_NOTHING_LEARNT = {"epoch": 0, "batch": 0, "best_epoch": None, "best_val_loss": None, "best_val_accuracy": None}


def is_resumable(run: Run | Row[Any]) -> bool:
    """Whether a run, or its row, can be queued again."""
    return run.status in (RunStatus.STOPPED, RunStatus.FAILED)


def _resumable(connection: Connection, run_id: str) -> Row[Any]:
    row = existing_row(connection, run_id)
    if not is_resumable(row):
        advice = {RunStatus.FINISHED: "Clone it to run it again.", RunStatus.STOPPING: "Wait until it has stopped."}
        raise NotPossible(
            f"Run {row.name} is {row.status}, so it cannot be resumed.",
            advice.get(row.status, "It resumes automatically."),
        )
    return row


def _queue_again(connection: Connection, run_id: str, **values: Any) -> str:
    """Queue a run again and return the status that it had."""
    row = _resumable(connection, run_id)
    before: str = row.status
    _set_status(
        connection,
        row,
        RunStatus.QUEUED,
        queue_position=_end_of_queue(connection),
        ended_at=None,
        archived_at=None,
        deaths=0,
        error_kind=None,
        error_message=None,
        error_advice=None,
        warning=None,
        **values,
    )
    return before


def move(store: Store, run_ids: Sequence[str], place: int) -> None:
    """Move queued runs to a place in the queue, counted from 1, one behind the other in the order given.

    A place beyond the end is the end. Raise RunNotFound or NotPossible, and then none has moved.
    """
    moved = list(dict.fromkeys(run_ids))
    with changing(store, Role.LAUNCH, own_runs=moved) as connection:
        _move(connection, store.by, moved, place)


def _move(connection: Connection, by: Person, moved: Sequence[str], place: int) -> None:
    for run_id in moved:
        row = existing_row(connection, run_id)
        if row.status != RunStatus.QUEUED:
            raise NotPossible(f"Run {row.name} is {row.status}, not in the queue.", "Only queued runs can be moved.")
    queued = _queued(connection)
    others = [row.id for row in queued if row.id not in moved]
    at = min(max(place, 1) - 1, len(others))
    for run_id in moved:
        change_record.append(connection, by, Action.MOVED, run_id=run_id, after=at + 1)
    for position, run_id in enumerate([*others[:at], *moved, *others[at:]]):
        first = queued[0].queue_position
        connection.execute(runs.update().where(runs.c.id == run_id).values(queue_position=first + position))


def move_by(store: Store, run_id: str, places: int) -> None:
    """Move a queued run so many places on (negative: forward) from where it is by then; raise as `move` does."""
    with changing(store, Role.LAUNCH, own_runs=[run_id]) as connection:
        queued = _queued(connection)
        place = next((place for place, row in enumerate(queued, start=1) if row.id == run_id), 1)
        _move(connection, store.by, [run_id], place + places)


def set_slots(store: Store, count: int, *, based_on: int | None = None) -> None:
    """Change how many runs may run at once; raise ConfigurationError outside 1 to 64, and on a cluster.

    With `based_on`, the number that whoever changes it has seen: also where it is another one by now.
    """
    if settings().has_cluster:
        raise ConfigurationError(
            "The slots are those of the machines of the cluster.",
            "Set LOOKBOOK_SLOTS on a machine, and start its part again (python -m jobs node).",
        )
    if not 1 <= count <= queue_settings.MOST_SLOTS:
        raise ConfigurationError(f"Invalid number of slots: {count}.", f"Choose 1 to {queue_settings.MOST_SLOTS}.")
    with changing(store, Role.ADMIN) as connection:
        now = queue_settings.slots(connection)
        if based_on is not None and now not in (based_on, count):
            raise ConfigurationError(
                f"Somebody else has set the number of slots to {now}; yours, {count}, is not saved.",
                "Change it again if needed.",
            )
        queue_settings.put(connection, "slots", count)
        change_record.append(connection, store.by, Action.SLOTS, before=now, after=count)


def set_paused(store: Store, paused: bool) -> None:
    """Pause the queue or resume it."""
    with changing(store, Role.ADMIN) as connection:
        queue_settings.put(connection, "paused", paused)
        change_record.append(connection, store.by, Action.PAUSED if paused else Action.CONTINUED)


def _queued(connection: Connection) -> Sequence[Any]:
    """Id and position of the queued runs, the next one first."""
    query = select(runs.c.id, runs.c.queue_position).where(runs.c.status == RunStatus.QUEUED)
    return connection.execute(query.order_by(runs.c.queue_position, runs.c.id)).all()


def _end_of_queue(connection: Connection) -> float:
    last = connection.execute(select(func.max(runs.c.queue_position))).scalar()
    return 1.0 if last is None else float(last) + 1.0


def _set_status(connection: Connection, row: Row[Any], status: str, **values: Any) -> None:
    now = time.time()
    if status == RunStatus.STOPPED:
        values["ended_at"] = now
    connection.execute(runs.update().where(runs.c.id == row.id).values(status=status, status_since=now, **values))
