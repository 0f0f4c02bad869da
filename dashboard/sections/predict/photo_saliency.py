"""Where each model finds in a photo what speaks for its answer, and which training images it finds most like it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import LookbookError
from core.photos.model_view import ModelView
from dashboard import page
from dashboard.charts import images
from dashboard.charts.gallery_pictures import neighbour_pictures
from dashboard.charts.saliency import overlay, placed, where
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, model_queries, run_queries
from dashboard.sections.shared.study_panel import study_of
from jobs.reports.html import words
from jobs.store.records import Run
from jobs.tasks import studies

if TYPE_CHECKING:
    from core.answers.prediction import Predictor

_SIDE = 200


def show_saliency(
    photo: str,
    view: ModelView,
    models: Mapping[str, "Predictor"],
    labels: Mapping[str, int],
    names: Mapping[str, str],
) -> None:
    """On the photo itself, or on what the model sees of it, what speaks for the answer of each run.

    `labels` has the answers by id of the run.
    """
    original = images.shrunk(view.stages["original"], 2 * _SIDE)
    figures = []
    for run_id, label in labels.items():
        try:
            model = models[run_id]
            salient = model_queries.photo_saliency(run_id, model.seen(view), label)
        except LookbookError as error:
            page.say(error)
            continue
        picture = original if model.sees_cutouts else model.seen(view)
        spread = placed(salient, view.frame, original.shape) if model.sees_cutouts else salient
        figures.append(_figure(photo, picture, names[run_id], model.classes[label], spread))
    st.html(images.figure_row(figures))


def studied(runs: list[Run]) -> list[Run]:
    """Those of the runs that have a study; for each of the others it is said how it stands, and offered to make it."""
    return [run for run in runs if study_of(run) is not None]


def show_neighbours(
    key: str, view: ModelView, runs: list[Run], models: Mapping[str, "Predictor"], names: Mapping[str, str]
) -> None:
    """For each run the nearest of the images that it learnt from to what it sees of a photo."""
    for run in runs:
        stamp = studies.study_stamp(run_queries.store(), run.id)
        try:
            data = data_queries.data_set(run.config.data)
            nearest, distances = model_queries.photo_neighbours(run.id, stamp, models[run.id].seen(view))
        except LookbookError as error:
            page.say(error)
            continue
        pictures = neighbour_pictures(data, nearest, distances)
        st.markdown(page.plain(f"Nearest training images of {names[run.id]}"))
        gallery(pictures, f"Nearest training images of {names[run.id]}", key=f"neighbours_{key}_{run.id}")


def _figure(photo: str, original: NDArray[np.uint8], name: str, label: str, salient: NDArray[np.float32]) -> str:
    alt = f"{photo}: Grad-CAM heat map of {name} for {label}, {where(salient)}"
    caption = f"{words(name)}: for <b>{words(label)}</b>, {where(salient)}"
    return images.figure(images.enlarged(overlay(original, salient), alt, _SIDE), caption, _SIDE)
