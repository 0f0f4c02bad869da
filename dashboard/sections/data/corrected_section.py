"""What a version changes in the one that it came from, and the accuracy of runs on the labels of both."""

import streamlit as st

from core.datasets import versions
from core.datasets.differing import Difference
from core.datasets.versions import Version
from dashboard import page, pickers
from dashboard.queries import data_queries, run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.frames import with_names
from jobs.reports import comparison_tables, csv_tables, data_tables
from jobs.results.comparisons import comparable, distinct_names
from jobs.results.corrected_accuracy import old_and_corrected
from jobs.settings import settings

MOST_RUNS = 5


def show(version: Version) -> None:
    """The difference from the version it came from, and runs of that one by both labels; nothing without one."""
    known = versions.list_versions(settings().data)
    before = next((earlier for earlier in known if version.follows(earlier)), None)
    if before is None:
        return
    st.subheader(page.plain(f"What {version.label} changes in {before.label}"), anchor=False)
    parts = data_queries.difference(before, version)
    for sentence in data_tables.difference_sentences(before, version, parts):
        st.write(page.plain(sentence))
    page.link("View the difference", "data", data=version.pinned, section="difference", against=before.pinned)
    _show_accuracies(before, version, parts)


def _show_accuracies(before: Version, version: Version, parts: Difference) -> None:
    st.subheader("Accuracy by the labels of both versions", anchor=False)
    offered = pickers.finished_runs("run", data=before.pinned)
    if not offered:
        st.write(page.plain(f"No run on {before.label} has finished."))
        return
    newest = [run.id for run in offered[:MOST_RUNS]]
    runs = pickers.pick_runs("Runs", offered, default=newest, most=MOST_RUNS)
    answers, left_out = comparable(runs, run_queries.predictions)
    page.warn(refusal.sentence for refusal in left_out)
    if not answers:
        return
    names = distinct_names(runs)
    by_name = {names[run_id]: tested for run_id, tested in answers.items()}
    contents = data_queries.content(before.pinned), data_queries.content(version.pinned)
    measured = old_and_corrected(by_name, (before.label, version.label), contents, parts.pairs)
    page.table(with_names(comparison_tables.subsets(measured)))
    csv_button("CSV of the accuracies", lambda: csv_tables.subsets(measured), "corrected", version.label)
    st.caption(
        "The same predictions, counted by the labels of both versions (95 % intervals). A run keeps its own test "
        "accuracy. Where people looked only at images that a run gets wrong, the new labels favour that run."
    )
