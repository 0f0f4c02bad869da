"""One image of a version on the page Data: large, with its label and what people say of it."""

import streamlit as st

from core.datasets.versions import Version
from dashboard import page
from dashboard.charts import images
from dashboard.charts.galleries import Indices
from dashboard.queries import data_queries
from dashboard.sections.shared.image_way import show_way
from dashboard.sections.shared.marking import show_marking

_NAMES = {"train": "Training", "test": "Test"}
_WIDTH = 336


def show_image(
    version: Version, split: str, position: int, order: Indices, run_id: str = "", suggested: int | None = None
) -> None:
    """The image at a position of a split, "train" or "test"; `order` are those of the gallery that it is from.

    With a run a test image can be looked at in Explore.
    """
    data, content = data_queries.data_set(version.pinned), data_queries.content(version.pinned)
    pixels = (data.test_images if split == "test" else data.train_images)[position]
    place = position + (len(data.train_labels) if split == "test" else 0)
    label = data.classes[content.labels[place]]
    show_way(position, order)
    picture, marks = st.columns([2, 3], gap="large")
    with picture:
        st.html(images.enlarged(pixels, f"{_NAMES[split]} image {position}, {label}", _WIDTH))
        st.caption(
            f"{_NAMES[split]} image {position} · label **{page.plain(label)}** · {page.plain(content.names[place])}"
        )
    with marks:
        if suggested is not None:
            st.write(f"Suggested instead: **{page.plain(data.classes[suggested])}**")
        show_marking(version.pinned, content, place, suggested)
        if split == "test" and run_id:
            page.link("View it in Explore", "explore", run=run_id, image=str(position))
