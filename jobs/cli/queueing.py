"""stop, resume, queue, move, pause, go-on, slots: the queue and what is in it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import click

from jobs.cli import output
from jobs.cli.parameters import json_option, runs_argument, text
from jobs.cli.parsing import command
from jobs.cli.reading import look_after
from jobs.cli.selection import do_on_each, find_runs
from jobs.results import run_wording
from jobs.results.description import summarise
from jobs.running import queue
from jobs.running.background import ensure_supervisor, open_here
from jobs.store.queries import active_runs, get_runs, place_in_queue
from jobs.store.records import Run
from jobs.store.store import Store
from jobs.supervising.waiting import engine_problem, queue_here, why_waiting


@command("stop")
@runs_argument
def stop(runs: Sequence[str]) -> int:
    """Stop runs; their checkpoints are kept."""
    return _change(runs, queue.stop, "asked to stop")


@command("resume")
@runs_argument
@click.option("--from-start", is_flag=True, help="Delete their checkpoints and restart from the beginning.")
def resume(runs: Sequence[str], from_start: bool) -> int:
    """Resume stopped or failed runs from checkpoints."""
    return _change(runs, queue.start_over if from_start else queue.resume, "queued")


def _change(words: Sequence[str], action: Callable[[Store, str], object], done: str) -> int:
    store = open_here()
    status = do_on_each(store, words, action, done)
    ensure_supervisor(store)
    return status


def _place(words: str) -> int:
    """A position in the queue as a number; the last is one that no queue has."""
    named = {"first": 1, "last": queue.LAST}
    if words not in named and not words.isdecimal():
        raise click.BadParameter(f"{text(words)!r} is not a position: give a whole number from 1, first or last")
    return named.get(words) or int(words)


@command("move")
@runs_argument
@click.argument("place", metavar="POSITION", type=_place)
def move(runs: Sequence[str], place: int) -> None:
    """Move queued runs to a position in the queue.

    POSITION is a number (1 is next), first or last; several runs follow each other in the order given.
    """
    store = open_here()
    ids = [run.id for run in find_runs(store, runs)]
    queue.move(store, ids, place)
    for run in get_runs(store, ids):
        print(f"{run.id} {run.name}: moved to position {place_in_queue(store, run)}", file=sys.stderr)


@command("queue")
@json_option
def show_queue(as_json: bool) -> None:
    """Show running and queued runs in queue order."""
    store = open_here()
    look_after(store, active_runs(store))
    state, active, waits = queue_here(store), active_runs(store), why_waiting(store)
    if as_json:
        told = [{**summarise(run), **_why(run, waits)} for run in active]
        print(output.as_json({**asdict(state), "runs": told}))
        return
    print(run_wording.queue_words(state))
    if active:
        print(f"\n{output.queue_table(active)}")
    for run in active:
        if run.id in waits:
            print(f"{run.id} {run.name} {waits[run.id]}.")
    if problem := engine_problem(store):
        print(problem, file=sys.stderr)


def _why(run: Run, waits: Mapping[str, str]) -> dict[str, str]:
    return {"why_waiting": waits[run.id]} if run.id in waits else {}


@command("pause")
def pause() -> None:
    """Pause the queue; running runs continue."""
    queue.set_paused(open_here(), True)
    print("The queue is paused.", file=sys.stderr)


@command("go-on")
def go_on() -> None:
    """Resume the queue after a pause."""
    store = open_here()
    queue.set_paused(store, False)
    ensure_supervisor(store)
    print("The queue is running.", file=sys.stderr)


@command("slots")
@click.argument("count", metavar="[N]", type=int, required=False)
def slots(count: int | None) -> None:
    """Show or set the number of concurrent runs.

    N is a number from 1 to 64.
    """
    store = open_here()
    if count is not None:
        queue.set_slots(store, count)
        ensure_supervisor(store)
    print(queue_here(store).slots)
