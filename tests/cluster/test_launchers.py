"""What every launcher promises: trainers here and on the machines of a cluster start, stop, die and go on alike."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.config import RunConfig
from jobs.running import background, queue
from jobs.settings import ROOT, child_environment, settings, sqlite_url
from jobs.store import run_files
from jobs.store.queries import get_run, list_attempts
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, open_store
from jobs.supervising.launcher import Launcher
from jobs.supervising.local_launcher import LocalLauncher
from jobs.supervising.ray_launcher import RayLauncher
from tests.cluster.ray_cluster import NAMES, Cluster
from tests.jobs.configs import STEADY, TINY
from tests.jobs.working import Outcome, clear_away, outcome

pytestmark = [pytest.mark.slow, pytest.mark.cluster]
STOPPED_WITHIN_S = 10.0
WITHIN_S = 180.0


@dataclass
class Place:
    """A store with a supervisor of its own, and the trainers that work for it."""

    store: Store
    launcher: Launcher
    trainers: Callable[[str], list[psutil.Process]]
    """Those of a run, wherever they work."""

    def run_until(self, run_id: str, fits: Callable[[Run], bool], within_s: float = WITHIN_S) -> Run:
        """Wait until a run fits."""
        deadline = time.monotonic() + within_s
        while not fits(run := get_run(self.store, run_id)):
            told = run_files.log_tail(self.store, run_id, lines=15)
            assert time.monotonic() < deadline, f"{run.state}, epoch {run.epoch}, batch {run.batch}\n{told}"
            time.sleep(0.1)
        return run

    def finish(self, run_id: str) -> Outcome:
        """What a run comes to."""
        run = self.run_until(run_id, lambda run: not run.is_active)
        assert run.status == RunStatus.FINISHED, run.error_message
        return outcome(self.store, run_id)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """This machine."""
    folder: Path = tmp_path_factory.mktemp("here")
    url, artifacts = sqlite_url(folder / "runs.db"), folder / "artifacts"
    store = open_store(url, artifacts)

    def trainers(run_id: str) -> list[psutil.Process]:
        pid = background.holder(run_files.files_of(store, run_id).lock)
        return [psutil.Process(pid)] if pid is not None else []

    words = [sys.executable, "-m", "jobs", "worker"]
    supervisor = subprocess.Popen(words, cwd=ROOT, env=child_environment(url, artifacts), start_new_session=True)
    yield Place(store, LocalLauncher(store, os.uname().nodename), trainers)
    supervisor.kill()
    supervisor.wait()
    clear_away(store)
    store.engine.dispose()


@pytest.fixture(scope="module")
def there(real_cluster: Cluster) -> Place:
    """The machines of a cluster."""

    def trainers(run_id: str) -> list[psutil.Process]:
        processes = [process for name in NAMES for process in real_cluster.trainers(name)]
        return [process for process in processes if run_id in _words(process)]

    return Place(real_cluster.store, RayLauncher(real_cluster.store, real_cluster.jobs), trainers)


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


@pytest.fixture(params=["here", "there"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each launcher in turn."""
    made: Place = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def in_peace(here: Place) -> Callable[[RunConfig], Outcome]:
    """What a configuration comes to on this machine when nobody disturbs it."""
    known: dict[str, Outcome] = {}

    def ask(config: RunConfig) -> Outcome:
        key = config.model_dump_json()
        if key not in known:
            known[key] = here.finish(queue.launch(here.store, config))
        return known[key]

    assert settings()
    return ask


def test_a_run_is_done_with_its_progress_its_log_and_the_figures_of_any_machine(
    place: Place, in_peace: Callable[[RunConfig], Outcome]
) -> None:
    run_id = queue.launch(place.store, TINY)
    run = place.run_until(run_id, lambda run: run.epoch > 0 or not run.is_active)
    assert place.launcher.has(run)
    assert place.launcher.is_there(run)
    assert place.finish(run_id) == in_peace(TINY)
    assert "finished: test accuracy" in run_files.log_tail(place.store, run_id)
    (attempt,) = list_attempts(place.store, run_id)
    assert attempt.outcome == "finished"


def test_a_run_that_is_stopped_resumed_and_killed_ends_with_the_figures_of_one_left_in_peace(
    place: Place, in_peace: Callable[[RunConfig], Outcome]
) -> None:
    run_id = queue.launch(place.store, STEADY)
    place.run_until(run_id, lambda run: run.batch > 20)
    asked = time.monotonic()
    queue.stop(place.store, run_id)
    place.run_until(run_id, lambda run: run.status == RunStatus.STOPPED)
    assert time.monotonic() - asked < STOPPED_WITHIN_S
    queue.resume(place.store, run_id)
    second = place.run_until(run_id, lambda run: run.attempt == 2 and run.pid is not None and run.batch > 30)
    for process in place.trainers(run_id):
        process.send_signal(signal.SIGKILL)
    place.run_until(run_id, lambda run: run.attempt == 3 and run.pid is not None)
    assert place.finish(run_id) == in_peace(STEADY)
    outcomes = [attempt.outcome for attempt in list_attempts(place.store, run_id)]
    assert outcomes[0] == "stopped"
    assert outcomes[-1] == "finished"
    assert second.attempt == 2


def test_a_trainer_that_is_killed_by_its_launcher_is_gone_and_its_run_goes_on(place: Place) -> None:
    run_id = queue.launch(place.store, TINY)
    run = place.run_until(run_id, lambda run: run.pid is not None or not run.is_active)
    (trainer,) = place.trainers(run_id)
    place.launcher.kill(run)
    psutil.wait_procs([trainer], timeout=STOPPED_WITHIN_S)
    assert not trainer.is_running() or trainer.status() == psutil.STATUS_ZOMBIE
    place.finish(run_id)


def test_a_paused_queue_starts_nothing(place: Place) -> None:
    queue.set_paused(place.store, True)
    run_id = queue.launch(place.store, TINY)
    time.sleep(3)
    assert get_run(place.store, run_id).status == RunStatus.QUEUED
    assert place.trainers(run_id) == []
    queue.stop(place.store, run_id)
    queue.set_paused(place.store, False)
