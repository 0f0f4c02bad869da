"""suspects, duplicates, faults: what may be wrong with the data set itself, and what it does to accuracies."""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import click
import numpy as np

from core.data import fashion_mnist
from core.datasets.opening import open_version
from core.errors import ConfigurationError
from core.statistics import wording
from core.statistics.label_errors import agreed
from core.statistics.near_duplicates import LOOK_ALIKE, NEAR_DUPLICATE
from core.statistics.subsets import Subset
from jobs.cli import output
from jobs.cli.parameters import csv_option, json_option, runs_argument
from jobs.cli.parsing import command, refuse_both
from jobs.cli.selection import find_runs
from jobs.reports import comparison_tables, csv_tables
from jobs.reports.document import Table
from jobs.results import duplicate_search
from jobs.results.comparisons import NotComparable, comparable, distinct_names
from jobs.results.flagged_rows import Row, duplicate_rows, suspect_rows
from jobs.results.fold_groups import find_fold_group, out_of_sample
from jobs.results.label_judges import OTHER_TEST_IMAGES, held_together, leaked_images, measured_without, quality_of
from jobs.running.background import open_here
from jobs.settings import settings
from jobs.store.queries import get_predictions
from jobs.store.records import Predictions
from jobs.store.store import Store

SHOWN = 20


@command("suspects")
@runs_argument
@click.option("--training", is_flag=True, help="RUN is a k-fold group, by its id or one of its runs.")
@json_option
@csv_option
def suspects(runs: Sequence[str], training: bool, as_json: bool, as_csv: bool) -> None:
    """List label issues found by confident learning.

    Test images whose labels a run, or each of several, flags; with --training, training images whose labels a finished
    k-fold group flags (launch PRESET --folds K). Nothing is removed.
    """
    refuse_both(json=as_json, csv=as_csv)
    store = open_here()
    if training:
        groups = [find_fold_group(store, words) for words in runs]
        if len({group.data for group in groups}) > 1:
            raise NotComparable("These groups learnt from different data sets.", "Name groups of one data set.")
        truth = open_version(settings().data, groups[0].data)
        answers = [out_of_sample(store, group, truth.train_labels, truth.train_groups) for group in groups]
    else:
        answers = _answers(store, runs)
    labels = answers[0].labels
    rows = suspect_rows(labels, answers[0].classes, agreed([quality_of(predictions) for predictions in answers]))
    share = wording.percent(len(rows) / len(labels))
    print(f"{len(rows):,} of {len(labels):,} labels are flagged as label issues ({share}).", file=sys.stderr)
    _print(rows, as_json, csv_tables.suspects(rows) if as_csv else None)


def _answers(store: Store, named: Sequence[str]) -> list[Predictions]:
    """What the runs named said of the same test images; which of them are left out is told."""
    runs = find_runs(store, named)
    answers, left_out = comparable(runs, partial(get_predictions, store))
    if not answers:
        raise NotComparable(" ".join(run.sentence for run in left_out), "Wait until they have finished.")
    output.say_left_out(left_out)
    return list(answers.values())


@command("duplicates")
@click.option(
    "--least",
    type=float,
    default=NEAR_DUPLICATE,
    help=f"Least correlation of the pixels, from {LOOK_ALIKE} on (default {NEAR_DUPLICATE}).",
)
@json_option
@csv_option
def duplicates(least: float, as_json: bool, as_csv: bool) -> None:
    """List near-duplicate images in and across the sets.

    The first search takes a minute or two; its result is kept. Nothing is removed.
    """
    refuse_both(json=as_json, csv=as_csv)
    if not LOOK_ALIKE <= least <= 1:
        raise ConfigurationError(
            f"A correlation of at least {least:g}: less similar pairs than {LOOK_ALIKE} are not kept.",
            f"Use {LOOK_ALIKE} to 1.",
        )
    store, images = open_here(), fashion_mnist.load(settings().data)
    search = duplicate_search.find(store, _show_progress)
    close = search.pairs.similarity >= least
    print(
        f"{np.count_nonzero(close):,} pairs with a correlation of at least {least}: "
        f"{np.count_nonzero(close & search.in_training):,} in the training set, "
        f"{np.count_nonzero(close & search.in_test):,} in the test set, {np.count_nonzero(close & search.across):,} "
        f"across; {np.count_nonzero(search.leaked(least)):,} test images have one in the training set. "
        f"Searched in {wording.duration(search.seconds)}.",
        file=sys.stderr,
    )
    labels = np.concatenate([images.train_labels, images.test_labels])
    rows = duplicate_rows(search, images.class_names(labels), search.pairs.chosen(close))
    _print(rows, as_json, csv_tables.near_duplicates(rows) if as_csv else None)


def _show_progress(share: float) -> None:
    if sys.stderr.isatty():
        output.overwrite(f"{share:.0%} of all pairs compared", end="\r")


@command("faults")
@runs_argument
@json_option
def faults(runs: Sequence[str], as_json: bool) -> None:
    """Show accuracy with and without data issues.

    Labels are judged by other runs than those measured: the most accurate of each model.
    """
    store = open_here()
    measured = find_runs(store, runs)
    names, read = distinct_names(measured), partial(get_predictions, store)
    by_id, judges, left_out = held_together(store, measured, read)
    answers = {names[run_id]: predictions for run_id, predictions in by_id.items()}
    search = duplicate_search.read(store)
    leaked = leaked_images(search, next(iter(answers.values())))
    subsets = measured_without(answers, [quality_of(read(judge.id)) for judge in judges], leaked)
    output.say_left_out(left_out)
    if not judges:
        print("No other run has finished that could judge the labels.", file=sys.stderr)
    if search is None:
        print("No near-duplicate search yet: `python -m jobs duplicates` starts one.", file=sys.stderr)
    elif leaked is None:
        print(OTHER_TEST_IMAGES, file=sys.stderr)
    if as_json:
        data = {"judges": [judge.id for judge in judges], "subsets": [_as_data(subset) for subset in subsets]}
        print(output.as_json(data))
        return
    if judges:
        print(f"Labels judged by {' and '.join(f'{judge.name} ({judge.id})' for judge in judges)}.")
    print(output.table(comparison_tables.subsets(subsets)))


def _as_data(subset: Subset) -> dict[str, Any]:
    figures = [
        {"name": name, "right": right, "accuracy": subset.accuracy(name), "interval": list(subset.interval(name))}
        for name, right in subset.right.items()
    ]
    return {"name": subset.name, "n": subset.n, "runs": figures}


def _print(rows: Sequence[Row], as_json: bool, csv: str | None) -> None:
    """Print the rows as JSON, as the CSV given, or the first of them as a table."""
    if as_json:
        print(output.as_json(list(rows)))
    elif csv is not None:
        sys.stdout.write(csv)
    elif rows:
        header = tuple(name.replace("_", " ") for name in rows[0])
        print(output.table(Table("", header, tuple(tuple(map(str, row.values())) for row in rows[:SHOWN]))))
        if len(rows) > SHOWN:
            print(f"{len(rows) - SHOWN:,} more: --csv prints all.", file=sys.stderr)
