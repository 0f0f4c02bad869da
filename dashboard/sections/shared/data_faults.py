"""What the faults of the data set do to the accuracy of runs: with all test images, and without the flagged ones."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from dashboard import page, wording
from dashboard.queries import data_queries, run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.frames import with_names
from jobs.reports import comparison_tables, csv_tables
from jobs.results.label_judges import OTHER_TEST_IMAGES, held_together, leaked_images, measured_without
from jobs.store.records import Run


def show_faults(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """The accuracies of runs, called by these names by id, side by side; and who flagged what."""
    answers, judges, left_out = held_together(run_queries.store(), runs, run_queries.predictions)
    page.warn(refusal.sentence for refusal in left_out)
    by_name = {names[run_id]: predictions for run_id, predictions in answers.items()}
    duplicates = data_queries.near_duplicates()
    leaked = leaked_images(duplicates, next(iter(by_name.values())))
    subsets = measured_without(by_name, [data_queries.label_quality(judge.id) for judge in judges], leaked)
    page.table(with_names(comparison_tables.subsets(subsets)))
    csv_button("CSV of the accuracies", partial(csv_tables.subsets, subsets), "faults", *(run.id for run in runs))
    _say_who_judges(judges)
    if duplicates is None:
        page.link("Near-duplicates are not searched yet: search them on the page Data", "data", section="duplicates")
    elif leaked is None:
        st.caption(OTHER_TEST_IMAGES)
    else:
        st.caption("Near-duplicates: test images that the training set, validation included, holds nearly alike.")
        page.link("The near-duplicates", "data", section="duplicates", split="across")


def _say_who_judges(judges: Sequence[Run]) -> None:
    if not judges:
        st.caption("Suspect labels are judged by another finished run, and there is none yet.")
        return
    names = " and ".join(
        f"{page.plain(judge.name)} ({judge.id}) with {wording.test_accuracy(judge)}" for judge in judges
    )
    st.caption(
        f"Suspect labels: those that are suspect to {names}, the most accurate other run of each model; a run does not "
        "judge the labels that it is measured by. Without them the accuracy rises even where every label is right, "
        "since models find the same images hard: the difference is not what wrong labels cost."
    )
    page.link("The suspect labels", "data", section="suspects", run=[judge.id for judge in judges])
