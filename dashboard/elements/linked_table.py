"""A table whose figures are links to the images or runs behind them, opened in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import streamlit as st

from dashboard import page
from dashboard.elements.sources import component

_table = component("linked_table", "table.css")


@dataclass(frozen=True)
class Linked:
    """A cell that leads to another page with these parameters; `title` says where to, for who hears it."""

    text: str
    view: str
    title: str
    parameters: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The link as it stands in the page, so that it can be copied or opened in a window of its own."""
        return f"{self.view}?{urlencode(self.parameters, doseq=True)}"


Cell = str | Linked


def linked_table(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], label: str, *, key: str, figures_from: int = 1
) -> None:
    """Show the rows; the first cell of each names it, and columns from `figures_from` on are set flush right."""

    def remember() -> None:
        row, column = st.session_state[key]["opened"]
        st.session_state[f"{key}_opened"] = rows[row][column]

    _table(
        key=key,
        # Tuples spare the first visit half a second, as in run_table.
        data={
            "label": label,
            "header": tuple(header),
            "figures_from": figures_from,
            "rows": tuple(tuple(_plain(cell) for cell in row) for row in rows),
        },
        on_opened_change=remember,
    )
    if opened := st.session_state.pop(f"{key}_opened", None):
        page.go_to(opened.view, **opened.parameters)


def _plain(cell: Cell) -> dict[str, str]:
    if isinstance(cell, Linked):
        return {"text": cell.text, "href": cell.address, "title": cell.title}
    return {"text": cell}
