"""What people have marked in a version, what applying it comes to, and the corrected version stored."""

import numpy as np
import streamlit as st

from core.datasets import correcting
from core.datasets.correcting import CORRECTED
from core.datasets.storing import Content
from core.datasets.versions import LONGEST_NAME, Version
from core.errors import DataSetError, LookbookError
from core.statistics.wording import counted
from dashboard import page, permitted, pickers
from dashboard.charts.gallery_pictures import named_pictures
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, run_queries
from dashboard.sections.data import corrected_section
from dashboard.sections.data.image_panel import show_image
from dashboard.sections.shared.gallery_filters import CLOSED
from dashboard.sections.shared.image_way import image_in_url, open_image, show_way
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.frames import with_names
from jobs.people import Role
from jobs.reports import csv_tables, data_tables
from jobs.results.flagged_rows import mark_rows
from jobs.results.label_marks import Review, review_of
from jobs.settings import settings
from jobs.tasks import data_changes

PAGE_SIZE = 48
_ALL, _CHANGES, _DISPUTED = "", "changes", "disputed"
_SHOWN = {_ALL: "All marked images", _CHANGES: "Where something changes", _DISPUTED: "In dispute"}


def show(version: Version) -> None:
    """What this version corrects; the marks on it, what they come to, and the way to store that."""
    corrected_section.show(version)
    content = data_queries.content(version.pinned)
    review = review_of(run_queries.store(), version.pinned, version.size, len(version.classes))
    st.subheader("Marks", anchor=False)
    if not review.marks:
        page.empty(
            "Nobody has marked a label of this version yet. Open an image from Label issues, from Images or in "
            "Explore, and mark it as right, as another class or as not usable.",
            "View label issues",
            "data",
            data=version.pinned,
            section="suspects",
        )
        return
    page.finding(data_tables.review_sentence(review))
    _offer_storing(version, content, review)
    _show_marks(version, content, review)


def _offer_storing(version: Version, content: Content, review: Review) -> None:
    try:
        changes = correcting.changes_of(content, review.corrections)
    except DataSetError as error:
        st.info(page.trouble(str(error)))
        return
    page.table(with_names(data_tables.changes_table(content, changes)))
    st.caption(
        "Applied is what one person has marked, or several have in the same way. The corrected version is a new one, "
        "in which every image keeps its split; this one, its runs and their metrics stay as they are."
    )
    if not permitted.may(Role.LAUNCH):
        return
    name = ""
    if version.is_built_in:
        name = st.text_input("Name of the corrected data set", CORRECTED, max_chars=LONGEST_NAME)
    if st.button("Store the corrected version", icon=":material/save:", type="primary", key="correct"):
        with st.spinner("Storing the corrected version; of tens of thousands of images this takes minutes"):
            _store(version, review, name)


def _store(version: Version, review: Review, name: str) -> None:
    """Store it, or find the equal one, and show how it differs; say why where that is not possible."""
    try:
        plan = correcting.correct(settings().data, version, review.corrections, name)
        stored = data_changes.store_version(run_queries.store(), plan)
    except LookbookError as error:
        page.say(error)
        return
    page.notice(f"Stored as {stored.label}. {' '.join(stored.notes)}")
    pickers.change_url({"data": stored.pinned, "section": "corrections", "page": None, "show": None})
    st.rerun()


def _show_marks(version: Version, content: Content, review: Review) -> None:
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        shown = pickers.pick_one("Show", _SHOWN, "show", segmented=True, clears=CLOSED)
    with right:
        csv_button("CSV of all marks", lambda: csv_tables.marks(mark_rows(review, content)), "marks", version.label)
    kinds = {
        _ALL: list(review.marks),
        _CHANGES: [place for place, label in review.corrections.items() if label != content.labels[place]],
        _DISPUTED: review.disputed,
    }
    order = np.array(kinds[shown], np.int64)
    opened = image_in_url(version.size)
    if opened is not None:
        show_way(opened, order)
        marked = (mark.label for mark in review.marks.get(opened, ()))
        suggested = next((label for label in marked if label not in (None, content.labels[opened])), None)
        show_image(version, opened, run_queries.newest_run(version.pinned), suggested)
        return
    st.caption(f"{counted(len(order), 'image')}. Captions: given label → marks. An image opens with its marks.")
    places = order[pickers.pick_slice(len(order), PAGE_SIZE)]
    captions = [_caption(content, review, place) for place in places.tolist()]
    alts = [f"{content.names[place]}. {review.sentence(place, content)}" for place in places.tolist()]
    images = data_queries.images_at(version.pinned, places)
    gallery(
        named_pictures(images, captions, alts, places, pickers.whole_url()), "Marks", key="gallery", on_open=open_image
    )


def _caption(content: Content, review: Review, place: int) -> str:
    words = dict.fromkeys(mark.words(content) for mark in review.marks[place])
    return f"{content.classes[content.labels[place]]} → {' or '.join(words)}"
