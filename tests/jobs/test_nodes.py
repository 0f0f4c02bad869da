"""What machines tell of themselves, whether they see the folder that all see, and how one is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.presets import config_of
from jobs.machines import nodes, this_machine
from jobs.machines.nodes import FORGOTTEN_S, SILENT_S, list_nodes
from jobs.machines.shared_folder import sees_same_folder, why_not_shared, write_mark
from jobs.machines.usable import why_unusable
from jobs.running import queue
from jobs.settings import ROOT, child_environment, settings
from jobs.store.ownership import tie
from jobs.store.queries import get_run
from jobs.store.records import RunStatus
from jobs.store.schema import nodes as nodes_table
from jobs.store.store import Store
from jobs.supervising import node
from jobs.supervising.local_launcher import GONE_S, LocalLauncher
from jobs.supervising.node import Machine, Membership, NodeError
from jobs.supervising.ray_api import RayJobs
from jobs.supervising.ray_launcher import NODE_TRAINER
from jobs.supervising.supervisor import Supervisor
from jobs.supervising.waiting import queue_here
from tests.jobs.crowd import place_of
from tests.jobs.leased import MACHINE, fall_silent, leased, report, run_out

NOBODY_LISTENS = "http://127.0.0.1:9"


def test_a_machine_is_listed_as_it_last_told_of_itself(store: Store) -> None:
    report(store, gpus=("H100",))
    report(store, "beta", load=3.5)
    report(store, "beta", load=1.5)
    known = list_nodes(store)
    assert [(each.name, each.facts.gpus, each.facts.load) for each in known] == [
        (MACHINE, ("H100",), 0.5),
        ("beta", (), 1.5),
    ]
    assert all(each.is_there for each in known)


def test_a_machine_that_was_not_heard_of_is_not_there_and_in_the_end_not_shown(store: Store) -> None:
    report(store)
    fall_silent(store)
    (silent,) = list_nodes(store)
    assert not silent.is_there
    assert silent.silent_s >= SILENT_S
    fall_silent(store, seconds=FORGOTTEN_S + 1)
    assert list_nodes(store) == []


def test_a_machine_that_says_goodbye_is_off_the_list(store: Store) -> None:
    report(store)
    nodes.say_goodbye(store, MACHINE)
    assert list_nodes(store) == []


@pytest.mark.parametrize("facts", [{}, {"cores": 4}, [1, 2], "words"])
def test_what_another_version_told_or_is_damaged_is_left_out_until_it_is_told_again(
    store: Store, facts: object
) -> None:
    report(store)
    with store.writing() as connection:
        connection.execute(nodes_table.update().values(facts=facts))
    assert list_nodes(store) == []
    report(store)
    assert len(list_nodes(store)) == 1


def test_this_machine_tells_what_it_is() -> None:
    facts = this_machine.facts("a mark", "", "0.2.0")
    assert facts.cores >= 1
    assert 0 < facts.free_memory_mb <= facts.memory_mb
    assert facts.cpu_slots == settings().slots
    assert facts.root == str(ROOT)
    assert facts.problem == ""


def test_a_folder_is_shared_if_what_one_writes_the_other_reads(store: Store, tmp_path: Path) -> None:
    tie(store)
    assert why_not_shared(store) is None
    mark = write_mark(store, MACHINE)
    assert sees_same_folder(store, MACHINE, mark)
    elsewhere = Store(store.engine, tmp_path / "elsewhere")
    elsewhere.artifacts.mkdir()
    assert not sees_same_folder(elsewhere, MACHINE, mark)
    message, advice = why_not_shared(elsewhere) or ("", "")
    assert "is not the one that the others see" in message
    assert "LOOKBOOK_ARTIFACTS" in advice


def test_a_machine_that_does_not_see_the_folder_says_so_in_the_list(store: Store) -> None:
    report(store, "beta", mark="written elsewhere")
    report(store, "gamma", problem="The artifacts folder cannot be written.")
    report(store, MACHINE, mark=_written(store))
    assert why_unusable(store) == {
        "beta": "does not see the artifacts folder that is seen here",
        "gamma": "The artifacts folder cannot be written.",
    }


def _written(store: Store) -> str:
    store.artifacts.mkdir(exist_ok=True)
    return write_mark(store, MACHINE)


def test_a_machine_whose_folder_cannot_be_written_tells_that(store: Store) -> None:
    store.artifacts.mkdir(exist_ok=True)
    (store.artifacts / "machines").write_text("no folder")
    machine = Machine(store, MACHINE, [sys.executable, "-c", "input()"], RayJobs(NOBODY_LISTENS, ""))
    try:
        machine.tick()
        (told,) = list_nodes(store)
        assert "cannot be written" in told.facts.problem
    finally:
        machine.end_ray()


def test_a_run_is_alive_while_its_machine_sees_its_trainer_start_and_not_after_that_has_died(store: Store) -> None:
    store.artifacts.mkdir(exist_ok=True)
    attempt = leased(store)
    machine = Machine(store, MACHINE, [sys.executable, "-c", "input()"], RayJobs(NOBODY_LISTENS, ""))
    words = [sys.executable, "-c", "input()", NODE_TRAINER, attempt.run_id, str(attempt.number)]
    starting = subprocess.Popen(words, stdin=subprocess.PIPE)
    try:
        run_out(attempt)
        machine.tick()
        assert get_run(store, attempt.run_id).alive
    finally:
        starting.kill()
        starting.wait()
        machine.end_ray()
    run_out(attempt)
    machine.tick()
    machine.end_ray()
    assert not get_run(store, attempt.run_id).alive


def test_ray_that_ends_is_started_again(store: Store) -> None:
    store.artifacts.mkdir(exist_ok=True)
    machine = Machine(store, MACHINE, [sys.executable, "-c", ""], RayJobs(NOBODY_LISTENS, ""))
    machine.tick()
    first = machine.ray
    assert first is not None
    first.wait(timeout=20)
    machine.tick()
    assert machine.ray is not None
    assert machine.ray.pid != first.pid
    machine.end_ray()


def refused(store: Store, *words: str, **environment: str) -> str:
    """What `python -m jobs node` says where it cannot take part."""
    ended = subprocess.run(
        [sys.executable, "-m", "jobs", "node", *words],
        cwd=ROOT,
        env={**child_environment(*place_of(store)), "LOOKBOOK_RAY_ADDRESS": NOBODY_LISTENS, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    return ended.stderr


@pytest.mark.slow
@pytest.mark.sqlite
def test_a_store_that_is_a_file_is_refused(store: Store) -> None:
    assert "share one run store" in refused(store)


@pytest.mark.sqlite
@pytest.mark.parametrize("name", ["", ".", "../up", "a b", "x" * 64, "ä"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(NodeError, match="cannot be the name of a machine"):
        node.run(Membership(name, is_head=True))


@pytest.mark.sqlite
def test_without_a_head_there_is_nothing_to_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKBOOK_RAY_ADDRESS", raising=False)
    settings.cache_clear()
    with pytest.raises(NodeError, match="No head of a cluster is named"):
        node.run(Membership(MACHINE, is_head=False))
    settings.cache_clear()


@pytest.mark.sqlite
def test_without_ray_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOOKBOOK_RAY_ADDRESS", NOBODY_LISTENS)
    settings.cache_clear()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(NodeError, match="requirements-cluster"):
        node.run(Membership(MACHINE, is_head=False))
    settings.cache_clear()


@pytest.mark.slow
def test_a_folder_that_the_others_do_not_see_is_refused_by_the_command(store: Store, tmp_path: Path) -> None:
    if store.is_local:
        return  # Refused for that already.
    tie(store)
    assert "is not the one that the others see" in refused(store, LOOKBOOK_ARTIFACTS=str(tmp_path / "other"))


@pytest.mark.sqlite
def test_a_supervisor_of_a_cluster_refuses_a_store_that_other_machines_do_not_reach(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_RAY_ADDRESS", NOBODY_LISTENS)
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="a run store that all its machines reach"):
        Supervisor(store, "here")


def test_a_supervisor_without_a_cluster_leaves_the_runs_of_one_alone(store: Store) -> None:
    attempt = leased(store)
    run_out(attempt)
    queue.set_paused(store, True)
    Supervisor(store, "here").tick()
    run = get_run(store, attempt.run_id)
    assert (run.state, run.attempt) == (RunStatus.INTERRUPTED, attempt.number)


def test_what_a_cluster_that_is_no_more_has_left_behind_goes_on_here_or_stops(store: Store) -> None:
    first, second = leased(store), leased(store)
    for attempt in (first, second):
        run_out(attempt)
    queue.stop(store, second.run_id)
    fall_silent(store, seconds=GONE_S + 1)
    launcher = LocalLauncher(store, "here")
    runs = [get_run(store, attempt.run_id) for attempt in (first, second)]
    assert all(launcher.has(run) for run in runs)
    launcher.replace(runs[1])
    assert get_run(store, second.run_id).status == RunStatus.STOPPED
    report(store)
    assert not launcher.has(runs[0])


def test_the_slots_of_a_cluster_are_those_of_its_machines(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_RAY_ADDRESS", NOBODY_LISTENS)
    settings.cache_clear()
    report(store, mark=_written(store), cpu_slots=3, gpus=("H100", "H100"))
    report(store, "beta", mark="elsewhere", cpu_slots=8)
    assert queue_here(store).slots == 5
    with pytest.raises(ConfigurationError, match="those of the machines"):
        queue.set_slots(store, 3)


def test_threads_that_are_left_open_are_those_of_a_slot_of_the_smallest_machine(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_RAY_ADDRESS", NOBODY_LISTENS)
    settings.cache_clear()
    report(store, cores=16, cpu_slots=2)
    report(store, "beta", cores=6, cpu_slots=2)
    run = get_run(store, queue.launch(store, config_of("quick")))
    assert run.config.threads == 3
