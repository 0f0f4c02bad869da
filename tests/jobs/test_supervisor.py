"""What the supervisor does when something is wrong with the store or with a run's folder."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.running import queue
from jobs.running.claims import claim, next_in_queue
from jobs.running.environment import host
from jobs.store import run_files
from jobs.store.queries import get_run, list_attempts
from jobs.store.records import RunStatus
from jobs.store.store import Store, connect
from jobs.store.store_errors import StoreBusy
from jobs.supervising.supervisor import Supervisor
from tests.jobs.configs import TINY
from tests.jobs.crowd import place_of


def test_how_a_trainer_ended_is_not_forgotten_while_the_store_is_locked(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    assert claim(store, run_id, host())
    supervisor = Supervisor(Store(connect(place_of(store).url, patience_s=0.1), store.artifacts), host())
    supervisor.local.children[run_id] = subprocess.Popen(["false"])
    with store.writing(), pytest.raises(StoreBusy):
        supervisor.tick()
    assert get_run(store, run_id).status == RunStatus.RUNNING
    supervisor.tick()
    run = get_run(store, run_id)
    assert (run.status, run.error_kind) == (RunStatus.FAILED, "code")
    assert "ended with exit status 1" in str(run.error_message)
    assert len(list_attempts(store, run_id)) == 1


def test_a_dead_run_does_not_look_alive_while_the_store_is_locked_and_it_cannot_be_taken_up(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    assert claim(store, run_id, host())
    supervisor = Supervisor(Store(connect(place_of(store).url, patience_s=0.5), store.artifacts), host())
    with store.writing(), ThreadPoolExecutor(1) as pool:
        ticking = pool.submit(supervisor.tick)
        states = []
        while not ticking.done():
            states.append(get_run(store, run_id).state)
        with pytest.raises(StoreBusy):
            ticking.result()
    assert len(states) > 10
    assert set(states) == {RunStatus.INTERRUPTED}


def spoil_folder(store: Store, run_id: str) -> str:
    """Put a file where the folder of a run has to be."""
    folder = run_files.files_of(store, run_id).folder
    folder.write_text("no folder")
    return str(folder)


def test_a_queued_run_whose_folder_cannot_be_made_fails_and_the_queue_goes_on(store: Store) -> None:
    bad, good = (queue.launch(store, TINY, name) for name in ("bad", "good"))
    folder = spoil_folder(store, bad)
    Supervisor(store, host()).tick()
    run = get_run(store, bad)
    assert (run.status, run.error_kind) == (RunStatus.FAILED, "disk")
    assert folder in str(run.error_message)
    assert next_in_queue(store, host()) == good


def test_a_running_run_whose_folder_has_become_unusable_is_told_and_does_not_hold_up_the_others(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    assert claim(store, run_id, host())
    spoil_folder(store, run_id)
    assert get_run(store, run_id).state == RunStatus.INTERRUPTED
    Supervisor(store, host()).tick()
    run = get_run(store, run_id)
    assert (run.status, run.error_kind) == (RunStatus.FAILED, "disk")
    assert [attempt.outcome for attempt in list_attempts(store, run_id)] == ["failed"]
