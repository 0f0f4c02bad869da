"""Learning from a photo set on the page Predict: what is there, what is wanted, the runs, and the button that queues
them."""

from collections import Counter

import streamlit as st

from core.classes import CLASS_NAMES
from core.errors import LookbookError
from core.statistics import wording
from dashboard import page
from dashboard.queries import run_queries
from jobs.results import photo_sets
from jobs.results.photo_sets import PhotoSet
from jobs.tasks import teaching


def offer_to_learn(photo_set: PhotoSet) -> None:
    """Photos per class, what learning wants beyond them, and a button that queues the runs where it can be done."""
    photos = photo_sets.photos_of(run_queries.store(), photo_set)
    counts = Counter(photo.label for photo in photos)
    with st.container(border=True, key="learn_from_these"):
        st.markdown("**Learn from these**")
        st.write(", ".join(f"{CLASS_NAMES[label]} {counts[label]:,}" for label in sorted(counts)) or "No photos yet.")
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
        if st.button("Queue the runs", key="learn", disabled=bool(lacking)):
            _learn(photo_set)
        for version in photo_sets.versions_of(photo_set):
            page.link(page.plain(f"Runs that learn from {version.label}"), "runs", data=version.pinned)


def _learn(photo_set: PhotoSet) -> None:
    try:
        with st.spinner("Making a data set of the photos; of thousands this takes minutes"):
            lesson = teaching.learn(run_queries.store(), photo_set, {})
    except LookbookError as error:
        page.say(error)
        return
    queued = f"{wording.counted(len(lesson.runs), 'run')} queued"
    st.success(page.plain(f"{queued} to learn from {lesson.version.label}."))
    if problem := run_queries.start_work():
        st.warning(page.plain(problem))
