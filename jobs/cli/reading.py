"""presets, list, show, log: what can be launched, which runs there are and how far they are."""

import sys
import time
from collections.abc import Sequence

import click

from core.config import FASHION_MNIST
from core.datasets import versions
from core.datasets.suitability import misfits
from core.presets import PRESETS, config_of
from core.statistics import metrics, wording
from jobs.cli import completion, output
from jobs.cli.parameters import csv_option, json_option, run_argument, tags_option, text
from jobs.cli.parsing import command, refuse_both
from jobs.reports import csv_tables, run_tables
from jobs.reports.document import Table
from jobs.results.description import describe, summarise
from jobs.results.fold_groups import held_out_words
from jobs.running.background import ensure_supervisor, open_here
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.filters import Filter
from jobs.store.queries import find_run, get_predictions, get_run, list_runs, place_in_queue
from jobs.store.records import STATUSES, ReviewState, Run, RunStatus
from jobs.store.store import Store

FOLLOW_S = 0.5
LOG_LINES = 12
MOST_LISTED = 1_000_000_000
REVIEWS = {"asked": ReviewState.ASKED, "accepted": ReviewState.ACCEPTED, "needs-work": ReviewState.NEEDS_WORK}


@command("presets")
@click.option(
    "--data",
    type=text,
    default=FASHION_MNIST,
    metavar="NAME",
    shell_complete=completion.data_sets,
    help="Data set to say it of (default fashion-mnist).",
)
def show_presets(data: str) -> None:
    """List the presets, and which suit a data set."""
    version = versions.find(settings().data, data)
    rows = tuple(
        (preset.name, preset.suits, "; ".join(misfits(config_of(preset.name), version)) or "suits")
        for preset in PRESETS.values()
    )
    print(output.table(Table("", ("Preset", "Suits", version.label), rows, figures_from=None)))


@command("list")
@click.option("--search", type=text, default="", metavar="WORDS", help="Words in name, id, note, tag, preset or model.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice(list(map(str, STATUSES))),
    multiple=True,
    help="Only these (may be repeated).",
)
@tags_option("Only with this tag (may be repeated).")
@click.option(
    "--review",
    "reviews",
    type=click.Choice(list(REVIEWS)),
    multiple=True,
    help="Only those whose review came to this (may be repeated).",
)
@click.option("--mine", is_flag=True, help="Only those that you have launched.")
@click.option("--owner", type=text, metavar="E-MAIL", help="Only those that this person has launched.")
@click.option("--archived", is_flag=True, help="The archived runs instead of the others.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@csv_option
@json_option
def list_(
    search: str,
    statuses: tuple[str, ...],
    tags: tuple[str, ...],
    reviews: tuple[str, ...],
    mine: bool,
    owner: str | None,
    archived: bool,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    refuse_both(mine=mine, owner=owner)
    refuse_both(csv=as_csv, json=as_json)
    store = open_here()
    wanted = Filter(
        search=search,
        statuses=tuple(map(RunStatus, statuses)),
        tags=tags,
        reviews=tuple(map(REVIEWS.__getitem__, reviews)),
        owner=store.by.id if mine else owner or "",
        archived=archived,
    )
    runs = list_runs(store, wanted, limit=limit and min(limit, MOST_LISTED))
    look_after(store, runs)
    for run in runs:
        if run.damaged:
            print(f"{run.id} {run.name}: {run.warning}", file=sys.stderr)
    _print_runs(runs, wanted, as_csv, as_json)


def _print_runs(runs: list[Run], wanted: Filter, as_csv: bool, as_json: bool) -> None:
    if as_json:
        print(output.as_json([summarise(run) for run in runs]))
    elif as_csv:
        print(csv_tables.runs(runs), end="")
    elif runs:
        print(output.run_table(runs))
    elif wanted == Filter():
        print("No runs yet. `python -m jobs launch quick` starts one that takes about a minute.", file=sys.stderr)
    else:
        print("No runs match.", file=sys.stderr)


@command("show")
@run_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with epochs and confusion matrix.")
def show(run: str, as_json: bool) -> None:
    """Show a run with its metrics."""
    store = open_here()
    shown = find_run(store, run)
    look_after(store, [shown])
    if as_json:
        print(output.as_json(describe(store, shown)))
        return
    print(_text(store, shown))
    if shown.status == RunStatus.FAILED and (tail := run_files.log_tail(store, shown.id, lines=LOG_LINES)):
        print(f"\nThe last lines of the log:\n{tail}")


@command("log")
@run_argument
@click.option("--follow", is_flag=True, help="Continue until the run ends.")
def log(run: str, follow: bool) -> None:
    """Print a run's log."""
    store = open_here()
    run_id = find_run(store, run).id
    words, offset = run_files.log_from(store, run_id, 0)
    print(words, end="", flush=True)
    while follow and get_run(store, run_id).is_active:
        ensure_supervisor(store)
        time.sleep(FOLLOW_S)
        words, offset = run_files.log_from(store, run_id, offset)
        print(words, end="", flush=True)
    # What was written between the last look at the log and the end of the run.
    print(run_files.log_from(store, run_id, offset)[0], end="", flush=True)


def look_after(store: Store, runs: list[Run]) -> None:
    """See to it that a supervisor runs, if any of these runs is queued or running."""
    if not any(run.is_active for run in runs):
        return
    try:
        ensure_supervisor(store)
    except OSError as error:
        # Who may only read shall see the runs all the same.
        print(f"No supervisor could be started: {error.strerror} ({error.filename}).", file=sys.stderr)


def _text(store: Store, run: Run) -> str:
    facts = (
        *(fact for fact in run_tables.facts(run).rows if fact[0] != "Note"),  # which stands below, line by line
        ("Owner", run.owner or ""),
        ("In this state since", wording.moment(run.state_since)),
        ("Position in the queue", str(place_in_queue(store, run)) if run.status == RunStatus.QUEUED else ""),
        ("Time in the queue", wording.duration(run.queued_s)),
        ("Left at most", wording.duration(run.seconds_left)),
        ("Accuracy over all folds", held_out_words(store, run)),
        ("Error", f"{run.error_kind}: {run.error_message} {run.error_advice}" if run.error_message else ""),
        ("Warning", run.warning or ""),
        ("Not exactly reproducible", run.inexact_because or ""),
        ("Files", wording.size(run_files.bytes_used(store, run.id))),
    )
    environment = run_tables.environment({run.id: "Value"}, [run], wording.moment, places=True).rows
    texts = [run.name, *map(_known, (facts, environment))]
    if run.status == RunStatus.FINISHED:
        tested = get_predictions(store, run.id)
        figures = metrics.per_class(tested.matrix, tested.classes)
        texts.append(output.table(run_tables.per_class(figures)))
    if run.note:
        texts.append(f"Note:\n{run.note}")
    return "\n\n".join(texts)


def _known(facts: Sequence[tuple[str, ...]]) -> str:
    """A table of the facts that are known."""
    rows = tuple(fact for fact in facts if fact[1] not in ("", wording.NOTHING))
    return output.table(Table("", ("Fact", "Value"), rows))
