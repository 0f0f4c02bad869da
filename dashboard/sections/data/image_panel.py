"""One image of a version on the page Data: large, with its label and what people say of it."""

import streamlit as st

from core.datasets.versions import Version
from dashboard import page
from dashboard.charts import images
from dashboard.queries import data_queries
from dashboard.sections.shared.comment_threads import show_comments
from dashboard.sections.shared.marking import show_marking
from jobs.team.comments import Topic

_WIDTH = 336


def show_image(version: Version, place: int, run_id: str = "", suggested: int | None = None) -> None:
    """The image at a place of a version, and perhaps the class that runs suggest instead of its own.

    With a run a test image can be looked at in Explore.
    """
    data, content = data_queries.data_set(version.pinned), data_queries.content(version.pinned)
    split, at = data.located(place)
    name, label = f"{'Test' if split == 'test' else 'Training'} image {at}", data.classes[content.labels[place]]
    picture, marks = st.columns([2, 3], gap="large")
    with picture:
        st.html(images.enlarged(data.image(place), f"{name}, {label}", _WIDTH))
        st.caption(f"{name} · label **{page.plain(label)}**")
        if not version.is_built_in:
            st.caption(page.plain(content.names[place]))
    with marks:
        if suggested is not None:
            st.write(f"Suggested instead: **{page.plain(data.classes[suggested])}**")
        show_marking(version.pinned, content, place, suggested)
        show_comments(Topic.image(version.pinned, place), "data")
        if split == "test" and run_id:
            page.link("View it in Explore", "explore", run=run_id, image=str(at))
