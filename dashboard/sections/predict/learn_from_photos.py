"""Learning from a photo set on the page Predict: what is there, what is wanted, the runs, and the button that queues
them."""

from collections import Counter
from functools import partial

import streamlit as st

from core.classes import CLASS_NAMES
from core.statistics import wording
from dashboard import page
from dashboard.queries import run_queries
from jobs.results import photo_sets
from jobs.results.photo_sets import PhotoSet
from jobs.running.background import TaskStatus
from jobs.store.filters import Filter
from jobs.store.queries import list_runs
from jobs.tasks import teaching

REFRESH_S = 1.0


def offer_to_learn(photo_set: PhotoSet) -> None:
    """Photos per class, what learning wants beyond them, and a button that queues the runs where it can be done."""
    photos = photo_sets.photos_of(run_queries.store(), photo_set)
    counts = Counter(photo.label for photo in photos)
    with st.container(border=True, key="learn_from_these"):
        st.markdown("**Learn from these**")
        st.write(", ".join(f"{CLASS_NAMES[label]} {counts[label]:,}" for label in sorted(counts)))
        st.caption(
            f"{teaching.ENOUGH_OF_CLASS} photos or more of a class are recommended. {teaching.FOLDS} runs each hold "
            "another part of the photos back, so that every photo is predicted by a model that has not learnt it; one "
            "more run learns from all. They learn at the photos' own size and colour, and are not measured on this set."
        )
        few = [CLASS_NAMES[label] for label in sorted(counts) if counts[label] < teaching.ENOUGH_OF_CLASS]
        if few:
            st.caption(f"Fewer than recommended: {', '.join(few)}.")
        lacking = teaching.what_is_lacking(photos, {})
        if lacking:
            st.warning(page.plain(lacking))
        else:
            st.caption("The pretrained weights are on this machine.")
        _show_learning(photo_set, lacking=bool(lacking))
        for version in photo_sets.versions_of(run_queries.store(), photo_set):
            page.link(page.plain(f"Runs that learn from {version.label}"), "runs", data=version.pinned)


def _show_learning(photo_set: PhotoSet, *, lacking: bool) -> None:
    """How far the process is that queues the runs, what it has queued, and a button that starts it."""
    store = run_queries.store()
    state = teaching.learning_state(store, photo_set)
    if state.status == TaskStatus.RUNNING:
        page.live(_follow, REFRESH_S)(photo_set)
        return
    if state.status == TaskStatus.FAILED:
        st.error(f"**Queueing the runs failed.** {page.plain(state.detail)}")
    if state.status == TaskStatus.DONE:
        _show_queued(photo_set)
    learn = partial(teaching.start_learning, store, photo_set)
    st.button("Queue the runs", key="learn", disabled=lacking, on_click=page.start, args=(learn,))


def _follow(photo_set: PhotoSet) -> None:
    """The progress, drawn again by itself; the page is drawn anew when the process has ended."""
    state = teaching.learning_state(run_queries.store(), photo_set)
    if state.status != TaskStatus.RUNNING:
        st.rerun()
    st.progress(state.share, page.plain(state.detail or "Starting"))
    st.caption("A data set of the photos is made; then the runs are queued. You can leave this page: it goes on.")


def _show_queued(photo_set: PhotoSet) -> None:
    """Which of the runs that were queued last are still queued or running."""
    lesson = teaching.last_lesson(run_queries.store(), photo_set)
    if lesson is None:
        return
    learners = list_runs(run_queries.store(), Filter(data=lesson.version.pinned))
    names = [run.name for run in learners if run.id in lesson.runs and run.is_active]
    if names:
        queued = f"{wording.counted(len(names), 'run')} queued to learn from {lesson.version.label}"
        st.success(page.plain(f"{queued}: {', '.join(sorted(names))}."))
