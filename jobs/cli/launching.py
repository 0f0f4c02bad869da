"""launch, clone: put runs into the queue, and wait for them if asked to."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from core.config import RunConfig
from core.errors import ConfigurationError
from core.presets import PRESETS, config_of
from core.statistics import wording
from jobs.cli import output
from jobs.cli.reading import look_after
from jobs.cli.selection import add_run_arguments, find_runs
from jobs.results import run_wording
from jobs.running.background import ensure_supervisor, open_here
from jobs.running.cloning import changed_config, clone
from jobs.running.phases import is_testing
from jobs.running.queue import launch, launch_folds, launch_group, seeds_from
from jobs.several import numbered
from jobs.store.queries import RunNotFound, get_runs, shop_state
from jobs.store.records import FINISHED, QUEUED, Run
from jobs.store.store import Store

POLL_S = 1.0
_LISTS = ("unfrozen_layers",)


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "launch",
        help="queue a run of a preset",
        description="Queue a run and print its id. Presets: "
        + "; ".join(f"{preset.name}: {preset.description}" for preset in PRESETS.values()),
    )
    parser.add_argument("preset", metavar="PRESET", help=f"one of {', '.join(PRESETS)}")
    parser.add_argument("--name", default="", help="what to call the run (default: preset and seed)")
    parser.add_argument("--seed", type=int, help="decides split, initial weights, order and augmentation (default 0)")
    several = parser.add_mutually_exclusive_group()
    several.add_argument("--seeds", type=int, metavar="N", help="queue N runs as a group, with seeds from --seed on")
    several.add_argument(
        "--folds",
        type=int,
        metavar="K",
        help="queue K runs as a group, each with another K-th of the training set for validation: together they give "
        "every training image probabilities by a model that did not learn from it (see suspects)",
    )
    _add_common(parser)
    parser.set_defaults(do=_launch)
    parser = commands.add_parser(
        "clone",
        help="queue runs once more, with some values changed, or with several seeds",
        description="Queue a run with the config of each run named, and print the new ids.",
    )
    add_run_arguments(parser)
    parser.add_argument("--name", default="", help="what to call the new runs (default: after the run, with again)")
    parser.add_argument("--seed", type=int, help="another seed than the run's own")
    parser.add_argument("--seeds", type=int, metavar="N", help="queue N runs of each as a group, from its seed on")
    _add_common(parser)
    parser.set_defaults(do=_clone)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tag", action="append", default=[], help="tag the run (may be repeated)")
    parser.add_argument(
        "--set",
        dest="changes",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"change a value of the configuration (may be repeated): {', '.join(RunConfig.model_fields)}",
    )
    parser.add_argument("--wait", action="store_true", help="show progress until the end; fails if the run does")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the id")


def _launch(chosen: argparse.Namespace) -> int:
    config = config_of(chosen.preset, **_changes(chosen))
    store = open_here()
    ids = _queue(store, config, chosen)
    return _see_off(store, ids, chosen, one=chosen.seeds is chosen.folds is None)


def _clone(chosen: argparse.Namespace) -> int:
    store, changes = open_here(), _changes(chosen)
    found = find_runs(store, chosen.runs)
    # Every config is looked at before the first run is queued: a wrong value changes nothing.
    configs = [changed_config(run, changes) for run in found]
    for config in configs:
        seeds_from(config.seed, 1 if chosen.seeds is None else chosen.seeds)
    ids = [
        run_id
        for run, config, name in zip(found, configs, numbered(chosen.name, len(found)), strict=True)
        for run_id in clone(store, run, config, chosen.seeds, name, tags=chosen.tag)
    ]
    return _see_off(store, ids, chosen, one=chosen.seeds is None and len(found) == 1)


def _changes(chosen: argparse.Namespace) -> dict[str, Any]:
    changes = dict(_setting(text) for text in chosen.changes)
    return changes if chosen.seed is None else changes | {"seed": chosen.seed}


def _see_off(store: Store, ids: Sequence[str], chosen: argparse.Namespace, *, one: bool) -> int:
    """Say which runs are queued, have them worked on, and wait for them if asked to; return the exit status."""
    if not chosen.json:
        print("\n".join(ids), flush=True)
    look_after(store, get_runs(store, ids))
    if chosen.wait:
        _follow(store, ids)
    found = get_runs(store, ids)
    if chosen.json and (found or not one):
        summaries = [_summary(run) for run in found]
        print(output.as_json(summaries[0] if one else summaries))
    if gone := [run_id for run_id in ids if run_id not in {run.id for run in found}]:
        raise RunNotFound(f"Deleted meanwhile: {', '.join(gone)}.", "How it would have ended is not known.")
    return 0 if not chosen.wait or all(run.status == FINISHED for run in found) else 1


def _queue(store: Store, config: RunConfig, chosen: argparse.Namespace) -> list[str]:
    if chosen.folds is not None:
        return launch_folds(store, config, chosen.folds, chosen.name, tags=chosen.tag)
    if chosen.seeds is not None:
        return launch_group(store, config, seeds_from(config.seed, chosen.seeds), chosen.name, tags=chosen.tag)
    return [launch(store, config, chosen.name, tags=chosen.tag)]


def _setting(text: str) -> tuple[str, Any]:
    """KEY=VALUE with the value as JSON where it is JSON, else as a string; lists may be written a,b."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigurationError(f"--set {text} has no value.", "Write --set KEY=VALUE, for example --set epochs=5.")
    key = key.strip().replace("-", "_")
    if key in _LISTS and not value.lstrip().startswith("["):
        return key, [part.strip() for part in value.split(",") if part.strip()]
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        # No JSON, or more digits or brackets than Python takes: the config says what it should have been.
        return key, value


