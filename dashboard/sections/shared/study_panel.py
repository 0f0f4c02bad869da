"""The study of a run where a page needs it: there, being made, or to be asked for."""

from functools import partial

import streamlit as st

from core.answers.study import Study, StudyError
from core.statistics import wording
from dashboard import page, permitted
from dashboard.queries import model_queries, run_queries
from jobs.people import Role
from jobs.running.background import TaskStatus
from jobs.store.records import Run
from jobs.tasks import studies

REFRESH_S = 2.0


def study_of(run: Run) -> Study | None:
    """The study of a finished run; without one, say how it stands, offer to make it, and return None."""
    state = studies.study_state(run_queries.store(), run.id)
    if state.status == TaskStatus.RUNNING:
        page.live(_follow, REFRESH_S)(run.id, run.name)
        return None
    if state.status == TaskStatus.DONE:
        try:
            return model_queries.study(run.id)
        except StudyError as error:
            page.say(error)
    if state.status == TaskStatus.FAILED:
        st.error(f"**Computing the map of {page.plain(run.name)} failed.** {page.trouble(state.detail)}")
    _offer(run)
    return None


def _offer(run: Run) -> None:
    st.write(
        "The map of the test images and the nearest training images are computed once per run, in the background: "
        f"{page.plain(run.name)} has none yet."
    )
    if not permitted.may(Role.REVIEW):
        return
    seconds = wording.rough_duration(studies.expected_seconds(run))
    st.button(
        f"Compute map and nearest images, {seconds}",
        key=f"study_{run.id}",
        on_click=page.start,
        args=(partial(studies.request_study, run_queries.store(), run),),
        icon=":material/scatter_plot:",
    )


def _follow(run_id: str, name: str) -> None:
    state = studies.study_state(run_queries.store(), run_id)
    if state.status != TaskStatus.RUNNING:
        st.rerun()
    step = state.detail or "starting"
    st.info(f"Computing the map of {page.plain(name)}: {step}. Training has priority. You can leave this page.")
