"""The training images that a model finds most like a test image."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.answers.study import Study
from core.data.data_set import DataSet
from dashboard import page
from dashboard.charts.bars import Answer
from dashboard.charts.gallery_pictures import neighbour_pictures
from dashboard.elements.gallery import gallery
from dashboard.sections.shared.study_panel import study_of
from jobs.store.records import Run


def show_neighbours(data: DataSet, position: int, label: int, answers: Sequence[tuple[Run, Answer]]) -> None:
    """For each model the nearest of the images that it learnt from, with their labels."""
    st.subheader("Nearest training images", anchor=False)
    st.caption(
        "From the images that the model was trained on, by cosine distance of the features before the last layer; 0 "
        "means identical."
    )
    for run, answer in answers:
        st.markdown(f"{answer.style.sign} **{page.plain(answer.name)}**")
        study = study_of(run)
        if study is not None:
            _show(data, study, position, label, run)


def _show(data: DataSet, study: Study, position: int, label: int, run: Run) -> None:
    nearest, distances = study.neighbours[position], study.distances[position]
    counts = np.bincount(data.train_labels[nearest], minlength=len(data.classes))
    ranked = sorted(np.flatnonzero(counts), key=lambda each: -counts[each])
    words = ", ".join(
        f"{counts[each]} {data.classes[each]}{' (the true class)' if each == label else ''}" for each in ranked
    )
    st.write(page.plain(f"Of the nearest {len(nearest)}: {words}."))
    pictures = neighbour_pictures(data, nearest, distances)
    gallery(pictures, f"Nearest training images of {run.name}", key=f"neighbours_{run.id}")
