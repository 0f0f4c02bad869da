"""The run that a page is about, and perhaps another to hold against it."""

import streamlit as st

from dashboard import page, page_wording, pickers
from dashboard.queries import run_queries
from dashboard.sections.shared.gallery_filters import CLOSED
from jobs.results.comparisons import comparable
from jobs.store.records import Run


def pick_pair() -> tuple[Run, Run | None]:
    """The run `?run=` and the one `?against=`; where no run has finished, say what to do and end the page."""
    offered = pickers.finished_runs("run", "against")
    if not offered:
        page.empty(
            "No finished runs yet. Once a run finishes, its predictions for all test images appear here.",
            "Launch a run",
            "launch",
        )
        st.stop()
    first, second = st.columns(2)
    with first:
        # An area belongs to the map of one run.
        run = pickers.pick_run("Run", offered, clears=(*CLOSED, "area")) or offered[0]
    others = {"": "None", **{other.id: page_wording.run_label(other) for other in offered if other.id != run.id}}
    with second:
        against = pickers.pick_one("Compare with", others, "against", clears=CLOSED)
    chosen = run_queries.chosen_runs([run.id, against])
    answers, refused = comparable(chosen, run_queries.predictions)
    for refusal in refused:
        st.warning(page.plain(refusal.sentence))
    pair = {chosen_run.id: chosen_run for chosen_run in chosen if chosen_run.id in answers}
    if run.id not in pair:
        st.stop()
    return pair[run.id], pair.get(against)
