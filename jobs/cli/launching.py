"""launch, clone: queue runs, and wait for them if asked to."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from core.config import RunConfig
from core.errors import ConfigurationError
from core.presets import PRESETS, config_of
from core.statistics import wording
from jobs.bulk import numbered_names
from jobs.cli import completion, output
from jobs.cli.parameters import runs_argument, tags_option, text
from jobs.cli.parsing import command, refuse_both
from jobs.cli.reading import look_after
from jobs.cli.selection import find_runs
from jobs.results import run_wording
from jobs.running import cloning, queue
from jobs.running.background import ensure_supervisor, open_here
from jobs.running.phases import is_testing
from jobs.store.queries import RunNotFound, get_runs, queue_state
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store

POLL_S = 1.0
_LISTS = ("unfrozen_layers", "companions")
Setting = tuple[str, Any]


def setting(words: str) -> Setting:
    """KEY=VALUE with the value as JSON where it is JSON, else as a string; lists may be written a,b."""
    key, separator, value = text(words).partition("=")
    if not separator:
        raise ConfigurationError(f"--set {words} has no value.", "Write --set KEY=VALUE, for example --set epochs=5.")
    key = key.strip().replace("-", "_")
    if key in _LISTS and not value.lstrip().startswith("["):
        return key, [part.strip() for part in value.split(",") if part.strip()]
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        # No JSON, or more digits or brackets than Python takes: the config says what it should have been.
        return key, value


_SETTINGS = f"Change a setting (may be repeated): {', '.join(RunConfig.model_fields)}."


def _launch_options(function: Callable[..., int]) -> Callable[..., int]:
    """The options of every launch."""
    function = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the id.")(function)
    function = click.option("--wait", is_flag=True, help="Show progress until the end; fail if a run does.")(function)
    function = tags_option("Tag the run (may be repeated).")(function)
    settings = click.option("--set", "changes", type=setting, multiple=True, metavar="KEY=VALUE", help=_SETTINGS)
    return settings(function)


_PRESETS = "\n\n".join(f"{each.name}: {each.description} Suits {each.suits}." for each in PRESETS.values())


@command("launch", epilog=_PRESETS)
@click.argument("preset", metavar="PRESET", type=text, shell_complete=completion.presets)
@click.option("--name", type=text, default="", metavar="NAME", help="Name of the run (default: preset and seed).")
@click.option(
    "--data",
    type=text,
    metavar="NAME",
    shell_complete=completion.data_sets,
    help="Data set to learn from (default fashion-mnist; see data list).",
)
@click.option("--seed", type=int, help="Decides split, initial weights, order and augmentation (default 0).")
@click.option("--seeds", type=int, metavar="N", help="Queue N runs as a group, with seeds from --seed on.")
@click.option(
    "--folds",
    type=int,
    metavar="K",
    help="Queue K runs as a group, each validated on another K-th of the training set, so that every training image is "
    "judged by a model that did not learn from it (see suspects).",
)
@_launch_options
def launch(
    preset: str,
    name: str,
    data: str | None,
    seed: int | None,
    seeds: int | None,
    folds: int | None,
    tags: Sequence[str],
    changes: Sequence[Setting],
    wait: bool,
    as_json: bool,
) -> int:
    """Queue a run of a preset.

    Its id is printed. PRESET is one of those described below.
    """
    refuse_both(seeds=seeds, folds=folds)
    config = config_of(preset, **_with(changes, seed=seed, data=data))
    store = open_here()
    ids = queue.launch_all(store, config, name, seeds=seeds, folds=folds, tags=tags)
    return _see_off(store, ids, wait=wait, as_json=as_json, single=seeds is folds is None)


@command("clone")
@runs_argument
@click.option("--name", type=text, default="", metavar="NAME", help="Name of the new runs (default: NAME again).")
@click.option("--seed", type=int, help="Another seed than the run's own.")
@click.option("--seeds", type=int, metavar="N", help="Queue N runs of each as a group, with seeds from its seed on.")
@_launch_options
def clone(
    runs: Sequence[str],
    name: str,
    seed: int | None,
    seeds: int | None,
    tags: Sequence[str],
    changes: Sequence[Setting],
    wait: bool,
    as_json: bool,
) -> int:
    """Queue runs again, with changes or with several seeds.

    One run is queued with the settings of each run named, and the new ids are printed.
    """
    store = open_here()
    sources = find_runs(store, runs)
    # Every config is looked at before the first run is queued: a wrong value changes nothing.
    configs = [cloning.changed_config(run, _with(changes, seed=seed)) for run in sources]
    for config in configs:
        queue.seeds_from(config.seed, 1 if seeds is None else seeds)
    ids = [
        run_id
        for run, config, new_name in zip(sources, configs, numbered_names(name, len(sources)), strict=True)
        for run_id in cloning.clone(store, run, config, seeds, new_name, tags=tags)
    ]
    return _see_off(store, ids, wait=wait, as_json=as_json, single=seeds is None and len(sources) == 1)


def _with(changes: Sequence[Setting], **given: Any) -> dict[str, Any]:
    """The settings, with those that have an option of their own where it is given."""
    return dict(changes) | {name: value for name, value in given.items() if value is not None}


def _see_off(store: Store, ids: Sequence[str], *, wait: bool, as_json: bool, single: bool) -> int:
    """Print which runs are queued, start a supervisor, and wait for the runs if asked to; return the exit status."""
    if not as_json:
        print("\n".join(ids), flush=True)
    look_after(store, get_runs(store, ids))
    if wait:
        _follow(store, ids)
    runs = get_runs(store, ids)
    if as_json and (runs or not single):
        summaries = [_summary(run) for run in runs]
        print(output.as_json(summaries[0] if single else summaries))
    if gone := [run_id for run_id in ids if run_id not in {run.id for run in runs}]:
        raise RunNotFound(f"Deleted meanwhile: {', '.join(gone)}.", "How they would have ended is not known.")
    return 0 if not wait or all(run.status == RunStatus.FINISHED for run in runs) else 1


def _follow(store: Store, ids: Sequence[str]) -> None:
    """Show on stderr how far the runs are until none is active; a supervisor that dies meanwhile is replaced."""
    shown: dict[tuple[str, str], str] = {}
    paused = False
    while True:
        runs, before = get_runs(store, ids), paused
        paused = queue_state(store).paused and any(run.status == RunStatus.QUEUED for run in runs)
        if paused and not before:
            print("The queue is paused: `python -m jobs go-on` resumes it.", file=sys.stderr, flush=True)
        for run in runs:
            for what, line in (("progress", _progress_line(store, run)), ("warning", _warning_line(run))):
                if shown.get((run.id, what), "") != line:
                    shown[run.id, what] = line
                    print(line or f"{run.id} {run.name}: resuming", file=sys.stderr, flush=True)
        if not any(run.is_active for run in runs):
            return
        ensure_supervisor(store)
        time.sleep(POLL_S)


def _warning_line(run: Run) -> str:
    """The warning of a queued or running run, as `show` tells it; empty for most."""
    return f"{run.id} {run.name}: {run.warning}" if run.is_active and run.warning else ""


def _progress_line(store: Store, run: Run) -> str:
    start = f"{run.id} {run.name}: {run_wording.state(run)}"
    if run.error_message:
        return f"{start}: {run.error_message} {run.error_advice}"
    if run.status == RunStatus.FINISHED:
        return f"{start}: test accuracy {run_wording.accuracy(run)}, trained in {wording.duration(run.work_s)}"
    if not run.batches:
        return start
    if is_testing(store, run):
        return f"{start}: testing the weights of epoch {run.best_epoch}"
    if run.is_waiting:
        return f"{start}: epoch {run.epoch}/{run.epochs}, waiting for disk space"
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
