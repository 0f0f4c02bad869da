"""What is told of a run while it works: its state, and how long it will take."""

import json

import pytest
from sqlalchemy import text

from core.config import validated
from core.errors import ConfigurationError
from jobs.running import queue
from jobs.running.attempts import AttemptHandle, report_checkpoint, report_progress, report_start
from jobs.running.claims import claim, record_exit
from jobs.store.queries import find_run, get_run, list_runs, seed_group_ids
from jobs.store.records import Epoch, Run, RunStatus
from jobs.store.store import Store
from jobs.store.store_errors import StoreDamaged
from tests import stores
from tests.jobs.configs import TINY

HOST = "here"
BATCHES = 10


@pytest.fixture
def attempt(store: Store) -> AttemptHandle:
    """A run of 4 epochs, 10 batches each, that has just been claimed."""
    config = TINY.model_copy(update={"epochs": 4, "train_size": 640})
    taken = claim(store, queue.launch(store, config), HOST)
    assert taken is not None
    report_start(taken, 4711, {}, [], None, 0)
    return taken


def complete(attempt: AttemptHandle, count: int, seconds: float) -> None:
    """So many epochs are complete and took so long each."""
    done = [Epoch(n, 0.5, 0.8, 0.5, 0.8, 1e-3, seconds, run_id=attempt.run_id) for n in range(1, count + 1)]
    report_checkpoint(attempt, done, done[0], further=False)


def told(attempt: AttemptHandle) -> Run:
    """The run as it is told while its trainer lives."""
    with stores.at_work(attempt.store, attempt.run_id):
        return get_run(attempt.store, attempt.run_id)


def test_the_time_left_is_that_of_the_epochs_to_come_at_the_pace_of_the_complete_ones(attempt: AttemptHandle) -> None:
    complete(attempt, 1, 20.0)
    report_progress(attempt, 2, 5, BATCHES, 1e6, 500.0)
    assert told(attempt).seconds_left == pytest.approx(2.5 * 20)


def test_work_that_was_lost_or_repeated_does_not_change_the_time_left(attempt: AttemptHandle) -> None:
    complete(attempt, 1, 20.0)
    report_progress(attempt, 2, 5, BATCHES, 32.0, 500.0)
    before = told(attempt).seconds_left
    successor = record_exit(attempt, HOST, -9, "")
    assert successor is not None
    done = [Epoch(1, 0.5, 0.8, 0.5, 0.8, 1e-3, 20.0, run_id=attempt.run_id)]
    report_start(successor, 4711, {}, done, done[0], 5)
    report_progress(successor, 2, 5, BATCHES, 32.0, 9000.0)
    assert told(successor).seconds_left == before


def test_in_the_first_epoch_the_time_left_is_by_its_speed_and_none_in_its_first_seconds(attempt: AttemptHandle) -> None:
    report_progress(attempt, 1, 1, BATCHES, 32.0, 1.0)
    assert told(attempt).seconds_left is None
    report_progress(attempt, 1, 5, BATCHES, 32.0, 10.0)
    assert told(attempt).seconds_left == pytest.approx(3.5 * 640 / 32)


def test_a_run_that_stops_or_is_interrupted_has_no_time_left_to_tell(attempt: AttemptHandle) -> None:
    complete(attempt, 1, 20.0)
    assert told(attempt).seconds_left is not None
    assert get_run(attempt.store, attempt.run_id).seconds_left is None
    queue.stop(attempt.store, attempt.run_id)
    assert told(attempt).seconds_left is None


def test_only_a_run_that_shall_go_on_is_interrupted_when_its_trainer_is_gone(attempt: AttemptHandle) -> None:
    report_progress(attempt, 1, 1, BATCHES, 32.0, 1.0)
    assert told(attempt).state == RunStatus.RUNNING
    gone = get_run(attempt.store, attempt.run_id)
    assert (gone.state, gone.state_since) == (RunStatus.INTERRUPTED, gone.progress_at)
    queue.stop(attempt.store, attempt.run_id)
    stopping = get_run(attempt.store, attempt.run_id)
    assert (stopping.state, stopping.state_since) == (RunStatus.STOPPING, stopping.status_since)


