"""Groups of seeds held against the first of them as recipes: would the difference return with other seeds?"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.statistics import wording
from dashboard import page, page_wording, permitted, pickers
from dashboard.charts.recipes import seed_accuracies
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.queries import run_queries
from dashboard.sections.shared.comment_threads import show_comments
from dashboard.sections.shared.take_along import csv_button, recipe_report_buttons
from dashboard.style import run_styles
from jobs.reports import comparison_tables, csv_tables
from jobs.results.comparisons import GroupsCompared
from jobs.results.seed_groups import Group, get_groups, list_groups, told_apart
from jobs.store.queries import seed_group_ids
from jobs.team.comments import Topic

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
        page.warn(left_out.sentence for left_out in compared.left_out)
    else:
        page.finding(chosen[0].figures.sentence)
        st.write("Choose a second group to compare the recipes.")
    _show_groups(chosen, compared)
    _show_seeds(chosen)
    show_comments(Topic.comparison(group.id for group in chosen), "compare")


def _choose() -> list[Group]:
    offered = {group.id: group for group in _offered()}
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
    return [by_id[group_id] for group_id in picked]


def _offered() -> list[Group]:
    """All groups, or the newest with a field to find others."""
    store, most = run_queries.store(), run_queries.MOST_OFFERED
    are_more = len(seed_group_ids(store)) > most
    words = pickers.find_field("seed groups") if are_more or pickers.in_url(pickers.FIND) else ""
    fitting = list_groups(store, limit=most, search=words)
    if words and not fitting:
        pickers.say_none_fits("seed group", words)
        return list_groups(store, limit=most)
    return fitting


def _asked() -> list[Group]:
    """The groups that the URL names, by their ids or by one of their runs, for which it has their ids afterwards."""
    groups = get_groups(run_queries.store(), pickers.in_url("group"))
    group_of = {run.id: group.id for group in groups for run in group.runs} | {group.id: group.id for group in groups}
    for missing in dict.fromkeys(name for name in pickers.in_url("group") if name not in group_of):
        st.warning(f"There is no group {page.plain(missing)}; its runs may have been deleted.")
    pickers.put_in_url("group", list(dict.fromkeys(group_of.get(name, name) for name in pickers.in_url("group"))))
    return groups


def _show_groups(chosen: Sequence[Group], compared: GroupsCompared | None) -> None:
    styles = run_styles([group.id for group in chosen])
    against = compared.comparisons if compared else ()
    table = comparison_tables.recipes(chosen, [group.figures for group in chosen], against)
    rows = [
        (f"{styles[group.id].sign} {name}", *figures)
        for group, (name, *figures) in zip(chosen, table.rows, strict=True)
    ]
    linked_table(table.header, rows, table.caption, key="recipes")
    st.caption(HOW)
    with st.container(horizontal=True, vertical_alignment="center", key="take_along"):
        if compared:
            recipe_report_buttons(chosen)
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
    table, every = comparison_tables.seeds(chosen), [run for group in chosen for run in group.runs]
    rows: list[list[Cell]] = [
        [
            Linked(name, "runs", "the run", {"run": run.id}),
            *facts,
            Linked(accuracy, "explore", "its misclassified images", {"run": run.id}) if run.test_count else accuracy,
        ]
        for run, (name, *facts, accuracy) in zip(every, table.rows, strict=True)
    ]
    linked_table(table.header, rows, table.caption, key="seed_runs", figures_from=5)
    csv_button(
        "CSV of these runs",
        partial(csv_tables.runs, permitted.told_of(every)),
        "seeds",
        *(group.id for group in chosen),
    )
