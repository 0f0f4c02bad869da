"""compare: is the difference of runs, or of recipes, real?"""

import argparse
from collections.abc import Sequence
from typing import Any

from core.classes import CLASS_NAMES
from core.statistics import wording
from core.statistics.breakdown import ClassDifference, PairDifference
from core.statistics.comparison import Comparison
from jobs.cli import output
from jobs.results import run_wording
from jobs.results.comparisons import (
    GroupsCompared,
    RunsCompared,
    compare_groups,
    compare_runs,
    groups_as_data,
    runs_as_data,
)
from jobs.results.seed_groups import find_group
from jobs.running.background import open_here
from jobs.store.queries import find_run
from jobs.store.store import Store

PAIRS_LISTED = 8


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "compare",
        help="compare finished runs on the test images, or groups of seeds as recipes",
        description="The first run or group is the baseline, the others are held against it.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="id, beginning of an id, or name; the baseline first")
    parser.add_argument(
        "--groups", action="store_true", help="compare recipes: each RUN names a group, by its id or by one of its runs"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with every class and confused pair")
    parser.set_defaults(do=_compare)


def _compare(chosen: argparse.Namespace) -> int:
    store = open_here()
    return _groups(store, chosen) if chosen.groups else _runs(store, chosen)


def _runs(store: Store, chosen: argparse.Namespace) -> int:
    compared = compare_runs(store, [find_run(store, words) for words in chosen.runs])
    output.say_left_out(compared.left_out)
    print(output.as_json(runs_as_data(compared)) if chosen.json else _runs_text(compared))
    return 0


def _groups(store: Store, chosen: argparse.Namespace) -> int:
    compared = compare_groups(store, [find_group(store, words) for words in chosen.runs])
    output.say_left_out(compared.left_out)
    print(output.as_json(groups_as_data(compared)) if chosen.json else _groups_text(compared))
    return 0


def _runs_text(compared: RunsCompared) -> str:
    only = compared.comparisons[0]
    if len(compared.comparisons) == 1:
        parts = [only.sentence, _accuracies(compared), _counts(only), *_breakdown(only)]
    else:
        sentences = "\n".join(one.sentence for one in compared.comparisons)
        parts = [f"{sentences}\n{compared.best_sentence}", _accuracies(compared), _against_baseline(compared)]
    return "\n\n".join(parts)


def _accuracies(compared: RunsCompared) -> str:
    baseline, *others = compared.runs
    letters = ("A, the baseline", "B") if len(others) == 1 else ("the baseline", "")
    rows = [
        (run.id, compared.names[run.id], run_wording.accuracy(run), str(run.seed), letters[run is not baseline])
        for run in (baseline, *others)
    ]
    return output.table(("ID", "NAME", "TEST ACCURACY", "SEED", ""), rows)


def _counts(comparison: Comparison) -> str:
    rows = [
        ("both right", f"{comparison.both_right:,}"),
        (f"only {comparison.name_a} right", f"{comparison.only_a:,}"),
        (f"only {comparison.name_b} right", f"{comparison.only_b:,}"),
        ("both wrong", f"{comparison.both_wrong:,}"),
    ]
    return output.table(("IMAGES", "COUNT"), rows)


def _breakdown(comparison: Comparison) -> list[str]:
    """The classes, and the confusions that changed most, in points of B less A."""
    changed = sorted(comparison.pairs, key=lambda one: (one.p_adjusted, -abs(one.count_b - one.count_a)))
    header = ("TRUE", "PREDICTED", "A", "B", "P (HOLM)")
    return [
        f"{comparison.class_sentence}\n\n" + _class_table(comparison.classes),
        f"{comparison.pair_sentence}\n\n" + output.table(header, [_pair_row(one) for one in changed[:PAIRS_LISTED]]),
    ]


def _class_table(classes: Sequence[ClassDifference]) -> str:
    rows = [
        (
            one.name,
            str(one.n),
            wording.share_of(one.accuracy_a, one.n),
            wording.share_of(one.accuracy_b, one.n),
            wording.difference(one.difference, one.low, one.high),
            wording.p_value(one.p_adjusted),
        )
        for one in classes
    ]
    return output.table(("CLASS", "IMAGES", "A", "B", "POINTS (95 % INTERVAL)", "P (HOLM)"), rows)


def _pair_row(pair: PairDifference) -> tuple[str, ...]:
    names = (CLASS_NAMES[pair.true], CLASS_NAMES[pair.predicted])
    return (*names, str(pair.count_a), str(pair.count_b), wording.p_value(pair.p_adjusted))


def _against_baseline(compared: RunsCompared) -> str:
    rows = [
        (
            one.name_b,
            f"{one.only_a:,}",
            f"{one.only_b:,}",
            wording.difference(one.difference, one.low, one.high),
            wording.p_value(one.p_adjusted),
            one.better or "tied",
        )
        for one in compared.comparisons
    ]
    header = ("AGAINST THE BASELINE", "ONLY BASELINE", "ONLY THIS", "POINTS (95 % INTERVAL)", "P (HOLM)", "BETTER")
    return output.table(header, rows)


def _groups_text(compared: GroupsCompared) -> str:
    findings = "\n".join(one.sentence for one in compared.comparisons)
    return "\n\n".join([findings, "\n".join(one.sentence for one in compared.figures)])
