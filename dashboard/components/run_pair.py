"""The run that a page is about, and perhaps another to hold against it."""

import streamlit as st

from dashboard import page, pickers, queries, wording
from dashboard.components.gallery_filters import CLOSED
from jobs.comparing import comparable
from jobs.records import Run


def pick_pair() -> tuple[Run, Run | None]:
    """The run `?run=` and the one `?against=`; where no run has finished, say what to do and end the page."""
    offered, left_out = queries.runs_with_predictions([*pickers.in_url("run"), *pickers.in_url("against")])
    for sentence in left_out:
        st.warning(sentence)
    if not offered:
        page.empty(
            "No run has finished yet. Launch one: as soon as it is done, every one of the 10,000 test images can be "
            "looked at here, beside what the model said of it.",
            "Launch a run",
            "launch",
        )
        st.stop()
    first, second = st.columns(2)
    with first:
        run = pickers.pick_run("Run", offered, clears=CLOSED) or offered[0]
    others = {"": "None", **{one.id: wording.run_label(one) for one in offered if one.id != run.id}}
    with second:
        against = pickers.pick_one("Against", list(others), "against", names=others.get, clears=CLOSED)
    other = next((one for one in offered if one.id == against), None)
    said, left_out = comparable([run, *([other] if other else [])], queries.predictions)
    for one in left_out:
        st.warning(page.plain(one.sentence))
    if run.id not in said:
        st.stop()
    return run, other if other and other.id in said else None
