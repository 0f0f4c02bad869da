"""The map of the test images on the page Explore: an area of it is a filter of the gallery."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.answers.study import StudyError
from core.statistics import wording
from dashboard import pickers
from dashboard.charts import areas
from dashboard.charts.areas import Area
from dashboard.charts.embedding import COLOURINGS, embedding
from dashboard.elements.embedding_map import show_embedding
from dashboard.queries import model_queries
from dashboard.sections.shared.gallery_filters import CLOSED
from dashboard.sections.shared.study_panel import study_of
from jobs.store.records import Predictions, Run


def area_in_url() -> Area | None:
    """The area `?area=` of the map, None for the whole map or an address that makes no sense."""
    return areas.parse(next(iter(pickers.in_url("area")), ""))


def area_mask(run: Run) -> NDArray[np.bool_] | None:
    """Which test images lie in the area of the URL, (n,); None where there is no area, or no map of the run."""
    area = area_in_url()
    if area is None:
        return None
    try:
        return areas.inside(area, model_queries.study(run.id).places)
    except StudyError:
        return None


def show_map(run: Run, answers: Predictions) -> None:
    """The map of a run, coloured by what its predictions say; without a study, the way to get one."""
    study = study_of(run)
    if study is None:
        return
    colouring = pickers.pick_one("Colour by", COLOURINGS, "colour", segmented=True, hide_label=True)
    count = wording.counted(len(answers.labels), "test image")
    caption = f"t-SNE map of the {count} by their features in {run.name}: similar images lie close together."
    shown = embedding(study.places, answers, colouring, area_in_url(), caption)
    show_embedding(shown, key="map", about=f"{run.name} {run.id}", on_area=_choose_area, on_open=_open)
    st.caption("Only neighbourhoods are meaningful: distances between clusters and their sizes are not.")


def _choose_area(corners: Sequence[Sequence[float]]) -> None:
    pickers.change_url({**dict.fromkeys(CLOSED), "area": areas.write(corners) or None})


def _open(position: int) -> None:
    pickers.put_in_url("image", str(position))
