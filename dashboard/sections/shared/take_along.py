"""What can be taken along with one click: reports and tables, made when the button is pressed."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from dashboard import page_wording, permitted
from dashboard.queries import run_queries, visitor
from jobs.reports import report_files
from jobs.reports.csv_writer import as_file, written
from jobs.reports.document import Table
from jobs.results.seed_groups import Group
from jobs.store.records import Run

_FORMATS = {"html": ("Report (HTML)", "text/html"), "md": ("Report (Markdown)", "text/markdown")}
_HELP = {
    "html": "One file with charts and images that opens anywhere, without Lookbook and without network.",
    "md": "The same as text, for a wiki or a repository.",
}


def report_buttons(runs: Sequence[Run], *, forms: Sequence[str] = ("html", "md"), key: str = "report") -> None:
    """A button for each form of the report of a run, or of several compared with the first; `key` tells them apart."""
    about = [f"{run.name} {run.id}" for run in runs[:3]]
    _buttons(partial(report_files.report, run_queries.store(), permitted.told_of(runs)), about, forms, key)


def recipe_report_buttons(groups: Sequence[Group]) -> None:
    """A button for each form of the report of groups of seeds, compared with the first as recipes."""
    about = [f"{group.name} {group.id}" for group in groups[:3]]
    _buttons(
        partial(report_files.report_recipes, run_queries.store(), list(groups)), about, ("html", "md"), "recipes_report"
    )


def _buttons(write: Callable[[str], str], about: Sequence[str], forms: Sequence[str], key: str) -> None:
    for form in forms:
        label, mime = _FORMATS[form]
        st.download_button(
            label,
            partial(write, form),
            f"{page_wording.file_name('report', *about)}.{form}",
            mime,
            key=f"{key}_{form}",
            on_click="ignore",
            icon=":material/download:",
            help=_HELP[form],
        )


def csv_button(label: str, text: Callable[[], str], *about: str) -> None:
    """A quiet button that saves a table with its figures in full; `about` names the file."""
    st.download_button(
        label,
        visitor.as_seen_now(lambda: as_file(text())),
        f"{page_wording.file_name(*about)}.csv",
        "text/csv",
        key=f"csv_{page_wording.file_name(label, *about)}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def table_button(label: str, table: Table, *about: str) -> None:
    """The same for a table of words as it is shown, its columns in small letters."""
    csv_button(label, partial(written, [heading.lower() for heading in table.header], table.rows), *about)
