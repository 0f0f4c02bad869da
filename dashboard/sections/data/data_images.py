"""A browser for all images of a version, of a split and a class."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.datasets.versions import Version
from core.statistics import wording
from dashboard import page, pickers
from dashboard.charts.gallery_pictures import DATA_PAGE, labelled_pictures
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, run_queries
from dashboard.sections.shared.gallery_filters import class_choices

_OPENED = "opened_image"
SPLITS = {"train": "Training and validation", "test": "Test"}


def show(version: Version) -> None:
    """All images; a test image opens in Explore, where a run on these data has finished."""
    data = data_queries.data_set(version.pinned)
    left, right = st.columns(2)
    with left:
        split = pickers.pick_one("Split", SPLITS, "split", segmented=True, clears=("page",))
    with right:
        label = pick_class(data.classes, "Class", "class")
    test = split == "test"
    images, labels = (data.test_images, data.test_labels) if test else (data.train_images, data.train_labels)
    positions = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    # Only test images have answers of runs to be looked at.
    run_id = run_queries.newest_run(data.id) if test else ""
    st.caption(wording.counted(len(positions), "image") + (". An image opens in Explore." if run_id else "."))
    shown = positions[pickers.pick_slice(len(positions), DATA_PAGE)]
    pictures = labelled_pictures(images, data.class_names(labels[shown]), shown, split.capitalize(), run_id)
    gallery(pictures, "Images", key="gallery", on_open=_remember_image)
    if (opened := st.session_state.pop(_OPENED, None)) is not None:
        page.go_to("explore", run=run_queries.newest_run(data.id), image=str(opened))


def pick_class(classes: Sequence[str], label: str, name: str) -> int | None:
    """One of the classes, or None for any, `?name=3`."""
    picked = pickers.pick_one(label, class_choices(classes), name, clears=("page",))
    return int(picked) if picked else None


def _remember_image(position: int) -> None:
    st.session_state[_OPENED] = position