def spoil(store: Store, run_id: str, column: str, content: str) -> None:
    with store.writing() as connection:
        connection.execute(text(f"UPDATE runs SET {column} = {content} WHERE id = :id"), {"id": run_id})


def stored_otherwise(store: Store, run_id: str, changes: dict[str, object]) -> None:
    """Change values of the config of a run as it is stored; None takes one out."""
    with store.writing() as connection:
        stored = connection.execute(text("SELECT CAST(config AS TEXT) FROM runs WHERE id = :id"), {"id": run_id})
        config = {**json.loads(stored.scalar_one()), **changes}
        values = {name: value for name, value in config.items() if value is not None}
        connection.execute(
            text("UPDATE runs SET config = :config WHERE id = :id"), {"config": json.dumps(values), "id": run_id}
        )


def require_told(store: Store, bad: str, good: str, column: str) -> None:
    by_id = {run.id: run for run in list_runs(store)}
    assert by_id[good].damaged == ()
    assert by_id[bad].damaged == (column,)
    assert f"The {column} of this run is damaged" in str(by_id[bad].warning)
    assert find_run(store, "bad").damaged
    with pytest.raises(StoreDamaged, match=rf"Run bad \({bad}\).*{column}.*jobs restore"):
        get_run(store, bad)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("column", "content"),
    [
        ("config", "replace(config, ':', ';')"),
        ("config", "CAST(replace(CAST(config AS BLOB), X'656E', X'65EE') AS TEXT)"),
        ("environment", "'{'"),
    ],
)
def test_a_row_with_what_is_no_json_is_told_by_the_name_of_its_run_and_the_others_are_listed(
    store: Store, column: str, content: str
) -> None:
    bad, good = (queue.launch(store, TINY, name) for name in ("bad", "good"))
    spoil(store, bad, column, content)
    require_told(store, bad, good, column)


@pytest.mark.parametrize(
    ("column", "content"), [("config", "'[]'"), ("config", "'[\"\ufffd\"]'"), ("status", "'at lunch'")]
)
def test_a_damaged_row_is_told_by_the_name_of_its_run_and_the_others_are_listed(
    store: Store, column: str, content: str
) -> None:
    bad, good = (queue.launch(store, TINY, name) for name in ("bad", "good"))
    spoil(store, bad, column, content)
    require_told(store, bad, good, column)


@pytest.mark.parametrize("changes", [{"epochs": "many"}, {"of_a_later_version": 1}])
def test_a_config_that_cannot_be_is_told_by_the_name_of_its_run(store: Store, changes: dict[str, object]) -> None:
    bad, good = (queue.launch(store, TINY, name) for name in ("bad", "good"))
    stored_otherwise(store, bad, changes)
    require_told(store, bad, good, "config")


def test_a_group_whose_config_is_damaged_leaves_the_other_groups_to_be_listed(store: Store) -> None:
    bad, *_ = queue.launch_all(store, TINY, "bad", seeds=2)
    queue.launch_all(store, TINY, "good", seeds=2)
    for value in ("many", 10**30, [1]):
        stored_otherwise(store, bad, {"folds": value})
        assert get_run(store, list_runs(store)[0].id).group_id in seed_group_ids(store)


def test_a_run_of_an_architecture_that_is_gone_keeps_its_config(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    stored_otherwise(store, run_id, {"model": "perceptron"})
    assert get_run(store, run_id).config.model == "perceptron"
    with pytest.raises(ConfigurationError, match="unknown architecture"):
        validated(dict(get_run(store, run_id).config))


def test_a_config_that_an_older_version_stored_has_the_values_that_runs_had_then(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    stored_otherwise(store, run_id, {"label_smoothing": None, "folds": None})
    config = get_run(store, run_id).config
    assert (config.label_smoothing, config.folds) == (0.0, 0)
