"""What the faults of the data set do to the accuracy of runs: with all test images, and without the flagged ones."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from dashboard import page
from dashboard.queries import data_queries, run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.subsets import subset_table
from jobs.reports import csv_tables
from jobs.results import run_wording
from jobs.results.label_judges import OTHER_TEST_IMAGES, held_together, leaked_images, measured_without
from jobs.store.records import Run


def show_faults(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """The accuracies of runs, called by these names by id, side by side; and who flagged what."""
    answers, judges, left_out = held_together(run_queries.store(), runs, run_queries.predictions)
    for one in left_out:
        st.warning(page.plain(one.sentence))
    said = {names[run_id]: own for run_id, own in answers.items()}
    found = data_queries.near_duplicates()
    leaked = leaked_images(found, next(iter(said.values())))
    subsets = measured_without(said, [data_queries.label_quality(judge.id) for judge in judges], leaked)
    page.table(subset_table(subsets))
    csv_button("CSV of the accuracies", partial(csv_tables.subsets, subsets), "faults", *(run.id for run in runs))
    _say_who_judges(judges)
    if found is None:
        page.link("No near-duplicate search yet: start it on the page Data", "data", section="duplicates")
    elif leaked is None:
        st.caption(OTHER_TEST_IMAGES)
    else:
        st.caption(
            "Near-duplicates: test images with a nearly identical image in the training set (validation included)."
        )
        page.link("View near-duplicates", "data", section="duplicates", split="across")


def _say_who_judges(judges: Sequence[Run]) -> None:
    if not judges:
        st.caption("Label issues are found by other finished runs, and there are none yet.")
        return
    names = " and ".join(
        f"{page.plain(judge.name)} ({judge.id}) with {run_wording.accuracy(judge)}" for judge in judges
    )
    st.caption(
        f"Label issues: labels flagged by {names}, the most accurate other run of each model; a run does not judge "
        "the labels that it is tested on. Leaving them out raises the accuracy even where every label is correct, "
        "since models find the same images hard: the difference is not the cost of wrong labels."
    )
    page.link("View label issues", "data", section="suspects", run=[judge.id for judge in judges])
