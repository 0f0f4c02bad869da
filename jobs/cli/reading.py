"""list, show, log: what there is and how it gets on."""

import sys
import time
from typing import Any

import click

from core.statistics import wording
from core.statistics.wording import counted, size
from jobs.cli import output
from jobs.cli.parameters import json_option, run_argument, tags_option, text
from jobs.cli.parsing import command
from jobs.results import run_wording
from jobs.results.description import describe, device_of, summarise
from jobs.running.background import ensure_supervisor, open_here
from jobs.store import run_files
from jobs.store.filters import Filter
from jobs.store.queries import find_run, get_run, list_runs, place_in_queue
from jobs.store.records import STATUSES, Run, RunStatus
from jobs.store.store import Store

FOLLOW_S = 0.5
LOG_LINES = 12
MOST_LISTED = 1_000_000_000


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
@click.option("--archived", is_flag=True, help="The archived runs instead of the others.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@json_option
def list_(
    search: str, statuses: tuple[str, ...], tags: tuple[str, ...], archived: bool, limit: int | None, as_json: bool
) -> None:
    """List runs, newest first."""
    store = open_here()
    wanted = Filter(search=search, statuses=tuple(map(RunStatus, statuses)), tags=tags, archived=archived)
    runs = list_runs(store, wanted, limit=limit and min(limit, MOST_LISTED))
    look_after(store, runs)
    for run in runs:
        if run.damaged:
            print(f"{run.id} {run.name}: {run.warning}", file=sys.stderr)
    if as_json:
        print(output.as_json([summarise(run) for run in runs]))
    elif runs:
        print(output.run_table(runs))
    elif wanted == Filter():
        print("No runs. `python -m jobs launch quick` starts one of a minute.", file=sys.stderr)
    else:
        print("No run fits.", file=sys.stderr)


@command("show")
@run_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with epochs and confusion matrix.")
def show(run: str, as_json: bool) -> None:
    """Show a run with its figures."""
    store = open_here()
    shown = find_run(store, run)
    look_after(store, [shown])
    description = describe(store, shown)
    if as_json:
        print(output.as_json(description))
        return
    print(_text(store, shown, description))
    if shown.status == RunStatus.FAILED and (tail := run_files.log_tail(store, shown.id, lines=LOG_LINES)):
        print(f"\nThe last lines of the log:\n{tail}")


@command("log")
@run_argument
@click.option("--follow", is_flag=True, help="Go on until the run ends.")
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
    """See to it that somebody works on these runs, if any of them waits or works."""
    if not any(run.is_active for run in runs):
        return
    try:
        ensure_supervisor(store)
    except OSError as error:
        # Who may only read shall see the runs all the same.
        print(f"Nobody works on the queue: {error.strerror} ({error.filename}).", file=sys.stderr)


def _text(store: Store, run: Run, description: dict[str, Any]) -> str:
    facts = [
        ("status", f"{run_wording.state(run)} since {wording.moment(run.state_since)}"),
        ("model", f"{run.model}, preset {run.preset}, seed {run.seed}"),
        ("device", _device(run)),
        ("weights", _weights(run)),
        ("tags", ", ".join(run.tags)),
        ("at work", f"{wording.duration(run.work_s)}, in the queue {wording.duration(run.queued_s)}{_left(run)}"),
        ("queue", f"place {place_in_queue(store, run)}" if run.status == RunStatus.QUEUED else ""),
        ("epochs", f"{len(description['epochs'])} of at most {run.epochs} complete"),
        ("validation", f"accuracy {run_wording.best_validation(run)}, the best"),
        ("test", f"accuracy {_flips(run)}{run_wording.accuracy(run)}, loss {wording.number(run.test_loss)}"),
        ("error", f"{run.error_kind}: {run.error_message} {run.error_advice}" if run.error_message else ""),
        ("inexact", f"not repeatable to the last bit: {run.inexact_because}" if run.inexact_because else ""),
        ("warning", run.warning),
        ("files", f"{size(run_files.bytes_used(store, run.id))} (`python -m jobs space` shows those of all runs)"),
        ("note", run.note),
    ]
    missing = {"validation": run.best_epoch is None, "test": run.test_accuracy is None}
    lines = [f"{name:<12}{words}" for name, words in facts if words and not missing.get(name)]
    return "\n".join([f"{run.name} ({run.id})", *lines, *_class_table(description)])


def _flips(run: Run) -> str:
    return "with flips " if run.answers_with_flips else ""


def _device(run: Run) -> str:
    """What a run is trained on, and how fast; nothing before its first start."""
    speed = f"{run.images_per_s:,.0f} images/s" if run.images_per_s else ""
    threads = counted(run.threads, "CPU thread") if run.device and run.threads else ""
    return ", ".join(filter(None, (device_of(run), threads, speed)))


def _weights(run: Run) -> str:
    if not run.pretrained:
        return "none: trained from scratch" if run.device else ""
    afresh = " and ".join(run.pretrained["initialised_afresh"])
    return f"{run.pretrained['source']} (SHA-256 {run.pretrained['sha256'][:12]}…); {afresh} initialised afresh"


def _left(run: Run) -> str:
    return f", {wording.duration(run.seconds_left)} left at most" if run.seconds_left else ""


def _class_table(description: dict[str, Any]) -> list[str]:
    if not description["per_class"]:
        return []
    rows = [
        (
            row["name"],
            wording.percent(row["precision"]),
            wording.share_of(row["recall"], row["support"]),
            wording.percent(row["f1"]),
            str(row["support"]),
        )
        for row in description["per_class"]
    ]
    return ["", output.table(("CLASS", "PRECISION", "RECALL (95 % INTERVAL)", "F1", "SUPPORT"), rows)]
