"""The section Review of a run's page: what its review came to, the next step of it, and the comments."""

from collections.abc import Sequence

import streamlit as st

from dashboard import page, page_wording, permitted
from dashboard.queries import run_queries
from dashboard.sections.runs.acting import attempt
from dashboard.sections.shared.comment_threads import show_comments
from jobs.people import Role
from jobs.store.records import ReviewState, Run, RunStatus
from jobs.team import members
from jobs.team.comments import Topic
from jobs.team.members import Member
from jobs.team.reviews import Step, list_steps, take_step

_WHY, _ASK = "review_why", "review_ask"


def show_review(run: Run) -> None:
    """The last step and those before, what who looks may do next, and what is said of the run."""
    people, steps = members.list_members(run_queries.store()), list_steps(run_queries.store(), run.id)
    names = {person.id: person.name for person in people}
    if not steps:
        st.caption("Nobody has asked for a review yet. An accepted run cannot be deleted, archived or cleared.")
    for step in steps[:1]:
        _show_step(step, names)
    if steps[1:]:
        with st.expander("Earlier steps"):
            for step in steps[1:]:
                _show_step(step, names)
    if permitted.may(Role.REVIEW):
        _offer_steps(run, steps[0] if steps else None, people)
    st.subheader("Comments", anchor=False)
    show_comments(Topic.run(run.id), "runs", folded=False)


def _show_step(step: Step, names: dict[str, str]) -> None:
    of = f" of {names.get(step.asked_of, step.asked_of)}" if step.asked_of else ""
    words = f"{step.state}{of} by {step.person_name}, {page.moment(step.at)}"
    st.markdown(page.plain(words[:1].upper() + words[1:]))
    if step.why:
        st.markdown(page.without_pictures(step.why))


def _offer_steps(run: Run, last: Step | None, people: Sequence[Member]) -> None:
    """A reason, whom to ask, and a button for each step that is possible now."""
    store = run_queries.store()
    may_withdraw = last is not None and (last.person == store.by.id or permitted.may(Role.ADMIN))
    if run.review == ReviewState.ACCEPTED and last and not may_withdraw:
        st.caption(page.plain(f"Only {last.person_name} or an admin can withdraw the acceptance."))
        return
    with st.form("review", border=False):
        st.text_area("Why", key=_WHY, height=80, placeholder="Optional, but for what needs work")
        others = {"": "Anybody"} | {
            person.id: f"{page_wording.label(person.name)} · {person.id}"
            for person in people
            if person.id != store.by.id and person.removed_at is None
        }
        if len(others) > 1:
            st.selectbox("Whom to ask for a review", list(others), key=_ASK, format_func=others.__getitem__)
        with st.container(horizontal=True):
            if run.review != ReviewState.ACCEPTED:
                why_not = _why_not_accepted(run)
                _button("Accept", run, ReviewState.ACCEPTED, disabled=bool(why_not), help=why_not)
            _button("Needs work", run, ReviewState.NEEDS_WORK)
            _button("Ask for a review", run, ReviewState.ASKED)
            if run.review and may_withdraw:
                _button(f"Withdraw “{run.review}”", run, ReviewState.WITHDRAWN)


def _why_not_accepted(run: Run) -> str | None:
    by = run_queries.store().by
    if run.status != RunStatus.FINISHED:
        return "Only a finished run can be accepted."
    if run.owner == by.id and not by.is_operator:
        return "You launched this run: somebody else has to accept it."
    return None


def _button(label: str, run: Run, state: ReviewState, *, disabled: bool = False, help: str | None = None) -> None:
    args = (run.id, state)
    st.form_submit_button(label, key=f"review_{state}", on_click=_take, args=args, disabled=disabled, help=help)


def _take(run_id: str, state: ReviewState) -> None:
    why, ask = st.session_state[_WHY], st.session_state.get(_ASK, "")
    if attempt(lambda: take_step(run_queries.store(), run_id, state, why=why, ask=ask)):
        st.session_state[_WHY] = ""
