"""A team at work: python -m tests.benchmarks.team [--people 30] [--seconds 60] [--postgres] [--signed-out].

Two runs are trained while thirty people, each signed in by the header of a trusted proxy, watch their pages as browsers
do. Meanwhile each adds to the notes of runs, which all share, by the function that the page calls: a change that was
written over by another would be missing in the end. Measured is how long a live refresh takes; nothing may be lost.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.data import fashion_mnist
from core.errors import LookbookError
from core.presets import config_of
from jobs.people import Person, Role
from jobs.running import queue, run_edits
from jobs.running.background import ensure_supervisor
from jobs.settings import settings, sqlite_url
from jobs.store.queries import get_run, get_runs
from jobs.store.store import Store, open_store
from jobs.team import members
from jobs.team.change_record import Action, Wanted, list_changes
from tests import postgres, stores
from tests.benchmarks.watching import Session, connected, server
from tests.jobs.working import clear_away, wait_for_batches

REFRESH_TARGET_S = 0.5
CHANGE_EVERY_S = 5.0
BATCHES = 20
"""How many batches each run is to learn from before people come."""
SIGNED_IN = {"LOOKBOOK_SIGN_IN": "proxy", "LOOKBOOK_TRUSTED_PROXIES": "127.0.0.1"}
HEADERS = {"X-Forwarded-Email": "email", "X-Forwarded-User": "name"}


@dataclass
class Somebody:
    """One of the team, with what he or she has added to notes, by the run, and what went wrong."""

    person: Person
    session: Session
    added: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    async def change(self, store: Store, runs: Sequence[str], first_s: float) -> None:
        """Add to the note of the next run, again and again, until cancelled; what is under way then is finished."""
        await asyncio.sleep(first_s)
        while True:
            await asyncio.shield(asyncio.to_thread(self.add, store, runs))
            await asyncio.sleep(CHANGE_EVERY_S)

    def add(self, store: Store, runs: Sequence[str]) -> None:
        """Add to the note of the next run."""
        run_id, text = runs[len(self.added) % len(runs)], f"{self.person.id} was here ({len(self.added)})."
        try:
            run_edits.add_to_note(store.acting(self.person), run_id, text)
            self.added.append((run_id, text))
        except LookbookError as error:
            self.problems.append(str(error))


def people(count: int) -> list[Person]:
    """So many people."""
    return [Person(f"person{number}@example.org", f"Person {number}") for number in range(count)]


def prepare(store: Store, finished: int, team: Sequence[Person]) -> tuple[list[str], list[str]]:
    """Finished runs, two that are queued, and people who may review, the first one an admin; return both runs' ids."""
    done = stores.fill(store, finished)
    queue.set_slots(store, 2)
    # The slowest there is: it is at work for as long as anybody looks.
    working = [
        queue.launch(store, config_of("resnet-small", precision="float32", seed=seed, threads=1)) for seed in (0, 1)
    ]
    for person in team:
        members.give_role(store, person.id, Role.ADMIN if person is team[0] else Role.REVIEW)
    return done, working


async def work(
    store: Store, port: int, team: Sequence[Person], done: Sequence[str], working: Sequence[str], seconds: float
) -> list[Somebody]:
    """Let everybody watch a run and change notes for a time."""
    async with contextlib.AsyncExitStack() as stack:
        crowd = []
        for number, person in enumerate(team):
            headers = dict(zip(HEADERS, (person.id, person.name), strict=True))
            socket = await stack.enter_async_context(connected(port, headers))
            crowd.append(Somebody(person, Session(working[number % len(working)], socket)))
        watching = [asyncio.create_task(each.session.watch()) for each in crowd]
        changing = [
            asyncio.create_task(each.change(store, done, CHANGE_EVERY_S * number / len(crowd)))
            for number, each in enumerate(crowd)
        ]
        ended, _ = await asyncio.wait([*watching, *changing], timeout=seconds)
        for task in (*watching, *changing):
            task.cancel()
        # Changes that are under way are threads: the loop ends when they have.
        await asyncio.get_running_loop().shutdown_default_executor()
    for task in ended:
        raise RuntimeError(f"somebody left: {task.exception() or 'their page has no live parts'}")
    return crowd


def lost(store: Store, crowd: Sequence[Somebody]) -> int:
    """Changes that are not in the notes, or not in the record with who made them."""
    added = [change for each in crowd for change in each.added]
    notes = {run.id: run.note.split("\n\n") for run in get_runs(store, sorted({run_id for run_id, _ in added}))}
    missing = sum(text not in notes[run_id] for run_id, text in added)
    recorded = Counter(change.person for change in list_changes(store, Wanted(actions=[Action.NOTED])))
    return missing + sum(abs(len(each.added) - recorded[each.person.id]) for each in crowd)


def report(store: Store, crowd: Sequence[Somebody], working: Sequence[str], is_signed_in: bool) -> int:
    """Print what was measured; return 0 only if every target is met."""
    refreshes = [second for each in crowd for second in each.session.refresh_s]
    problems = [problem for each in crowd for problem in each.problems]
    p50, p95 = np.percentile(refreshes, [50, 95])
    changes, missing = sum(len(each.added) for each in crowd), lost(store, crowd)
    unknown = {each.person.id for each in crowd} - set(members.names_of(store)) if is_signed_in else set()
    stuck = [run_id for run_id in working if not get_run(store, run_id).alive]
    print(
        f"{len(crowd)} people, {'signed in' if is_signed_in else 'without signing in'}, on {store.engine.dialect.name}"
    )
    print(f"{len(refreshes):,} live refreshes: median {p50:.3f} s, p95 {p95:.3f} s (target {REFRESH_TARGET_S} s)")
    print(f"{changes:,} changes: {missing} lost, {len(problems)} refused {problems[:1] or ''}")
    print(f"not known to the server: {len(unknown)}; runs that nobody works on any more: {len(stuck)}")
    holds = p95 < REFRESH_TARGET_S and not (missing or problems or unknown or stuck)
    print("every target is met" if holds else "a target is missed")
    return 0 if holds else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=200, help="finished runs in the store")
    parser.add_argument("--postgres", action="store_true", help="of a store in a Postgres server of its own")
    parser.add_argument("--signed-out", action="store_true", help="on a server without sign-in")
    chosen = parser.parse_args(arguments)
    if not fashion_mnist.is_present(settings().data):
        parser.error(f"Fashion-MNIST is not in {settings().data}: run `python -m jobs data` first")
    option = f"--server.trustedUserHeaders={json.dumps(HEADERS)}"
    options, variables = ([], {}) if chosen.signed_out else ([option], SIGNED_IN)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lookbook-team-")))
        served_by = stack.enter_context(postgres.server()) if chosen.postgres else None
        store = open_store(served_by.url("postgres") if served_by else sqlite_url(folder / "runs.db"), folder / "files")
        team = people(chosen.people)
        done, working = prepare(store, chosen.runs, team)
        stack.callback(clear_away, store)
        served = stack.enter_context(server(store, *options, **variables))
        ensure_supervisor(store)
        for run_id in working:
            wait_for_batches(store, run_id, BATCHES)
        start = time.monotonic()
        crowd = asyncio.run(work(store, served.port, team, done, working, chosen.seconds))
        print(f"{time.monotonic() - start:.0f} s")
        return report(store, crowd, working, not chosen.signed_out)


if __name__ == "__main__":
    sys.exit(main())