def _follow(store: Store, ids: Sequence[str]) -> None:
    """Show on stderr how the runs get on until none is active; a supervisor that dies meanwhile is replaced."""
    shown: dict[tuple[str, str], str] = {}
    paused = False
    while True:
        found, before = get_runs(store, ids), paused
        paused = shop_state(store).paused and any(run.status == QUEUED for run in found)
        if paused and not before:
            print("The queue is paused: `python -m jobs go-on` lets it go on.", file=sys.stderr, flush=True)
        for run in found:
            for what, line in (("progress", _progress_line(store, run)), ("warning", _warning_line(run))):
                if shown.get((run.id, what), "") != line:
                    shown[run.id, what] = line
                    print(line or f"{run.id} {run.name}: it goes on", file=sys.stderr, flush=True)
        if not any(run.is_active for run in found):
            return
        ensure_supervisor(store)
        time.sleep(POLL_S)


def _warning_line(run: Run) -> str:
    """What a run at work has to outlive, as `show` tells it; empty for most."""
    return f"{run.id} {run.name}: {run.warning}" if run.is_active and run.warning else ""


def _progress_line(store: Store, run: Run) -> str:
    start = f"{run.id} {run.name}: {run_wording.state(run)}"
    if run.error_message:
        return f"{start}: {run.error_message} {run.error_advice}"
    if run.status == FINISHED:
        return f"{start}: test accuracy {run_wording.accuracy(run)}, {wording.duration(run.work_s)} at work"
    if not run.batches:
        return start
    if is_testing(store, run):
        return f"{start}: testing the weights of epoch {run.best_epoch}"
    if run.is_waiting:
        return f"{start}: epoch {run.epoch}/{run.epochs}, waiting"
    left = f", {wording.duration(run.seconds_left)} left at most" if run.seconds_left else ""
    return f"{start}: epoch {run.epoch}/{run.epochs}, {100 * run.batch // run.batches} %{left}"


def _summary(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "status": run.state,
        "test_accuracy": run.test_accuracy,
        "error": run.error_message,
    }
