"""compare: is the difference of runs, or of recipes, real?"""

from collections.abc import Sequence

import click

from core.classes import CLASS_NAMES
from core.statistics import wording
from core.statistics.breakdown import ClassDifference, PairDifference
from core.statistics.comparison import Comparison
from jobs.cli import output
from jobs.cli.parameters import runs_argument
from jobs.cli.parsing import command
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

PAIRS_LISTED = 8


@command("compare")
@runs_argument
@click.option("--groups", is_flag=True, help="Compare recipes: each RUN names a group, by its id or one of its runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every class and confused pair.")
def compare(runs: Sequence[str], groups: bool, as_json: bool) -> None:
    """Compare finished runs, or groups of seeds as recipes.

    They are compared on the test images, with the first run or group as the baseline.
    """
    store = open_here()
    if groups:
        recipes = compare_groups(store, [find_group(store, words) for words in runs])
        output.say_left_out(recipes.left_out)
        print(output.as_json(groups_as_data(recipes)) if as_json else _groups_text(recipes))
    else:
        compared = compare_runs(store, [find_run(store, words) for words in runs])
        output.say_left_out(compared.left_out)
        print(output.as_json(runs_as_data(compared)) if as_json else _runs_text(compared))


def _runs_text(compared: RunsCompared) -> str:
    only = compared.comparisons[0]
    if len(compared.comparisons) == 1:
        parts = [only.sentence, _accuracies(compared), _counts(only), *_breakdown(only)]
    else:
        sentences = "\n".join(comparison.sentence for comparison in compared.comparisons)
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
    changed = sorted(comparison.pairs, key=lambda pair: (pair.p_adjusted, -abs(pair.count_b - pair.count_a)))
    header = ("TRUE", "PREDICTED", "A", "B", "P (HOLM)")
    return [
        f"{comparison.class_sentence}\n\n" + _class_table(comparison.classes),
        f"{comparison.pair_sentence}\n\n" + output.table(header, [_pair_row(pair) for pair in changed[:PAIRS_LISTED]]),
    ]


def _class_table(classes: Sequence[ClassDifference]) -> str:
    rows = [
        (
            each.name,
            str(each.n),
            wording.share_of(each.accuracy_a, each.n),
            wording.share_of(each.accuracy_b, each.n),
            wording.difference(each.difference, each.low, each.high),
            wording.p_value(each.p_adjusted),
        )
        for each in classes
    ]
    return output.table(("CLASS", "IMAGES", "A", "B", "POINTS (95 % INTERVAL)", "P (HOLM)"), rows)


def _pair_row(pair: PairDifference) -> tuple[str, ...]:
    names = (CLASS_NAMES[pair.true], CLASS_NAMES[pair.predicted])
    return (*names, str(pair.count_a), str(pair.count_b), wording.p_value(pair.p_adjusted))


def _against_baseline(compared: RunsCompared) -> str:
    rows = [
        (
            comparison.name_b,
            f"{comparison.only_a:,}",
            f"{comparison.only_b:,}",
            wording.difference(comparison.difference, comparison.low, comparison.high),
            wording.p_value(comparison.p_adjusted),
            comparison.better or "tied",
        )
        for comparison in compared.comparisons
    ]
    header = ("AGAINST THE BASELINE", "ONLY BASELINE", "ONLY THIS", "POINTS (95 % INTERVAL)", "P (HOLM)", "BETTER")
    return output.table(header, rows)


def _groups_text(compared: GroupsCompared) -> str:
    findings = "\n".join(comparison.sentence for comparison in compared.comparisons)
    return "\n\n".join([findings, "\n".join(figure.sentence for figure in compared.figures)])
