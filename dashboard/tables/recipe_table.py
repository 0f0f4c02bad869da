"""Groups of seeds as rows of figures."""

from core.statistics import wording
from core.statistics.recipes import RecipeComparison
from jobs.results.seed_groups import Group

ONE_SEED = "one seed: unknown"


def group_cells(group: Group) -> list[str]:
    """How many runs have finished, the mean accuracy, its interval, and the standard deviation over seeds.

    One seed has the interval of its images, beside its accuracy; over seeds it has none.
    """
    figures = group.figures.accuracy
    finished = f"{figures.n} of {wording.counted(len(group.runs), 'seed')}"
    if figures.low is None or figures.high is None or figures.sd is None:
        unknown = ONE_SEED if figures.n else wording.NOTHING
        return [finished, wording.share_of(figures.mean, group.figures.images), unknown, unknown]
    interval = wording.percent_interval(figures.low, figures.high)
    return [finished, wording.percent(figures.mean), interval, f"{100 * figures.sd:.2f} points"]


def comparison_cells(one: RecipeComparison) -> list[str]:
    """The difference from the baseline with its interval, p, and which recipe is better, "tied", or "unknown"."""
    return [wording.difference(one.difference, one.low, one.high), wording.p_value(one.p_adjusted), one.verdict]
