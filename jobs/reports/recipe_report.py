"""The report of groups of seeds held against a baseline as recipes."""

from core.statistics import wording
from core.statistics.recipes import RecipeComparison, RecipeFigures
from jobs.reports import report_sections
from jobs.reports.document import Block, Document, Finding, Items, Paragraph, Section, Table
from jobs.results import run_wording
from jobs.results.comparisons import GroupsCompared
from jobs.results.seed_groups import Group


def document(compared: GroupsCompared) -> Document:
    """The report of a comparison of recipes, the first of them the baseline."""
    names = [group.name for group in compared.groups]
    left_out: list[Block] = [Items(tuple(one.sentence for one in compared.left_out))] if compared.left_out else []
    return Document(
        title=f"{wording.listed(names[1:], 3)} against {names[0]}, as recipes",
        subtitle=f"{len(names)} seed groups on the same test images",
        opening=(*(Finding(one.sentence) for one in compared.comparisons), *left_out),
        sections=(
            Section("The recipes", (_recipes(compared), Items(tuple(one.sentence for one in compared.figures)))),
            Section("Seed by seed", (_seeds(compared),)),
            Section("Configuration", (_settings(compared.groups),)),
            report_sections.method(
                "A recipe is a configuration without its seed. The interval of the mean of a recipe covers other "
                "seeds on the same images (Student's t). A comparison covers other seeds and other images: seeds are "
                "random and belong to one recipe, images are random and predicted by all (Hillis 2014).",
                "Several recipes compared with one baseline are corrected by Holm's method.",
            ),
        ),
    )


def _recipes(compared: GroupsCompared) -> Table:
    baseline = (wording.NOTHING, wording.NOTHING, "baseline")
    against = [baseline, *(_against(one) for one in compared.comparisons)]
    rows = tuple((*_figures(one), *cells) for one, cells in zip(compared.figures, against, strict=True))
    header = (
        *("Recipe", "Seeds", "Mean accuracy (95 % interval)", "Standard deviation in points"),
        *("Difference in points (95 % interval)", "p", "Verdict"),
    )
    return Table("Accuracy on the test images, over the finished seeds", header, rows)


def _figures(one: RecipeFigures) -> tuple[str, ...]:
    own = one.accuracy
    if own.low is None or own.high is None or own.sd is None:
        return one.name, str(own.n), wording.share_of(own.mean, one.images), "unknown"
    mean = f"{wording.percent(own.mean)} ({wording.percent_interval(own.low, own.high)})"
    return one.name, str(own.n), mean, f"{100 * own.sd:.2f}"


def _against(one: RecipeComparison) -> tuple[str, ...]:
    p = wording.NOTHING if one.p_adjusted is None else wording.p_value(one.p_adjusted)
    return wording.difference(one.difference, one.low, one.high), p, one.verdict


def _seeds(compared: GroupsCompared) -> Table:
    rows = tuple(
        (run.name, run.id, group.name, str(run.seed), run_wording.state(run), run_wording.accuracy(run))
        for group in compared.groups
        for run in group.runs
    )
    header = ("Run", "Id", "Recipe", "Seed", "State", "Test accuracy (95 % interval)")
    return Table("Every run of the groups", header, rows, figures_from=5)


def _settings(groups: tuple[Group, ...]) -> Block:
    configs = [group.runs[0].config for group in groups]
    settings = dict.fromkeys(name for config in configs for name in config if name != "seed")
    values = {name: [wording.setting(config.get(name)) for config in configs] for name in settings}
    differing = tuple((name, *row) for name, row in values.items() if len(set(row)) > 1)
    if not differing:
        return Paragraph("Every setting is the same.")
    return Table("Settings that differ", ("Setting", *(group.name for group in groups)), differing, None)
