"""The run that a page is about, and perhaps another to hold against it."""

import streamlit as st

from dashboard import page, page_wording, pickers
from dashboard.queries import run_queries
from dashboard.sections.shared.gallery_filters import CLOSED
from jobs.results.comparisons import comparable
from jobs.store.records import Run


def pick_pair() -> tuple[Run, Run | None]:
    """The run `?run=` and the one `?against=`; where no run has finished, say what to do and end the page."""
    offered, left_out = run_queries.runs_with_predictions([*pickers.in_url("run"), *pickers.in_url("against")])
    for sentence in left_out:
        st.warning(page.plain(sentence))
    if not offered:
        page.empty(
            "No finished runs yet. Once a run finishes, its predictions for all 10,000 test images appear here.",
            "Launch a run",
            "launch",
        )
        st.stop()
    first, second = st.columns(2)
    with first:
        # An area belongs to the map of one run.
        run = pickers.pick_run("Run", offered, clears=(*CLOSED, "area")) or offered[0]
    others = {"": "None", **{one.id: page_wording.run_label(one) for one in offered if one.id != run.id}}
    with second:
        against = pickers.pick_one("Compare with", list(others), "against", names=others.get, clears=CLOSED)
    chosen = run_queries.chosen_runs([run.id, against])
    said, refused = comparable(chosen, run_queries.predictions)
    for one in refused:
        st.warning(page.plain(one.sentence))
    pair = {one.id: one for one in chosen if one.id in said}
    if run.id not in pair:
        st.stop()
    return pair[run.id], pair.get(against)
