"""The record of changes as a table, page by page, with a CSV of all that fits."""

from functools import partial

import streamlit as st

from core.statistics import wording
from dashboard import page, pickers
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.queries import run_queries
from dashboard.sections.shared.take_along import csv_button
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.reports.team import team_tables
from jobs.team.change_record import Wanted, count_changes, list_changes
from jobs.team.permission import require

PAGE_SIZE = 30
"""As many rows as a table shows without a search of its own, which would find nothing on other pages."""


def show_changes(wanted: Wanted, nothing: str, *about: str, needs: Role = Role.LOOK) -> None:
    """The changes that fit, the newest first, or that there is `nothing`; `about` names the CSV, which `needs` a role.

    Who has the page open may have lost it when the CSV is asked for.
    """
    store = run_queries.store()
    total = count_changes(store, wanted)
    if not total:
        st.info(nothing)
        return
    pages = -(-total // PAGE_SIZE)
    number = min(pickers.page_in_url(), pages)
    listed = list_changes(store, wanted, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    table = team_tables.changes(listed, page.moment, of_one_run=bool(wanted.run_id))
    rows = [_linked(cells, table.header) for cells in table.rows]
    linked_table(table.header, rows, "Changes, newest first", key="changes", figures_from=len(table.header))
    pickers.pick_page(pages)
    label = f"CSV of {wording.counted(total, 'change')}"
    csv_button(label, partial(changes_csv, wanted, needs), *about)


def changes_csv(wanted: Wanted, needs: Role) -> str:
    """All changes that fit, as CSV; raise NotAllowed."""
    store = run_queries.store()
    require(store, needs)
    return csv_tables.changes(list_changes(store, wanted))


def _linked(cells: tuple[str, ...], header: tuple[str, ...]) -> list[Cell]:
    """The cells with a link to the run, where there is one."""
    return [
        Linked(cell, "runs", "the run", {"run": cell}) if title == "Run" and cell != wording.NOTHING else cell
        for cell, title in zip(cells, header, strict=True)
    ]
