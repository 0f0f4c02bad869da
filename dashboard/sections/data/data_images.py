"""A browser for all images of a version, of a split and a class."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.datasets.versions import Version
from core.statistics import wording
from dashboard import pickers
from dashboard.charts.gallery_pictures import DATA_PAGE, labelled_pictures, with_marks
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, run_queries
from dashboard.sections.data.image_panel import show_image
from dashboard.sections.shared.gallery_filters import CLOSED, class_choices
from dashboard.sections.shared.image_way import image_in_url, open_image, show_way

SPLITS = {"train": "Training and validation", "test": "Test"}


def show(version: Version) -> None:
    """All images; one opens with its label and what people say of it."""
    data = data_queries.data_set(version.pinned)
    left, right = st.columns(2)
    with left:
        split = pickers.pick_one("Split", SPLITS, "split", segmented=True, clears=CLOSED)
    with right:
        label = pick_class(data.classes, "Class", "class")
    test = split == "test"
    images, labels = (data.test_images, data.test_labels) if test else (data.train_images, data.train_labels)
    positions = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    opened = image_in_url(len(labels))
    if opened is not None:
        show_way(opened, positions)
        place = opened + (len(data.train_labels) if test else 0)
        show_image(version, place, run_queries.newest_run(data.id))
        return
    st.caption(f"{wording.counted(len(positions), 'image')}. An image opens with its label, which can be marked.")
    shown = positions[pickers.pick_slice(len(positions), DATA_PAGE)]
    names = data.class_names(labels[shown])
    pictures = labelled_pictures(images, names, shown, split.capitalize(), pickers.whole_url())
    gallery(with_marks(pictures, data_queries.marks(version, split)), "Images", key="gallery", on_open=open_image)


def pick_class(classes: Sequence[str], label: str, name: str) -> int | None:
    """One of the classes, or None for any, `?name=3`."""
    picked = pickers.pick_one(label, class_choices(classes), name, clears=CLOSED)
    return int(picked) if picked else None
