"""list, show, log: what there is and how it gets on."""

import argparse
import sys
import time
from typing import Any

from core.statistics import wording
from core.statistics.wording import counted, size
from jobs.cli import output
from jobs.results import run_wording
from jobs.results.description import describe, device_of, summarise
from jobs.running.background import ensure_supervisor, open_here
from jobs.store import run_files
from jobs.store.queries import Filter, find_run, get_run, list_runs, place_in_queue
from jobs.store.records import FAILED, QUEUED, STATUSES, Run
from jobs.store.store import Store

FOLLOW_S = 0.5
LOG_LINES = 12


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser("list", help="list runs, newest first")
    parser.add_argument("--search", default="", help="words in name, id, note, tag, preset or model")
    parser.add_argument("--status", action="append", default=[], choices=STATUSES, help="only these (may be repeated)")
    parser.add_argument("--tag", action="append", default=[], help="only with this tag (may be repeated)")
    parser.add_argument("--archived", action="store_true", help="the archived ones instead of the others")
    parser.add_argument("--limit", type=_limit, metavar="N", help="at most N")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=_list)
    parser = commands.add_parser("show", help="show a run with its figures")
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    parser.add_argument("--json", action="store_true", help="print JSON, with epochs and confusion matrix")
    parser.set_defaults(do=_show)
    parser = commands.add_parser("log", help="print a run's log")
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    parser.add_argument("--follow", action="store_true", help="go on until the run ends")
    parser.set_defaults(do=_log)


def _limit(text: str) -> int:
    """A number of runs from 1 on; more than any store has is as good as all of them."""
    if not (text.isascii() and text.isdecimal() and text.strip("0")):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text) if len(text) < 10 else 10**9


def _list(chosen: argparse.Namespace) -> int:
    store = open_here()
    wanted = Filter(
        search=chosen.search, statuses=tuple(chosen.status), tags=tuple(chosen.tag), archived=chosen.archived
    )
    found = list_runs(store, wanted, limit=chosen.limit)
    look_after(store, found)
    for run in found:
        if run.damaged:
            print(f"{run.id} {run.name}: {run.warning}", file=sys.stderr)
    if chosen.json:
        print(output.as_json([summarise(run) for run in found]))
    elif found:
        print(output.run_table(found))
    elif wanted == Filter():
        print("No runs. `python -m jobs launch quick` starts one of a minute.", file=sys.stderr)
    else:
        print("No run fits.", file=sys.stderr)
    return 0


def _show(chosen: argparse.Namespace) -> int:
    store = open_here()
    run = find_run(store, chosen.run)
    look_after(store, [run])
    description = describe(store, run)
    if chosen.json:
        print(output.as_json(description))
        return 0
    print(_text(store, run, description))
    if run.status == FAILED and (tail := run_files.log_tail(store, run.id, lines=LOG_LINES)):
        print(f"\nThe last lines of the log:\n{tail}")
    return 0


def look_after(store: Store, found: list[Run]) -> None:
    """See to it that somebody works on these runs, if any of them waits or works."""
    if not any(run.is_active for run in found):
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
        ("queue", f"place {place_in_queue(store, run)}" if run.status == QUEUED else ""),
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
            one["name"],
            wording.percent(one["precision"]),
            wording.share_of(one["recall"], one["support"]),
            wording.percent(one["f1"]),
            str(one["support"]),
        )
        for one in description["per_class"]
    ]
    return ["", output.table(("CLASS", "PRECISION", "RECALL (95 % INTERVAL)", "F1", "SUPPORT"), rows)]


def _log(chosen: argparse.Namespace) -> int:
    store = open_here()
    run = find_run(store, chosen.run)
    words, offset = run_files.log_from(store, run.id, 0)
    print(words, end="", flush=True)
    while chosen.follow and get_run(store, run.id).is_active:
        ensure_supervisor(store)
        time.sleep(FOLLOW_S)
        words, offset = run_files.log_from(store, run.id, offset)
        print(words, end="", flush=True)
    # What was written between the last look at the log and the end of the run.
    print(run_files.log_from(store, run.id, offset)[0], end="", flush=True)
    return 0
