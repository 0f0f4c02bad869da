"""The table of runs as real rows, links and checkboxes: opened and marked by id, with marks kept on refresh."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import streamlit as st

from dashboard.elements.sources import component
from dashboard.tables.run_rows import RunRow

_table = component("run_table", "table.css")


def run_table(
    rows: Sequence[RunRow],
    label: str,
    *,
    key: str,
    on_open: Callable[[str], None],
    marked: Sequence[str] | None = None,
    on_mark: Callable[[list[str]], None] | None = None,
) -> None:
    """Show the rows. `on_open(id)` and `on_mark(ids)` are called before the page runs again.

    `marked` are the ids that are marked now; without it the rows have no checkboxes.
    """

    def opened() -> None:
        on_open(str(st.session_state[key]["opened"]))

    def changed() -> None:
        if on_mark:
            on_mark([str(run_id) for run_id in st.session_state[key]["marked"]])

    _table(
        key=key,
        # Tuples, because Streamlit looks whether lists are data frames, and to that end reads pandas: half a second of
        # the first visit to a server.
        data={
            "label": label,
            "rows": tuple(asdict(row) for row in rows),
            "marked": None if marked is None else tuple(marked),
        },
        on_opened_change=opened,
        on_marked_change=changed,
    )
