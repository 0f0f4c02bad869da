"""The queue: first in, first out, unless a person changes the order; stop, resume, pause, slots and groups."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core.config import LAST_SEED, validated, with_changes
from core.errors import ConfigurationError
from core.presets import config_of
from jobs.running import attempts, environment, queue
from jobs.running.claims import claim, next_in_queue
from jobs.running.environment import code_version
from jobs.store.queries import (
    NotPossible,
    RunNotFound,
    active_runs,
    get_run,
    get_runs,
    list_runs,
    place_in_queue,
    queue_state,
)
from jobs.store.records import RunStatus
from jobs.store.store import Store
from jobs.store.store_errors import StoreError
from tests.jobs.configs import TINY

HOST = "here"


def launch(store: Store, count: int) -> list[str]:
    return [queue.launch(store, TINY, f"run {number}") for number in range(count)]


def order(store: Store) -> list[str]:
    return [run.id for run in active_runs(store) if run.status == RunStatus.QUEUED]


def start_next(store: Store) -> attempts.AttemptHandle:
    run_id = next_in_queue(store, HOST)
    assert run_id is not None
    attempt = claim(store, run_id, HOST)
    assert attempt is not None
    return attempt


def test_runs_start_in_the_order_in_which_they_were_launched(store: Store) -> None:
    queue.set_slots(store, 3)
    ids = launch(store, 3)
    assert [start_next(store).run_id for _ in ids] == ids
    assert next_in_queue(store, HOST) is None


def test_a_launched_run_holds_all_that_is_needed_to_repeat_it(store: Store) -> None:
    run = get_run(store, queue.launch(store, config_of("cnn", seed=5), "my run", tags=["one", " one ", "two"]))
    assert (run.name, run.model, run.preset, run.seed, run.status) == ("my run", "cnn", "cnn", 5, RunStatus.QUEUED)
    assert run.config.threads > 0
    assert {"code", "python", "libraries", "host", "processor"} <= run.environment.keys()
    assert run.tags == ("one", "two")


def test_the_code_version_is_that_of_the_checkout_now_and_not_of_when_the_server_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.running.environment.ROOT", tmp_path)
    versions = []
    for message in ("one", "two"):
        for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", message]):
            identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
            subprocess.run(["git", *identity, *command], cwd=tmp_path, check=True, timeout=20)
        versions.append(code_version())
    assert versions[0] != versions[1]


@pytest.mark.parametrize("given", ["mine.pth", "~/mine.pth"])
def test_a_weights_file_is_frozen_as_an_absolute_path(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    run = get_run(store, queue.launch(store, config_of("resnet18", weights_file=given)))
    assert run.config.weights_file == str(tmp_path / "mine.pth")


def test_layers_to_unfreeze_mean_nothing_without_pretrained_weights_and_are_not_stored(store: Store) -> None:
    preset = config_of("resnet18")
    assert get_run(store, queue.launch(store, preset)).config.unfrozen_layers == ("layer4",)
    from_scratch = validated({**preset.model_dump(), "pretrained": False})
    assert get_run(store, queue.launch(store, from_scratch)).config.unfrozen_layers == ()


def test_a_run_is_named_by_its_preset_or_by_its_model_where_that_is_another() -> None:
    assert queue.default_name(config_of("quick", seed=4)) == "quick seed 4"
    assert queue.default_name(config_of("cnn", model="resnet18")) == "resnet18 seed 0"
    assert queue.default_name(config_of("resnet18", preset="custom")) == "resnet18 seed 0"


def test_a_name_that_is_too_long_queues_nothing(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="201 characters"):
        queue.launch(store, TINY, "x" * 201)
    assert list_runs(store) == []


def test_no_more_runs_start_than_there_are_slots(store: Store) -> None:
    queue.set_slots(store, 2)
    launch(store, 3)
    start_next(store)
    second = start_next(store)
    assert next_in_queue(store, HOST) is None
    attempts.report_failure(second, "data", "gone", "")
    assert next_in_queue(store, HOST) is not None


@pytest.mark.parametrize("count", [0, 65])
def test_slots_that_are_not_possible_are_refused(store: Store, count: int) -> None:
    with pytest.raises(ConfigurationError, match="1 to 64"):
        queue.set_slots(store, count)


def test_a_paused_queue_starts_nothing_until_it_goes_on(store: Store) -> None:
    (run_id,) = launch(store, 1)
    queue.set_paused(store, True)
    assert next_in_queue(store, HOST) is None
    assert claim(store, run_id, HOST) is None
    assert queue_state(store).paused
    queue.set_paused(store, False)
    assert next_in_queue(store, HOST) == run_id


@pytest.mark.parametrize(
    ("place", "expected"),
    [(1, [3, 0, 1, 2]), (2, [0, 3, 1, 2]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3]), (-1, [3, 0, 1, 2])],
)
def test_a_run_moves_to_the_place_it_is_given(store: Store, place: int, expected: list[int]) -> None:
    ids = launch(store, 4)
    queue.move(store, [ids[3]], place)
    assert order(store) == [ids[number] for number in expected]
    assert [place_in_queue(store, get_run(store, run_id)) for run_id in order(store)] == [1, 2, 3, 4]
    assert queue.launch(store, TINY) == order(store)[-1]


@pytest.mark.parametrize(("place", "expected"), [(1, [3, 1, 0, 2]), (2, [0, 3, 1, 2]), (9, [0, 2, 3, 1])])
def test_several_runs_move_together_in_the_order_given(store: Store, place: int, expected: list[int]) -> None:
    ids = launch(store, 4)
    queue.move(store, [ids[3], ids[1]], place)
    assert order(store) == [ids[number] for number in expected]


def test_one_run_that_does_not_wait_keeps_the_others_from_moving(store: Store) -> None:
    ids = launch(store, 3)
    start_next(store)
    with pytest.raises(NotPossible, match="running, not in the queue"):
        queue.move(store, [ids[2], ids[0]], 1)
    assert order(store) == ids[1:]


def test_only_queued_runs_move(store: Store) -> None:
    ids = launch(store, 2)
    start_next(store)
    with pytest.raises(NotPossible, match="running, not in the queue"):
        queue.move(store, [ids[0]], 2)


def test_stopping_a_queued_run_takes_it_out_of_the_queue(store: Store) -> None:
    first, second = launch(store, 2)
    assert queue.stop(store, first) == RunStatus.STOPPED
    assert next_in_queue(store, HOST) == second
    assert get_run(store, first).queued_s > 0


def test_stopping_a_running_run_asks_its_trainer(store: Store) -> None:
    (run_id,) = launch(store, 1)
    attempt = start_next(store)
    assert queue.stop(store, run_id) == RunStatus.STOPPING == queue.stop(store, run_id)
    assert attempts.report_progress(attempt, 1, 1, 4, 100.0, 1.0) is False
    assert attempts.report_leaving(attempt, 1.0)
    assert get_run(store, run_id).status == RunStatus.STOPPED
    with pytest.raises(NotPossible, match="stopped: there is nothing to stop"):
        queue.stop(store, run_id)


def test_a_resumed_run_goes_to_the_end_of_the_queue_and_forgets_its_error(store: Store) -> None:
    first, second = launch(store, 2)
    attempts.report_failure(start_next(store), "data", "gone", "fetch them")
    queue.resume(store, first)
    run = get_run(store, first)
    assert (run.status, run.error_kind, run.error_message, run.ended_at, run.deaths) == (
        RunStatus.QUEUED,
        None,
        None,
        None,
        0,
    )
    assert order(store) == [second, first]


@pytest.mark.parametrize("action", [queue.resume, queue.start_over])
def test_a_queued_or_running_run_cannot_be_resumed(store: Store, action: Callable[[Store, str], object]) -> None:
    (run_id,) = launch(store, 1)
    with pytest.raises(NotPossible, match="queued, so it cannot be resumed. It resumes automatically"):
        action(store, run_id)
    start_next(store)
    queue.stop(store, run_id)
    with pytest.raises(NotPossible, match="Wait until it has stopped"):
        action(store, run_id)


def test_a_run_that_does_not_exist_is_named(store: Store) -> None:
    for action in (queue.stop, queue.resume, queue.start_over):
        with pytest.raises(RunNotFound, match="nosuchid"):
            action(store, "nosuchid")


def test_a_group_has_one_run_for_each_seed(store: Store) -> None:
    ids = queue.launch_all(store, with_changes(TINY, seed=4), "sweep", seeds=3)
    group = [get_run(store, run_id) for run_id in ids]
    assert [(run.seed, run.config.seed, run.name) for run in group] == [
        (4, 4, "sweep seed 4"),
        (5, 5, "sweep seed 5"),
        (6, 6, "sweep seed 6"),
    ]
    assert len({run.group_id for run in group} - {None}) == 1
    assert order(store) == ids


def test_each_run_of_a_cloned_group_says_what_it_was_cloned_from(store: Store) -> None:
    source = queue.launch(store, TINY)
    ids = [
        *queue.launch_all(store, TINY, seeds=2, cloned_from=source),
        *queue.launch_all(store, TINY, folds=2, cloned_from=source),
    ]
    assert {get_run(store, run_id).cloned_from for run_id in ids} == {source}


def test_a_k_fold_group_has_one_run_for_each_fold_of_one_seed(store: Store) -> None:
    group = [get_run(store, run_id) for run_id in queue.launch_all(store, TINY, folds=3)]
    assert [(run.config.folds, run.config.fold, run.seed) for run in group] == [(3, 1, 3), (3, 2, 3), (3, 3, 3)]
    assert [run.name for run in group] == [f"cnn seed 3 fold {fold} of 3" for fold in (1, 2, 3)]
    assert len({run.group_id for run in group} - {None}) == 1


@pytest.mark.sqlite
def test_folds_and_the_run_that_holds_none_out_are_queued_together_or_not_at_all(store: Store) -> None:
    *folds, whole = get_runs(store, queue.launch_all(store, TINY, folds=3, and_whole=True))
    assert [run.config.fold for run in folds] == [1, 2, 3]
    assert (whole.config.folds, whole.name, whole.group_id) == (0, "cnn seed 3", None)
    assert len({run.group_id for run in folds} - {None}) == 1
    refuse = "create trigger refuse before insert on runs when new.name = 'last' begin select raise(abort, 'no'); end"
    with store.writing() as connection:
        connection.execute(text(refuse))
    with pytest.raises(StoreError, match="answered: no"):
        queue.launch_all(store, TINY, "last", folds=3, and_whole=True)
    assert len(list_runs(store)) == 4


@pytest.mark.parametrize("folds", [0, 1, 21])
def test_so_few_or_many_folds_are_refused(store: Store, folds: int) -> None:
    with pytest.raises(ConfigurationError, match="folds"):
        queue.launch_all(store, TINY, folds=folds)
    assert list_runs(store) == []


@pytest.mark.parametrize(("folds", "fold"), [(0, 1), (1, 0), (5, 0), (5, 6)])
def test_a_fold_that_does_not_exist_is_refused(folds: int, fold: int) -> None:
    with pytest.raises(ConfigurationError, match=f"no fold {fold} of {folds}"):
        config_of("cnn", folds=folds, fold=fold)


def test_a_group_that_cannot_be_queued_whole_is_not_queued_at_all(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="has 51 characters"):
        queue.launch_all(store, TINY, seeds=2, tags=["x" * 51])
    assert list_runs(store) == []


def test_a_running_run_counts_as_alive_only_while_its_lock_is_held(store: Store) -> None:
    (run_id,) = launch(store, 1)
    start_next(store)
    run = get_run(store, run_id)
    assert (run.status, run.alive, run.state) == (RunStatus.RUNNING, False, "interrupted")


@given(st.integers(-(2**70), 2**70) | st.integers(LAST_SEED - 60, LAST_SEED + 60), st.integers(-3, 2**70))
def test_seeds_are_all_possible_or_refused_with_those_that_are(first: int, count: int) -> None:
    if 1 <= count <= queue.MOST_SEEDS and 0 <= first <= LAST_SEED - count + 1:
        seeds = queue.seeds_from(first, count)
        assert len(seeds) == count
        assert all(validated({"seed": seed}).seed == seed for seed in (seeds[0], seeds[-1]))
    else:
        with pytest.raises(ConfigurationError, match="Begin with a seed from 0 to|Choose 1 to 50"):
            queue.seeds_from(first, count)


def test_the_last_seeds_there_are_can_be_launched_and_the_ones_after_cannot(store: Store) -> None:
    last_two = with_changes(TINY, seed=LAST_SEED - 1)
    ids = queue.launch_all(store, last_two, seeds=2)
    assert [get_run(store, run_id).seed for run_id in ids] == [LAST_SEED - 1, LAST_SEED]
    with pytest.raises(ConfigurationError, match="Begin with a seed from 0 to"):
        queue.launch_all(store, last_two, seeds=3)
    assert len(list_runs(store)) == 2


def test_a_machine_with_more_cores_than_a_run_takes_threads_launches_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "usable_cores", lambda: 384)
    run = get_run(store, queue.launch(store, config_of("quick", threads=0)))
    assert validated(run.config.model_dump()).threads == run.threads == 256


def test_a_run_moves_from_the_place_that_it_has_by_then(store: Store) -> None:
    ids = launch(store, 4)
    queue.move(store, [ids[3]], 1)
    queue.move_by(store, ids[2], -1)
    assert order(store) == [ids[3], ids[0], ids[2], ids[1]]
    queue.move_by(store, ids[3], -1)
    queue.move_by(store, ids[1], 1)
    queue.move_by(store, ids[3], 1)
    assert order(store) == [ids[0], ids[3], ids[2], ids[1]]
    queue.stop(store, ids[3])
    with pytest.raises(NotPossible, match="not in the queue"):
        queue.move_by(store, ids[3], -1)


def test_slots_that_somebody_else_has_changed_meanwhile_are_not_changed_unseen(store: Store) -> None:
    queue.set_slots(store, 4)
    with pytest.raises(ConfigurationError, match="set the number of slots to 4"):
        queue.set_slots(store, 3, based_on=2)
    assert queue_state(store).slots == 4
    queue.set_slots(store, 4, based_on=2)
    queue.set_slots(store, 3, based_on=4)
    assert queue_state(store).slots == 3


def test_one_launch_makes_a_run_a_group_of_seeds_or_a_run_for_each_fold(store: Store) -> None:
    assert len(queue.launch_all(store, TINY, "alone")) == 1
    seeds = [get_run(store, run_id) for run_id in queue.launch_all(store, TINY, seeds=3)]
    assert [run.seed for run in seeds] == [TINY.seed, TINY.seed + 1, TINY.seed + 2]
    assert len({run.group_id for run in seeds}) == 1
    folds = [get_run(store, run_id) for run_id in queue.launch_all(store, TINY, folds=2)]
    assert [run.config.fold for run in folds] == [1, 2]
    with pytest.raises(ConfigurationError):
        queue.launch_all(store, TINY, seeds=0)
    assert len(list_runs(store)) == 6
