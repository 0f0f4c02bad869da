"""Groups of seeds held against the first of them as recipes: would the difference return with other seeds?"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.statistics import wording
from dashboard import page, page_wording, pickers
from dashboard.charts.recipes import seed_accuracies
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.queries import run_queries
from dashboard.sections.shared.take_along import csv_button, recipe_report_buttons
from dashboard.style import run_styles
from dashboard.tables.recipe_table import comparison_cells, group_cells
from jobs.reports import csv_tables
from jobs.results import run_wording
from jobs.results.comparisons import GroupsCompared
from jobs.results.seed_groups import Group, get_groups, list_groups, told_apart

MOST = 7
HOW = (
    "A group includes its archived runs. Its interval covers other seeds on the same test images (Student's t); a "
    "comparison covers other seeds and other images (Hillis 2014)."
)


def show() -> None:
    """The groups of the URL, the sentence first; where there are too few, what to do."""
    chosen = _choose()
    if not chosen:
        return
    compared = run_queries.compared_groups(chosen) if len(chosen) > 1 else None
    if compared:
        for comparison in compared.comparisons:
            page.finding(comparison.sentence)
        for left_out in compared.left_out:
            st.warning(page.plain(left_out.sentence))
    else:
        page.finding(chosen[0].figures.sentence)
        st.write("Choose a second group to compare the recipes.")
    _show_groups(chosen, compared)
    _show_seeds(chosen)


def _choose() -> list[Group]:
    offered = {group.id: group for group in list_groups(run_queries.store())}
    asked = _asked()
    for group in asked:
        if group.of_seeds:
            offered.setdefault(group.id, group)
        else:
            st.warning(f"{page.plain(group.name)} is left out: it is a k-fold group, not a seed group.")
    if not offered:
        page.empty(
            "No seed groups yet. Launch two configurations with three or more seeds each: then the recipes can be "
            "compared, not just two runs.",
            "Launch a seed group",
            "launch",
        )
        return []
    groups = told_apart(list(offered.values()))
    names = {
        group.id: f"{page_wording.label(group.name)} · {wording.counted(len(group.runs), 'seed')} · {group.id}"
        for group in groups
    }
    picked = pickers.pick_ids("Seed groups, baseline first", names, "group", most=MOST)
    if not picked:
        newest = [group.id for group in groups][:2][::-1]
        message = "Choose two groups above. The first is the baseline."
        page.empty(message, "Compare the two newest", "compare", by="recipes", group=newest)
    by_id = {group.id: group for group in groups}
    return [by_id[one] for one in picked]


def _asked() -> list[Group]:
    """The groups that the URL names, by their ids or by one of their runs, for which it has their ids afterwards."""
    found = get_groups(run_queries.store(), pickers.in_url("group"))
    group_of = {run.id: group.id for group in found for run in group.runs} | {group.id: group.id for group in found}
    for missing in dict.fromkeys(one for one in pickers.in_url("group") if one not in group_of):
        st.warning(f"There is no group {page.plain(missing)}; its runs may have been deleted.")
    pickers.put_in_url("group", list(dict.fromkeys(group_of.get(one, one) for one in pickers.in_url("group"))))
    return found


def _show_groups(chosen: Sequence[Group], compared: GroupsCompared | None) -> None:
    styles = run_styles([group.id for group in chosen])
    header = ["Recipe", "Finished", "Mean accuracy", "95 % interval of the mean", "Standard deviation"]
    rows: list[list[Cell]] = [[f"{styles[group.id].sign} {group.name}", *group_cells(group)] for group in chosen]
    if compared:
        header += ["Difference in points (95 % interval)", "p", "Verdict"]
        against = [
            [wording.NOTHING, wording.NOTHING, "baseline"],
            *(comparison_cells(one) for one in compared.comparisons),
        ]
        rows = [[*row, *cells] for row, cells in zip(rows, against, strict=True)]
    linked_table(header, rows, "Seed groups, baseline first", key="recipes")
    st.caption(HOW)
    with st.container(horizontal=True, vertical_alignment="center", key="take_along"):
        if compared:
            recipe_report_buttons(chosen)
        against = compared.comparisons if compared else ()
        ids = [group.id for group in chosen]
        csv_button("CSV of the groups", partial(csv_tables.groups, chosen, against), "groups", *ids)


def _show_seeds(chosen: Sequence[Group]) -> None:
    st.subheader("Seed by seed", anchor=False)
    finished = [run for group in chosen for run in group.finished]
    words = " ".join(group.figures.sentence for group in chosen)
    if finished:
        styles = run_styles([group.id for group in chosen])
        figure = seed_accuracies(chosen, styles, page.theme())
        page.chart(figure, words, key="seeds", about=" ".join(group.id for group in chosen))
    rows: list[list[Cell]] = [
        [
            Linked(run.name, "runs", "the run", {"run": run.id}),
            group.name,
            str(run.seed),
            run_wording.state(run),
            Linked(run_wording.accuracy(run), "explore", "its misclassified images", {"run": run.id})
            if run.test_count
            else wording.NOTHING,
        ]
        for group in chosen
        for run in group.runs
    ]
    header = ["Run", "Recipe", "Seed", "State", "Test accuracy (95 % interval)"]
    linked_table(header, rows, "The runs of the groups", key="seed_runs", figures_from=4)
    every = [run for group in chosen for run in group.runs]
    csv_button("CSV of these runs", partial(csv_tables.runs, every), "seeds", *(group.id for group in chosen))
