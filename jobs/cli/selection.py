"""Finding the runs that are named on the command line, and doing the same to each of them."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

from jobs.bulk import apply_to_each
from jobs.store.queries import find_run
from jobs.store.records import Run
from jobs.store.store import Store


def find_runs(store: Store, words: Sequence[str]) -> list[Run]:
    """The runs that are named, each once, in the order given; raise RunNotFound for the first that is not there."""
    return list({run.id: run for run in (find_run(store, word) for word in words)}.values())


def do_on_each(store: Store, words: Sequence[str], action: Callable[[Store, str], object], done: str) -> int:
    """Find the runs first, so that a wrong name changes nothing; then act on each. Return the exit status."""
    runs = find_runs(store, words)
    outcomes = apply_to_each([run.id for run in runs], partial(action, store))
    for run, outcome in zip(runs, outcomes, strict=True):
        name = f"{run.id} {run.name}"
        print(f"{name}: {done}" if outcome.done else f"Error: {name}: {outcome.message}", file=sys.stderr)
    return 0 if all(outcome.done for outcome in outcomes) else 1
