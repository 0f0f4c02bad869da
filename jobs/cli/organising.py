"""rename, note, tag, pin, archive, delete, comment, review: how people keep their runs in order."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

import click

from core.statistics import wording
from jobs.bulk import numbered_names
from jobs.cli import output
from jobs.cli.parameters import json_option, run_argument, runs_argument, tags_option, text
from jobs.cli.parsing import Command, command
from jobs.cli.selection import do_on_each, find_runs
from jobs.running import run_edits
from jobs.running.background import open_here
from jobs.store import run_files
from jobs.store.queries import find_run
from jobs.store.records import ReviewState
from jobs.store.store import Store
from jobs.team import comments, reviews
from jobs.team.comments import Comment, Topic


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


@command("comment")
@run_argument
@click.argument("words", metavar="TEXT", type=text)
def comment(run: str, words: str) -> None:
    """Comment on a run.

    TEXT is Markdown; @name or @address mentions somebody who has signed in on the pages.
    """
    store = open_here()
    commented = find_run(store, run)
    thread = comments.add(store, Topic.run(commented.id), words, f"runs?run={commented.id}&section=review")
    print(f"{commented.id} {commented.name}: commented ({thread})", file=sys.stderr)


@command("comments")
@run_argument
@json_option
def show_comments(run: str, as_json: bool) -> None:
    """Show the comments on a run, thread after thread."""
    store = open_here()
    commented = find_run(store, run)
    threads = comments.list_threads(store, Topic.run(commented.id))
    if as_json:
        print(output.as_json([[asdict(each) for each in thread] for thread in threads]))
    elif not threads:
        print(f"Nobody has commented on {commented.id} {commented.name}.", file=sys.stderr)
    else:
        print("\n\n".join("\n".join(map(_comment_words, thread)) for thread in threads))


def _comment_words(shown: Comment) -> str:
    """A comment as it is printed; replies are indented."""
    facts = [shown.person_name, wording.moment(shown.created_at)]
    facts += ["edited"] if shown.edited_at else []
    facts += [f"resolved by {shown.resolved_by}"] if shown.resolved_at else []
    words = "(deleted)" if shown.deleted_at else shown.text
    lines = [f"{shown.id}  {', '.join(facts)}", *(f"  {line}" for line in words.splitlines())]
    return "\n".join(lines if shown.id == shown.thread else (f"    {line}" for line in lines))


_STEPS = {
    "ask": ReviewState.ASKED,
    "accept": ReviewState.ACCEPTED,
    "needs-work": ReviewState.NEEDS_WORK,
    "withdraw": ReviewState.WITHDRAWN,
}


@command("review")
@run_argument
@click.argument("step", metavar="STEP", type=click.Choice(list(_STEPS)))
@click.option("--why", type=text, default="", metavar="TEXT", help="The reason; needs-work takes one.")
@click.option("--of", "ask", type=text, default="", metavar="PERSON", help="Who is asked (default anybody).")
def review(run: str, step: str, why: str, ask: str) -> None:
    """Ask for the review of a run, or take part in it.

    STEP is ask, accept, needs-work or withdraw, which takes back the step before. An accepted run is neither deleted,
    archived nor cleared.
    """
    store = open_here()
    reviewed = find_run(store, run)
    reviews.take_step(store, reviewed.id, _STEPS[step], why=why, ask=ask)
    print(f"{reviewed.id} {reviewed.name}: {_STEPS[step]}", file=sys.stderr)
