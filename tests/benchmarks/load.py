"""The run store under load: python -m tests.benchmarks.load [--seconds 10] [--postgres].

Eight processes write as trainers do, each as fast as it can to its own run and to one figure that all of them share,
while four processes read as pages do. No write may fail or be lost, and 99 of 100 writes must take less than 100 ms.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from jobs.running import attempts, queue
from jobs.running.attempts import AttemptHandle
from jobs.running.claims import claim
from jobs.running.environment import host
from jobs.running.queue import set_slots
from jobs.settings import sqlite_url
from jobs.store.queries import active_runs, list_epochs, list_runs
from jobs.store.store import Store, open_store
from jobs.store.store_errors import StoreError
from tests import stores
from tests.jobs import crowd
from tests.jobs.configs import TINY
from tests.jobs.crowd import Place
from tests.postgres import server

WRITERS, READERS = 8, 4
TARGET_S = 0.1
PAUSE_S = 0.05
"""Between two reports of one writer. A real trainer reports once a second: this is twenty times as much."""


@dataclass
class Answer:
    """What one process did: seconds of each transaction, and what went wrong."""

    writes: bool
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def work(place: Place, number: int, seconds: float) -> Answer:
    """What one process does: the first eight write, the others read."""
    store = open_store(*place)
    ids = sorted(run.id for run in active_runs(store))
    answer, until = Answer(writes=number < WRITERS), time.monotonic() + seconds
    while time.monotonic() < until:
        if answer.writes:
            write(store, (ids[number], ids[-1]), answer)
        else:
            read(store, ids[number - WRITERS], answer)
        time.sleep(PAUSE_S)
    return answer


def write(store: Store, run_ids: tuple[str, str], answer: Answer) -> None:
    """Report a second at work, of the process's own run and of the one that all writers share."""
    for run_id in run_ids:
        attempt = AttemptHandle(store, run_id, 1)
        timed(answer, partial(attempts.report_progress, attempt, 1, 1, 10, 100.0, 1.0))


def read(store: Store, run_id: str, answer: Answer) -> None:
    """Read what the pages show: the list of runs, the runs at work, the epochs of one."""
    timed(answer, partial(list_runs, store, limit=50))
    timed(answer, partial(active_runs, store))
    timed(answer, partial(list_epochs, store, [run_id]))


def timed(answer: Answer, action: Callable[[], object]) -> None:
    """Do something, and note how long it took or what went wrong."""
    start = time.perf_counter()
    try:
        action()
        answer.seconds.append(time.perf_counter() - start)
    except StoreError as error:
        answer.errors.append(str(error))


def prepare(place: Place, finished: int) -> None:
    """A store with many finished runs, a run at work for each writer, and one that all of them write to."""
    store = open_store(*place)
    stores.fill(store, finished)
    set_slots(store, WRITERS + 1)
    for number in range(WRITERS + 1):
        claim(store, queue.launch(store, TINY, f"run {number}"), host())
    store.engine.dispose()


def lost_updates(place: Place, written: list[Answer]) -> int:
    """Updates that are not in the store: each one added a second to the time at work of its run."""
    kept = sum(run.work_s for run in active_runs(open_store(*place)))
    return sum(len(answer.seconds) for answer in written) - round(kept)


def add_line(table: Table, name: str, answers: list[Answer]) -> float:
    """Add the figures of these processes to the table; return the 99th percentile in seconds."""
    seconds = np.concatenate([answer.seconds for answer in answers])
    p50, p99 = np.percentile(seconds, [50, 99])
    errors = sum(len(answer.errors) for answer in answers)
    figures = (f"{1000 * p50:.1f}", f"{1000 * p99:.1f}", f"{1000 * seconds.max():.0f}", str(errors))
    table.add_row(name, f"{len(seconds):,}", *figures)
    return float(p99)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=200, help="finished runs in the store")
    parser.add_argument("--postgres", action="store_true", help="of a store in a Postgres server of its own")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="lookbook-load-"))
        url = stack.enter_context(server()).url("postgres") if chosen.postgres else sqlite_url(Path(name) / "runs.db")
        place = Place(url, Path(name) / "artifacts")
        prepare(place, chosen.runs)
        answers = crowd.at_once(WRITERS + READERS, partial(work, seconds=chosen.seconds), place)
        written = [answer for answer in answers if answer.writes]
        lost = lost_updates(place, written)
    table = Table("", "transactions", "p50 ms", "p99 ms", "slowest ms", "errors")
    p99 = add_line(table, f"{WRITERS} writers", written)
    add_line(table, f"{READERS} readers", [answer for answer in answers if not answer.writes])
    Console().print(table)
    errors = [error for answer in answers for error in answer.errors]
    holds = not errors and lost == 0 and p99 < TARGET_S
    print(
        f"lost updates: {lost}; errors: {len(errors)}; write p99 {1000 * p99:.1f} ms (target {1000 * TARGET_S:.0f} ms)"
    )
    print("every target is met" if holds else "a target is missed")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
