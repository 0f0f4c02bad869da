"""Cloning: the same config once more, with some values changed, or with several seeds."""

import pytest

from core.config import with_changes
from core.errors import ConfigurationError
from jobs.running import queue
from jobs.running.cloning import changed_config, clone, clone_name
from jobs.store.queries import get_run, list_runs
from jobs.store.store import Store
from tests.jobs.configs import TINY


def test_a_clone_has_the_config_of_its_source_and_says_where_it_comes_from(store: Store) -> None:
    source = get_run(store, queue.launch(store, TINY, "mine"))
    (run_id,) = clone(store, source, changed_config(source, {}))
    made = get_run(store, run_id)
    assert made.config == source.config
    assert (made.name, made.cloned_from, made.group_id) == ("mine again", source.id, None)


def test_a_changed_value_is_all_that_differs(store: Store) -> None:
    source = get_run(store, queue.launch(store, TINY))
    (run_id,) = clone(store, source, changed_config(source, {"epochs": 7}), name="longer", tags=["tried"])
    made = get_run(store, run_id)
    assert made.config == with_changes(source.config, epochs=7)
    assert (made.name, made.epochs, made.tags) == ("longer", 7, ("tried",))


def test_several_seeds_are_a_group_from_the_own_seed_on(store: Store) -> None:
    source = get_run(store, queue.launch(store, TINY))
    clones = [get_run(store, run_id) for run_id in clone(store, source, changed_config(source, {}), 3)]
    assert [(run.seed, run.name) for run in clones] == [(seed, f"cnn again seed {seed}") for seed in (3, 4, 5)]
    assert len({run.group_id for run in clones} - {None}) == 1
    assert {run.cloned_from for run in clones} == {source.id}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mine", "mine again"),
        ("mine again", "mine again"),
        ("cnn seed 3", "cnn again seed 8"),
        ("cnn seed 30", "cnn seed 30 again"),
        ("x" * 200, f"{'x' * 178} again"),
    ],
)
def test_a_clone_is_called_after_its_source_and_its_own_seed(store: Store, name: str, expected: str) -> None:
    source = get_run(store, queue.launch(store, TINY, name))
    assert clone_name(source, 8) == expected


def test_a_clone_that_is_not_possible_queues_nothing(store: Store) -> None:
    source = get_run(store, queue.launch(store, TINY))
    with pytest.raises(ConfigurationError, match="epochs = 0"):
        changed_config(source, {"epochs": 0})
    with pytest.raises(ConfigurationError, match="1 to 50"):
        clone(store, source, changed_config(source, {}), 51)
    assert list_runs(store) == [source]
