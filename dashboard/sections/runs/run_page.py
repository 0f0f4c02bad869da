"""The page of one run: what can be done with it, how it is, and a section at a time below."""

import streamlit as st

from dashboard import page, permitted, pickers
from dashboard.sections.runs import run_actions, run_overview
from dashboard.sections.runs.run_sections import NEED_PREDICTIONS, REFRESH_S, SECTIONS
from jobs.store.records import Run, RunStatus


def show(run: Run) -> None:
    """All of it; the figures are drawn again by themselves while the run is active."""
    st.button(
        "All runs", icon=":material/arrow_back:", type="tertiary", on_click=pickers.put_in_url, args=("run", None)
    )
    run_overview.heading(run)
    run_actions.run_buttons(run)
    permitted.say_missing(run_actions.TAKES)
    page.live(run_overview.overview, REFRESH_S if run.is_active else None)(run.id, run.state)
    show_section = pickers.pick_section("Section", SECTIONS, "section")
    if show_section in NEED_PREDICTIONS and run.status != RunStatus.FINISHED:
        st.info(f"The test set is used only once, after training. This run: {page.since(run)}.")
    else:
        show_section(run)
