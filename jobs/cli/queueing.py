"""stop, resume, queue, move, pause, go-on, slots: what happens with the queue."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from jobs.cli import output
from jobs.cli.reading import look_after
from jobs.cli.selection import add_run_arguments, do_on_each, find_runs
from jobs.results import run_wording
from jobs.results.description import summarise
from jobs.running import queue
from jobs.running.background import ensure_supervisor, open_here
from jobs.store import queue_settings
from jobs.store.queries import active_runs, get_runs, place_in_queue, shop_state
from jobs.store.store import Store


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser("stop", help="stop runs; their checkpoints are kept")
    add_run_arguments(parser)
    parser.set_defaults(do=_on_each(queue.stop, "asked to stop"))
    parser = commands.add_parser("resume", help="queue stopped or failed runs again; they go on from their checkpoints")
    add_run_arguments(parser)
    parser.add_argument("--from-start", action="store_true", help="delete their checkpoints and begin anew")
    parser.set_defaults(do=_resume)
    parser = commands.add_parser("queue", help="show what works and what waits, in the order of the queue")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=_queue)
    parser = commands.add_parser("move", help="move queued runs to a place in the queue, in the order given")
    add_run_arguments(parser)
    parser.add_argument("place", type=_place, metavar="PLACE", help="a number (1 is next), first or last")
    parser.set_defaults(do=_move)
    parser = commands.add_parser("pause", help="start no further run; runs at work go on")
    parser.set_defaults(do=lambda _chosen: _set_paused(True))
    parser = commands.add_parser("go-on", help="start queued runs again after a pause")
    parser.set_defaults(do=lambda _chosen: _set_paused(False))
    parser = commands.add_parser("slots", help="show or change how many runs may be at work at once")
    parser.add_argument("count", type=int, nargs="?", metavar="N", help="1 to 64")
    parser.set_defaults(do=_slots)


def _on_each(action: Callable[[Store, str], object], done: str) -> Callable[[argparse.Namespace], int]:
    def do(chosen: argparse.Namespace) -> int:
        store = open_here()
        status = do_on_each(store, chosen.runs, lambda run_id: action(store, run_id), done)
        ensure_supervisor(store)
        return status

    return do


def _resume(chosen: argparse.Namespace) -> int:
    return _on_each(queue.start_over if chosen.from_start else queue.resume, "queued")(chosen)


def _place(text: str) -> int:
    """A place in the queue as a number; the last is one that no queue has."""
    named = {"first": 1, "last": queue.LAST}
    if text not in named and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no place, give a number from 1 on, first or last")
    return named.get(text) or int(text)


def _move(chosen: argparse.Namespace) -> int:
    store = open_here()
    found = find_runs(store, chosen.runs)
    queue.move(store, [run.id for run in found], chosen.place)
    for run in get_runs(store, [run.id for run in found]):
        print(f"{run.id} {run.name}: moved to place {place_in_queue(store, run)}", file=sys.stderr)
    return 0


def _queue(chosen: argparse.Namespace) -> int:
    store = open_here()
    look_after(store, active_runs(store))
    state, active = shop_state(store), active_runs(store)
    if chosen.json:
        print(output.as_json({**asdict(state), "runs": [summarise(run) for run in active]}))
        return 0
    print(run_wording.queue_words(state))
    if active:
        print(f"\n{output.queue_table(active)}")
    return 0


def _set_paused(paused: bool) -> int:
    store = open_here()
    queue_settings.set_paused(store, paused)
    if not paused:
        ensure_supervisor(store)
    print("The queue is paused." if paused else "The queue goes on.", file=sys.stderr)
    return 0


def _slots(chosen: argparse.Namespace) -> int:
    store = open_here()
    if chosen.count is not None:
        queue_settings.set_slots(store, chosen.count)
        ensure_supervisor(store)
    print(shop_state(store).slots)
    return 0
