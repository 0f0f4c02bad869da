"""stop, resume, move, pause, go-on, slots: what happens with the queue."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from jobs import queue, shop
from jobs.cli.selection import add_run_arguments, do_on_each
from jobs.launching import ensure_supervisor, open_here
from jobs.runs import find_run, shop_state
from jobs.store import Store


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser("stop", help="stop runs; their checkpoints are kept")
    add_run_arguments(parser)
    parser.set_defaults(do=_on_each(queue.stop, "asked to stop"))
    parser = commands.add_parser("resume", help="queue stopped or failed runs again; they go on from their checkpoints")
    add_run_arguments(parser)
    parser.add_argument("--from-start", action="store_true", help="delete their checkpoints and begin anew")
    parser.set_defaults(do=_resume)
    parser = commands.add_parser("move", help="move a queued run to a place in the queue")
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    parser.add_argument("place", type=int, metavar="PLACE", help="1 is next")
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


def _move(chosen: argparse.Namespace) -> int:
    store = open_here()
    run = find_run(store, chosen.run)
    queue.move(store, run.id, chosen.place)
    print(f"{run.id} {run.name}: moved to place {chosen.place}", file=sys.stderr)
    return 0


def _set_paused(paused: bool) -> int:
    store = open_here()
    shop.set_paused(store, paused)
    if not paused:
        ensure_supervisor(store)
    print("The queue is paused." if paused else "The queue goes on.", file=sys.stderr)
    return 0


def _slots(chosen: argparse.Namespace) -> int:
    store = open_here()
    if chosen.count is not None:
        shop.set_slots(store, chosen.count)
        ensure_supervisor(store)
    print(shop_state(store).slots)
    return 0
