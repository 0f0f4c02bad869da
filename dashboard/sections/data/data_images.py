"""What the data set holds: the ten classes, how many images of each there are, and a browser for all of them."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from core.data.data_set import DataSet
from core.statistics import wording
from dashboard import page, pickers
from dashboard.charts.classes import class_cards
from dashboard.charts.gallery_pictures import DATA_PAGE, labelled_pictures
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, run_queries
from dashboard.sections.shared.gallery_filters import class_choices
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.splits import split_table
from jobs.reports import csv_tables

_OPENED = "opened_image"
SAMPLES = 16
SPLITS = {"train": "Training and validation", "test": "Test"}


def show() -> None:
    """The classes, the counts, the browser."""
    data = data_queries.fashion_mnist()
    st.subheader("Ten classes", anchor=False)
    st.write(
        "Fashion-MNIST: 70,000 grey 28x28 images of ten kinds of clothing, bright on black (Xiao, Rasul and Vollgraf "
        "2017). Left: the mean image of a class. Right: some of its images."
    )
    of_class = [np.flatnonzero(data.train_labels == label)[:SAMPLES] for label in range(len(data.classes))]
    st.html(class_cards(data.classes, data_queries.mean_images(), [data.train_images[places] for places in of_class]))
    st.subheader("Counts", anchor=False)
    counts = data_queries.split_counts()
    page.table(split_table(data.classes, counts))
    csv_button("CSV of the counts", partial(csv_tables.split_counts, data.classes, counts), "split-counts")
    st.caption(
        "Of the 60,000 training images a tenth is held out for validation, stratified by class and drawn by the "
        "run's seed; in a k-fold run, its fold is."
    )
    browse(data)


def pick_class(classes: Sequence[str], label: str, name: str) -> int | None:
    """One of the classes, or None for any, `?name=3`."""
    picked = pickers.pick_one(label, class_choices(classes), name, clears=("page",))
    return int(picked) if picked else None


def browse(data: DataSet) -> None:
    """All images, of a split and a class; a test image opens in Explore, where a run on these data has finished."""
    st.subheader("Browse", anchor=False)
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


def _remember_image(position: int) -> None:
    st.session_state[_OPENED] = position
