"""What the faults of the data set do to the accuracy of runs: with all test images, and without the flagged ones."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.datasets.versions import list_versions
from dashboard import page
from dashboard.queries import data_queries, run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.frames import with_names
from jobs.reports import comparison_tables, csv_tables
from jobs.results import run_wording
from jobs.results.label_judges import OTHER_TEST_IMAGES, held_together, leaked_images, measured_without
from jobs.settings import settings
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
    _link_next_versions(runs)
    if duplicates is None:
        page.link("No near-duplicate search yet: start it on the page Data", "data", section="duplicates")
    elif leaked is None:
        st.caption(OTHER_TEST_IMAGES)
    else:
        st.caption(
            "Near-duplicates: test images with a nearly identical image in the training set (validation included)."
        )
        page.link("View near-duplicates", "data", section="duplicates", split="across")


def _link_next_versions(runs: Sequence[Run]) -> None:
    """To the accuracies by the labels of each version that came from the one that these runs were tested on."""
    known = list_versions(settings().data)
    tested = [version for version in known if version.pinned == runs[0].config.data]
    for version in known:
        if any(version.follows(earlier) for earlier in tested):
            label = page.plain(f"View accuracies by the labels of {version.label}")
            run_ids = [run.id for run in runs]
            page.link(label, "data", data=version.pinned, section="corrections", run=run_ids)


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
    run_ids = [judge.id for judge in judges]
    page.link("View label issues", "data", data=judges[0].config.data, section="suspects", run=run_ids)
