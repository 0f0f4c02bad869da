"""Groups of seeds as rows of figures."""

from core.statistics import wording as core_wording
from core.statistics.recipes import RecipeComparison
from dashboard import wording
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
        return [finished, wording.accuracy(figures.mean, group.figures.images), unknown, unknown]
    interval = core_wording.percent_interval(figures.low, figures.high)
    return [finished, wording.share(figures.mean), interval, f"{100 * figures.sd:.2f} points"]


def comparison_cells(one: RecipeComparison) -> list[str]:
    """The difference from the baseline with its interval, p, and which recipe is better, "tied", or "unknown"."""
    if one.low is None or one.high is None or one.p_adjusted is None:
        return [wording.points(one.difference), wording.NOTHING, one.verdict]
    interval = core_wording.points_interval(one.low, one.high)
    return [f"{wording.points(one.difference)} ({interval})", core_wording.p_value(one.p_adjusted), one.verdict]
