"""suspects, duplicates, faults: what may be wrong with the data set itself, and what it does to accuracies."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from core.data import fashion_mnist
from core.errors import ConfigurationError
from core.statistics import wording
from core.statistics.label_errors import agreed
from core.statistics.near_duplicates import LOOK_ALIKE, NEAR_DUPLICATE
from core.statistics.subsets import Subset
from jobs.cli import output
from jobs.reports import csv_tables
from jobs.results import duplicate_search
from jobs.results.comparisons import NotComparable, comparable, distinct_names
from jobs.results.flagged_rows import Row, duplicate_rows, suspect_rows
from jobs.results.fold_groups import find_fold_group, out_of_sample
from jobs.results.label_judges import OTHER_TEST_IMAGES, held_together, leaked_images, measured_without, quality_of
from jobs.running.background import open_here
from jobs.settings import settings
from jobs.store.queries import find_run, get_predictions
from jobs.store.records import Predictions, Run
from jobs.store.store import Store

SHOWN = 20


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "suspects",
        help="list images whose labels may be wrong, by confident learning",
        description="Test images whose labels are suspect to a run, or to each of several; with --training, training "
        "images whose labels are suspect to a finished k-fold group (launch PRESET --folds K). Nothing is removed.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="id, beginning of an id, or name")
    parser.add_argument("--training", action="store_true", help="RUN is a k-fold group, by its id or one of its runs")
    _add_output(parser)
    parser.set_defaults(do=_suspects)
    parser = commands.add_parser(
        "duplicates",
        help="list near-duplicate images within and across the training and the test set",
        description="Search them once (a minute or two), keep what is found, and list it. Nothing is removed.",
    )
    parser.add_argument(
        "--least",
        type=float,
        default=NEAR_DUPLICATE,
        help=f"least correlation of the pixels, from {LOOK_ALIKE} on (default {NEAR_DUPLICATE})",
    )
    _add_output(parser)
    parser.set_defaults(do=_duplicates)
    parser = commands.add_parser(
        "faults",
        help="accuracy on all test images, and without those that are flagged",
        description="Labels are judged by other runs than the ones measured: the most accurate of each model.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="id, beginning of an id, or name")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=_faults)


def _add_output(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV with all of them")


def _suspects(chosen: argparse.Namespace) -> int:
    store = open_here()
    if chosen.training:
        labels = fashion_mnist.load(settings().data).train_labels
        said = [out_of_sample(store, find_fold_group(store, words), labels) for words in chosen.runs]
    else:
        said = _answers(store, chosen.runs)
    quality = agreed([quality_of(one) for one in said])
    rows = suspect_rows(said[0].labels, quality)
    count = len(said[0].labels)
    print(f"{len(rows):,} of {count:,} labels are suspect ({wording.percent(len(rows) / count)}).", file=sys.stderr)
    _print(rows, chosen, csv_tables.suspects)
    return 0


def _answers(store: Store, named: Sequence[str]) -> list[Predictions]:
    """What the runs named said of the same test images; which of them are left out is told."""
    runs = _distinct_runs(store, named)
    said, left_out = comparable(runs, partial(get_predictions, store))
    if not said:
        raise NotComparable(" ".join(one.sentence for one in left_out), "Let them finish.")
    output.say_left_out(left_out)
    return list(said.values())


def _distinct_runs(store: Store, named: Sequence[str]) -> list[Run]:
    return list({run.id: run for run in (find_run(store, words) for words in named)}.values())


def _duplicates(chosen: argparse.Namespace) -> int:
    if not LOOK_ALIKE <= chosen.least <= 1:
        raise ConfigurationError(
            f"A correlation of at least {chosen.least:g}: less similar pairs than {LOOK_ALIKE} are not kept.",
            f"Use {LOOK_ALIKE} to 1.",
        )
    store, data = open_here(), fashion_mnist.load(settings().data)
    found = duplicate_search.find(store, _say_progress)
    labels = np.concatenate([data.train_labels, data.test_labels])
    close = found.pairs.similarity >= chosen.least
    print(
        f"{np.count_nonzero(close):,} pairs with a correlation of at least {chosen.least}: "
        f"{np.count_nonzero(close & found.in_training):,} in the training set, "
        f"{np.count_nonzero(close & found.in_test):,} in the test set, {np.count_nonzero(close & found.across):,} "
        f"across; {np.count_nonzero(found.leaked(chosen.least)):,} test images have one in the training set. "
        f"Searched in {wording.duration(found.seconds)}.",
        file=sys.stderr,
    )
    _print(duplicate_rows(found, labels, found.pairs.chosen(close)), chosen, csv_tables.near_duplicates)
    return 0


def _say_progress(share: float) -> None:
    if sys.stderr.isatty():
        output.overwrite(f"{share:.0%} of all pairs are compared", end="\r")


def _faults(chosen: argparse.Namespace) -> int:
    store = open_here()
    runs = _distinct_runs(store, chosen.runs)
    names, read = distinct_names(runs), partial(get_predictions, store)
    answers, judges, left_out = held_together(store, runs, read)
    said = {names[run_id]: own for run_id, own in answers.items()}
    found = duplicate_search.read(store)
    leaked = leaked_images(found, next(iter(said.values())))
    subsets = measured_without(said, [quality_of(read(judge.id)) for judge in judges], leaked)
    output.say_left_out(left_out)
    if not judges:
        print("No other run has finished that could judge the labels.", file=sys.stderr)
    if found is None:
        print("Near-duplicates are not searched yet: `python -m jobs duplicates`.", file=sys.stderr)
    elif leaked is None:
        print(OTHER_TEST_IMAGES, file=sys.stderr)
    if chosen.json:
        print(output.as_json({"judges": [judge.id for judge in judges], "subsets": [_as_data(one) for one in subsets]}))
        return 0
    if judges:
        print(f"Labels judged by {' and '.join(f'{judge.name} ({judge.id})' for judge in judges)}.")
    print(output.table(("TEST IMAGES", "COUNT", *said), [_cells(one) for one in subsets]))
    return 0


def _as_data(subset: Subset) -> dict[str, Any]:
    figures = [
        {"name": name, "right": right, "accuracy": subset.accuracy(name), "interval": list(subset.interval(name))}
        for name, right in subset.right.items()
    ]
    return {"name": subset.name, "n": subset.n, "runs": figures}


def _cells(subset: Subset) -> tuple[str, ...]:
    accuracies = (wording.share_of(subset.accuracy(name), subset.n) for name in subset.right)
    return (subset.name, f"{subset.n:,}", *accuracies)


def _print(rows: Sequence[Row], chosen: argparse.Namespace, as_csv: Callable[[Sequence[Row]], str]) -> None:
    if chosen.json:
        print(output.as_json(list(rows)))
    elif chosen.csv:
        sys.stdout.write(as_csv(rows))
    elif rows:
        header = tuple(name.upper().replace("_", " ") for name in rows[0])
        print(output.table(header, [tuple(str(value) for value in row.values()) for row in rows[:SHOWN]]))
        if len(rows) > SHOWN:
            print(f"{len(rows) - SHOWN:,} more: --csv prints all.", file=sys.stderr)
