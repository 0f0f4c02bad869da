"""Several processes that do the same to one store at the same moment."""

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

from jobs.running import attempts, queue
from jobs.running.attempts import AttemptHandle
from jobs.running.claims import claim, next_in_queue
from jobs.store.queries import list_runs
from jobs.store.store import Store, open_store
from tests.jobs.configs import TINY

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["jobs.store.migration", "jobs.running.queue", "jobs.running.claims"])


class Place(NamedTuple):
    """Where a store is, for processes that open it themselves."""

    url: str
    artifacts: Path


def place_of(store: Store) -> Place:
    """Where an open store is."""
    return Place(store.engine.url.render_as_string(hide_password=False), store.artifacts)


def at_once(count: int, work: Callable[[Place, int], Any], place: Place) -> list[Any]:
    """Let `count` processes call work(place, number) at the same moment; return what each gave back.

    An exception comes back as its traceback, a string.
    """
    barrier, answers = _CONTEXT.Barrier(count), _CONTEXT.Queue()
    crowd = [
        _CONTEXT.Process(target=_one, args=(barrier, answers, work, place, number), daemon=True)
        for number in range(count)
    ]
    for process in crowd:
        process.start()
    given = [answers.get(timeout=120) for _ in crowd]
    for process in crowd:
        process.join()
    return given


def _one(barrier: Barrier, answers: Any, work: Callable[[Place, int], Any], place: Place, number: int) -> None:
    barrier.wait(timeout=60)
    try:
        answers.put(work(place, number))
    except BaseException:
        answers.put(traceback.format_exc())


def open_and_count(place: Place, _number: int) -> int:
    return len(list_runs(open_store(*place)))


def launch_ten(place: Place, _number: int) -> list[str]:
    store = open_store(*place)
    return [queue.launch(store, TINY) for _ in range(10)]


def add_to_work(place: Place, _number: int) -> int:
    """Fifty times: read a figure, add one, write it back."""
    store = open_store(*place)
    attempt = AttemptHandle(store, list_runs(store)[0].id, 1)
    for batch in range(50):
        attempts.report_progress(attempt, 1, batch, 50, 100.0, 1.0)
    return 50


def claim_all(place: Place, number: int) -> list[str]:
    """Claim runs until there are none, as a supervisor of another host would, without locks of runs."""
    store, host, claimed = open_store(*place), f"host{number}", []
    while (run_id := next_in_queue(store, host)) is not None:
        if claim(store, run_id, host):
            claimed.append(run_id)
    return claimed
