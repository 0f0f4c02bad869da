"""What a version of a data set is and how healthy, its classes and counts, and the runs that learnt from it."""

from functools import partial

import numpy as np
import streamlit as st

from core.datasets import opening
from core.datasets.health import Health
from core.datasets.versions import Version
from core.errors import DataSetError
from core.statistics import wording
from dashboard import page, permitted
from dashboard.charts.classes import class_cards
from dashboard.queries import data_queries, run_queries
from dashboard.sections.data import health_report, version_actions
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.splits import split_table
from jobs.people import Role
from jobs.reports import csv_tables, data_tables
from jobs.results.data_users import runs_that_need
from jobs.settings import settings

SAMPLES = 16
MOST_CARDS = 30
_MOST_RUNS = 12


def show(version: Version) -> None:
    """Facts and findings, what can be done with it, its runs, classes and counts."""
    page.finding(data_tables.headline(version))
    for sentence in (*data_tables.origin(version), *version.notes):
        st.caption(page.plain(sentence))
    st.code(version.hash, language=None)
    if not version.is_built_in:
        health = _health(version)
        if permitted.may(Role.LAUNCH):
            version_actions.show(version, health)
        if health is not None:
            health_report.show(version, health)
            if health.alike or health.leaking:
                page.link("View near-duplicates", "data", data=version.pinned, section="duplicates")
    _show_runs(version)
    _show_classes(version)
    _show_counts(version)


def _health(version: Version) -> Health | None:
    """The health report; where it cannot be read that is said, and None."""
    try:
        return opening.read_health(settings().data, version)
    except DataSetError as error:
        page.say(error)
        return None


def _show_runs(version: Version) -> None:
    """The newest runs that learn from it, and the way to launch one."""
    users = runs_that_need(run_queries.store(), version)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(f"{wording.counted(len(users), 'run learns', 'runs learn')} from it.")
        for run_id, name in users[:_MOST_RUNS]:
            page.link(page.plain(name), "runs", run=run_id)
        if len(users) > _MOST_RUNS:
            page.link("All of them", "runs", data=version.pinned)
        page.link("Launch a run on it", "launch", data=version.pinned)


def _show_classes(version: Version) -> None:
    data = data_queries.data_set(version.pinned)
    st.subheader(wording.counted(len(version.classes), "class", "classes"), anchor=False)
    shown = range(min(len(version.classes), MOST_CARDS))
    st.write("Left: the mean image of a class. Right: some of its images.")
    if len(version.classes) > MOST_CARDS:
        st.caption(f"The first {MOST_CARDS} are shown; under Images, any class can be chosen.")
    means = data_queries.means_of(version.pinned)
    samples = [data.train_images[np.flatnonzero(data.train_labels == label)[:SAMPLES]] for label in shown]
    st.html(class_cards(version.classes[: len(shown)], means[: len(shown)], samples))


def _show_counts(version: Version) -> None:
    st.subheader("Counts", anchor=False)
    counts = data_queries.split_counts(version)
    page.table(split_table(version.classes, {split.capitalize(): of_split for split, of_split in counts.items()}))
    csv_button("CSV of the counts", partial(csv_tables.split_counts, version.classes, counts), "split-counts")
    if version.is_built_in:
        st.caption(
            f"Of the {version.count('train'):,} training images a tenth is held out for validation, stratified by "
            "class and drawn by the run's seed; in a k-fold run, its fold is."
        )
