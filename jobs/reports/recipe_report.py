"""The report of groups of seeds compared with a baseline as recipes."""

from core.statistics import wording
from jobs.reports import comparison_tables, report_sections
from jobs.reports.document import Document, Finding, Items, Section
from jobs.results.comparisons import GroupsCompared


def document(compared: GroupsCompared) -> Document:
    """The report of a comparison of recipes, the first of them the baseline."""
    names = [group.name for group in compared.groups]
    left_out = [Items(tuple(left_out.sentence for left_out in compared.left_out))] if compared.left_out else []
    recipes = comparison_tables.recipes(compared.groups, compared.figures, compared.comparisons)
    configs = {group.name: group.runs[0].config for group in compared.groups}
    return Document(
        title=f"{wording.listed(names[1:], 3)} against {names[0]}, as recipes",
        subtitle=f"{len(names)} seed groups on the same test images",
        opening=(*(Finding(comparison.sentence) for comparison in compared.comparisons), *left_out),
        sections=(
            Section("The recipes", (recipes, Items(tuple(figures.sentence for figures in compared.figures)))),
            Section("Seed by seed", (comparison_tables.seeds(compared.groups),)),
            Section("Configuration", (report_sections.differing_settings(configs, without="seed"),)),
            report_sections.method(
                "A recipe is a configuration without its seed. The interval of the mean of a recipe covers other "
                "seeds on the same images (Student's t). A comparison covers other seeds and other images: seeds are "
                "random and belong to one recipe, images are random and predicted by all (Hillis 2014).",
                "Several recipes compared with one baseline are corrected by Holm's method.",
            ),
        ),
    )
