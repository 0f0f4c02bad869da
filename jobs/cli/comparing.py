"""compare: is the difference of runs, or of recipes, real?"""

from collections.abc import Sequence

import click

from jobs.cli import output
from jobs.cli.parameters import runs_argument
from jobs.cli.parsing import command
from jobs.reports import comparison_tables
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
    sentences = [comparison.sentence for comparison in compared.comparisons]
    tables = [comparison_tables.runs(compared.runs), comparison_tables.against_baseline(compared.comparisons)]
    if len(compared.comparisons) == 1:
        (only,) = compared.comparisons
        sentences += [only.class_sentence, only.pair_sentence]
        tables += [comparison_tables.classes(only), comparison_tables.pairs(only)]
    else:
        sentences.append(compared.best_sentence)
    return "\n\n".join(["\n".join(sentences), *map(output.table, tables)])


def _groups_text(compared: GroupsCompared) -> str:
    sentences = [comparison.sentence for comparison in compared.comparisons]
    sentences += [figures.sentence for figures in compared.figures]
    recipes = comparison_tables.recipes(compared.groups, compared.figures, compared.comparisons)
    return "\n".join([*sentences, "", output.table(recipes)])
