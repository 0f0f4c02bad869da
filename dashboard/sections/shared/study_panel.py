"""The study of a run where a page needs it: there, being made, or to be asked for."""

import streamlit as st

from core.answers.study import Study, StudyError
from core.errors import LookbookError
from core.statistics import wording
from dashboard import page
from dashboard.queries import model_queries, run_queries
from jobs.store.records import Run
from jobs.tasks import studies
from jobs.tasks.studies import AT_WORK, FAILED, MADE

REFRESH_S = 2.0


def study_of(run: Run) -> Study | None:
    """The study of a finished run; without one, say how it stands, offer to make it, and return None."""
    found = studies.study_state(run_queries.store(), run.id)
    if found.state == AT_WORK:
        page.live(_follow, REFRESH_S)(run.id, run.name)
        return None
    if found.state == MADE:
        try:
            return model_queries.study(run.id)
        except StudyError as error:
            page.say(error)
    if found.state == FAILED:
        st.error(f"**Computing the map of {page.plain(run.name)} failed.** {page.plain(found.words)}")
    _offer(run)
    return None


def _offer(run: Run) -> None:
    st.write(
        "The map of the test images and the nearest training images are computed once per run, in the background: "
        f"{page.plain(run.name)} has none yet."
    )
    seconds = wording.rough_duration(studies.expected_seconds(run))
    st.button(
        f"Compute map and nearest images, {seconds}",
        key=f"study_{run.id}",
        on_click=_request,
        args=(run,),
        icon=":material/scatter_plot:",
    )


def _request(run: Run) -> None:
    try:
        studies.request_study(run_queries.store(), run)
    except LookbookError as error:
        page.notice(str(error))
    except OSError as error:
        page.notice(f"No process could be started: {error.strerror} ({error.filename}).")


def _follow(run_id: str, name: str) -> None:
    found = studies.study_state(run_queries.store(), run_id)
    if found.state != AT_WORK:
        st.rerun()
    step = f"step {found.words}" if found.words else "starting"
    st.info(f"Computing the map of {page.plain(name)}: {step}. Training has priority. You can leave this page.")
