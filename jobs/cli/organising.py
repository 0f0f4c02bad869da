"""rename, note, tag, pin, archive, delete: how people keep their runs in order."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

import click

from core.statistics import wording
from jobs.bulk import numbered_names
from jobs.cli.parameters import runs_argument, tags_option, text
from jobs.cli.parsing import Command, command
from jobs.cli.selection import do_on_each, find_runs
from jobs.running import run_edits
from jobs.running.background import open_here
from jobs.store import run_files
from jobs.store.store import Store


@command("rename")
@runs_argument
@click.argument("name", metavar="NAME", type=text)
def rename(runs: Sequence[str], name: str) -> int:
    """Rename runs; several get numbers after the name."""
    store = open_here()
    ids = [run.id for run in find_runs(store, runs)]
    names = dict(zip(ids, numbered_names(name, len(ids)), strict=True))
    return do_on_each(store, ids, lambda store, run_id: run_edits.rename(store, run_id, names[run_id]), "renamed")


@command("note")
@runs_argument
@click.argument("note", metavar="TEXT", type=text)
@click.option("--add", is_flag=True, help="Add the text below each note.")
def note(runs: Sequence[str], note: str, add: bool) -> int:
    """Replace the notes of runs, or add to them.

    TEXT is Markdown; an empty one removes the notes.
    """
    write = run_edits.add_to_note if add else run_edits.set_note
    return do_on_each(open_here(), runs, lambda store, run_id: write(store, run_id, note), "noted")


@command("tag")
@runs_argument
@tags_option("A tag (may be repeated); without any, all tags are removed.")
def tag(runs: Sequence[str], tags: Sequence[str]) -> int:
    """Replace the tags of runs."""
    return do_on_each(open_here(), runs, lambda store, run_id: run_edits.set_tags(store, run_id, tags), "tagged")


def _edit(name: str, what: str, edit: Callable[[Store, str], object], done: str) -> Command:
    """A command that does one thing to each run named."""

    @command(name, help=what)
    @runs_argument
    def edit_runs(runs: Sequence[str]) -> int:
        return do_on_each(open_here(), runs, edit, done)

    return edit_runs


pin = _edit("pin", "Pin runs as baselines.", partial(run_edits.set_pinned, pinned=True), "pinned")
unpin = _edit("unpin", "Unpin runs.", partial(run_edits.set_pinned, pinned=False), "unpinned")
archive = _edit("archive", "Hide runs from the lists.", run_edits.archive, "archived")
bring_back = _edit("bring-back", "Show archived runs in the lists again.", run_edits.bring_back, "brought back")


@command("delete")
@runs_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(runs: Sequence[str], yes: bool) -> int:
    """Delete runs with all their metrics and files."""
    store = open_here()
    doomed = find_runs(store, runs)
    for run in doomed:
        size = wording.size(run_files.bytes_used(store, run.id))
        print(f"{run.id} {run.name} ({run.state}): metrics, predictions and {size} of files", file=sys.stderr)
    if not yes and not _agreed(len(doomed)):
        print("Nothing was deleted.", file=sys.stderr)
        return 1
    return do_on_each(store, [run.id for run in doomed], run_edits.delete, "deleted")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        print("Add --yes to delete without being asked.", file=sys.stderr)
        return False
    return click.confirm(f"Delete {wording.counted(count, 'run')} permanently?")
