"""rename, note, tag, pin, archive, delete: what people write on runs, and sorting them out."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from core.statistics import wording
from jobs.bulk import numbered_names
from jobs.cli.selection import add_run_arguments, do_on_each, find_runs
from jobs.running import run_edits
from jobs.running.background import open_here
from jobs.store import run_files
from jobs.store.store import Store

Action = Callable[[Store, str, argparse.Namespace], object]


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser("rename", help="give runs another name; several get it with a number behind")
    add_run_arguments(parser)
    parser.add_argument("name", metavar="NAME")
    parser.set_defaults(do=_rename)
    parser = commands.add_parser("note", help="replace the notes of runs, or add to them")
    add_run_arguments(parser)
    parser.add_argument("note", metavar="TEXT", help="Markdown; an empty one takes the notes away")
    parser.add_argument("--add", action="store_true", help="put the text below what each note says")
    parser.set_defaults(do=_on_each(_note, "noted"))
    parser = commands.add_parser("tag", help="replace the tags of runs")
    add_run_arguments(parser)
    parser.add_argument("--tag", action="append", default=[], help="a tag (may be repeated; none takes all away)")
    parser.set_defaults(
        do=_on_each(lambda store, run_id, chosen: run_edits.set_tags(store, run_id, chosen.tag), "tagged")
    )
    _add(commands, "pin", "pin runs as baselines", lambda s, r, _: run_edits.set_pinned(s, r, True), "pinned")
    _add(commands, "unpin", "unpin runs", lambda s, r, _: run_edits.set_pinned(s, r, False), "unpinned")
    _add(commands, "archive", "hide runs from the lists", lambda s, r, _: run_edits.archive(s, r), "archived")
    _add(commands, "bring-back", "show archived runs again", lambda s, r, _: run_edits.bring_back(s, r), "brought back")
    parser = commands.add_parser("delete", help="delete runs with their figures, predictions and files")
    add_run_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(do=_delete)


def _add(commands: Any, name: str, what: str, action: Action, done: str) -> None:
    parser = commands.add_parser(name, help=what)
    add_run_arguments(parser)
    parser.set_defaults(do=_on_each(action, done))


def _rename(chosen: argparse.Namespace) -> int:
    store = open_here()
    ids = [run.id for run in find_runs(store, chosen.runs)]
    names = dict(zip(ids, numbered_names(chosen.name, len(ids)), strict=True))
    return do_on_each(store, ids, lambda run_id: run_edits.rename(store, run_id, names[run_id]), "renamed")


def _note(store: Store, run_id: str, chosen: argparse.Namespace) -> None:
    if chosen.add:
        run_edits.add_to_note(store, run_id, chosen.note)
    else:
        run_edits.set_note(store, run_id, chosen.note)


def _on_each(action: Action, done: str) -> Callable[[argparse.Namespace], int]:
    def do(chosen: argparse.Namespace) -> int:
        store = open_here()
        return do_on_each(store, chosen.runs, lambda run_id: action(store, run_id, chosen), done)

    return do


def _delete(chosen: argparse.Namespace) -> int:
    store = open_here()
    found = find_runs(store, chosen.runs)
    for run in found:
        size = wording.size(run_files.bytes_used(store, run.id))
        print(f"{run.id} {run.name} ({run.state}): figures, predictions and {size} of files", file=sys.stderr)
    if not chosen.yes and not _agreed(len(found)):
        print("Nothing was deleted.", file=sys.stderr)
        return 1
    return do_on_each(store, [run.id for run in found], lambda run_id: run_edits.delete(store, run_id), "deleted")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        print("Say --yes to delete without being asked.", file=sys.stderr)
        return False
    return input(f"Delete {count} run{'s' if count > 1 else ''} for good? [y/N] ").strip().lower() in ("y", "yes")
