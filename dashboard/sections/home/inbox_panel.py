"""The inbox on Home: what waits for who looks, and what has changed since they last said that they had seen it."""

from contextlib import suppress

import streamlit as st

from core.errors import LookbookError
from dashboard import page, page_wording
from dashboard.queries import run_queries
from jobs.store.records import ReviewState
from jobs.store.store_errors import StoreReadOnly
from jobs.team import inbox
from jobs.team.comments import About
from jobs.team.inbox import Inbox
from jobs.team.reviews import Step

SHOWN = 10
"""Of each kind; the rest is counted."""
_EXCERPT = 120


def show() -> None:
    """The inbox, unfolded where something waits for an answer; nothing where there is nothing in it."""
    with suppress(StoreReadOnly):
        inbox.begin(run_queries.store())
    received = inbox.read_inbox(run_queries.store())
    parts = [
        *([f"{received.asked_count} waiting for you"] if received.asked_count else []),
        *([f"{received.changed_count} new"] if received.changed_count else []),
    ]
    if not parts:
        return
    with st.expander(
        f"Inbox: {', '.join(parts)}", expanded=bool(received.asked_count), key="inbox", icon=":material/inbox:"
    ):
        _show_asked(received)
        _show_changed(received)


def _show_asked(received: Inbox) -> None:
    for step in received.asked[:SHOWN]:
        _show_step(step, f"{step.person_name} asks {'you' if step.asked_of else 'anybody'} for a review")
    if received.asked[SHOWN:]:
        page.link(f"All {len(received.asked)} runs whose review is asked", "runs", review=str(ReviewState.ASKED))
    shown = received.comments[:SHOWN]
    run_ids = [comment.subject for comment in shown if comment.about == About.RUN]
    names = {run.id: run.name for run in run_queries.chosen_runs(run_ids)}
    for comment in shown:
        with _row():
            subject = _A.get(comment.about) or names.get(comment.subject, comment.subject)
            page.link_to_view(page.plain(subject), comment.view)
            _words(f"{comment.person_name}, {page.moment(comment.created_at)}: {_excerpt(comment.text)}")
    _count_rest(len(received.comments))


_A = {About.COMPARISON: "A comparison", About.IMAGE: "An image", About.PHOTO: "A photo"}


def _show_changed(received: Inbox) -> None:
    for run in received.ended[:SHOWN]:
        with _row():
            page.link(page.plain(run.name), "runs", run=run.run_id)
            _words(f"{run.status} {page.moment(run.at)}")
    _count_rest(len(received.ended))
    for step in received.reviewed[:SHOWN]:
        _show_step(step, f"{step.state} by {step.person_name}")
    _count_rest(len(received.reviewed))
    if received.changed_count:
        st.button("Mark what is new as seen", key="inbox_seen", on_click=_mark_seen)


def _show_step(step: Step, words: str) -> None:
    with _row():
        page.link(page.plain(step.run_name), "runs", run=step.run_id, section="review")
        _words(f"{words}, {page.moment(step.at)}{f': {_excerpt(step.why)}' if step.why else ''}")


def _row() -> st.delta_generator.DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")


def _words(words: str) -> None:
    st.markdown(page.plain(words), width="content")


def _excerpt(text: str) -> str:
    return page_wording.short(" ".join(text.split()), _EXCERPT)


def _count_rest(count: int) -> None:
    if count > SHOWN:
        st.caption(f"And {count - SHOWN:,} more.")


def _mark_seen() -> None:
    try:
        inbox.mark_seen(run_queries.store())
    except LookbookError as error:
        page.notice(str(error))
