"""The groups of seeds: what each recipe reaches on average, and how much the seed decides."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard import page, pickers
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.queries import run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.style import run_style
from jobs.reports import comparison_tables, csv_tables
from jobs.results.seed_groups import Group, list_groups, told_apart
from jobs.store.queries import seed_group_ids

PAGE_SIZE = 50


def show() -> None:
    """A row per group, the newest first, with the way to its runs and to a comparison of recipes."""
    total = len(seed_group_ids(run_queries.store()))
    if not total:
        page.empty(
            "No seed groups yet. A seed group is one configuration trained with several seeds: it shows how much of "
            "a difference is due to the seed.",
            "Launch a seed group",
            "launch",
        )
        return
    st.caption(
        "Mean over the finished seeds, its 95 % interval (Student's t) and the standard deviation. A group includes "
        "its archived runs."
    )
    pages = -(-total // PAGE_SIZE)
    number = min(pickers.page_in_url(), pages)
    groups = told_apart(list_groups(run_queries.store(), limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE))
    table = comparison_tables.recipes(groups, [group.figures for group in groups])
    rows = [_row(group, cells) for group, cells in zip(groups, table.rows, strict=True)]
    linked_table([*table.header, "Seed by seed"], rows, table.caption, key="groups")
    pickers.pick_page(pages)
    with st.container(horizontal=True, vertical_alignment="center", key="groups_along"):
        first = [group.id for group in groups[:2]][::-1]
        page.link("Compare groups as recipes", "compare", by="recipes", group=first)
        if pages > 1:
            csv_button("CSV of this page", partial(csv_tables.groups, groups), "groups", "page")
        csv_button("CSV of all groups", lambda: csv_tables.groups(list_groups(run_queries.store())), "groups")


def _row(group: Group, cells: Sequence[str]) -> list[Cell]:
    runs = Linked(f"{run_style(group.id).sign} {group.name}", "runs", "the runs of this group", {"group": group.id})
    seeds = Linked("compare", "compare", f"the seeds of {group.name}", {"by": "recipes", "group": group.id})
    return [runs, *cells[1:], seeds]
