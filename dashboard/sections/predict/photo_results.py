"""Photos with known classes, as any test set: accuracy, confusion matrix and the pictures of a cell."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.answers.verdict import Verdict
from core.classes import CLASS_NAMES
from core.statistics import wording
from core.statistics.metrics import confusion_matrix
from dashboard import page, pickers
from dashboard.charts.confusion import matrix_cells
from dashboard.charts.gallery_pictures import photo_pictures
from dashboard.elements.gallery import gallery
from dashboard.elements.matrix import show_matrix
from dashboard.tables.photo_result_table import accuracy_table
from jobs.store.records import Predictions

_MOST_PICTURES = 60


def show_results(
    said: Mapping[str, Predictions],
    verdicts: Mapping[str, Sequence[Verdict | None]],
    images: np.ndarray,
    names: Sequence[str],
) -> None:
    """What runs, by name, say of photos with views (n, 28, 28): all of them answered all photos, in this order."""
    page.table(accuracy_table(said, verdicts))
    left, right = st.columns(2, gap="large")
    with left:
        chosen = pickers.pick_one("Confusion matrix of", list(said), "matrix", clears=("true", "predicted"))
        one = said[chosen]
        caption = f"{chosen}: rows are true classes, columns predictions. Choose a cell to see its photos."
        matrix = confusion_matrix(one.labels, one.predicted)
        show_matrix(matrix_cells(matrix), caption, key="photo_matrix", chosen=_cell(), on_choice=_choose)
    with right:
        positions, words = _chosen_photos(one)
        st.markdown(f"**{wording.counted(len(positions), 'photo')}, {words}**")
        gallery(photo_pictures(images, names, one, positions[:_MOST_PICTURES]), "Photos", key="photo_gallery")
        if len(positions) > _MOST_PICTURES:
            st.caption(f"The first {_MOST_PICTURES} are shown.")


def _choose(true: int, predicted: int) -> None:
    pickers.change_url({"true": str(true), "predicted": str(predicted)})


def _cell() -> tuple[int, int] | None:
    """The cell that the URL names."""
    true, predicted = (pickers.number_in_url(name) for name in ("true", "predicted"))
    if true is None or predicted is None or max(true, predicted) >= len(CLASS_NAMES):
        return None
    return true, predicted


def _chosen_photos(said: Predictions) -> tuple[np.ndarray, str]:
    """The photos of the chosen cell, or else those that are wrong, and what they are called."""
    cell = _cell()
    if cell is None:
        return np.flatnonzero(said.labels != said.predicted), "misclassified"
    true, predicted = cell
    here = (said.labels == true) & (said.predicted == predicted)
    return np.flatnonzero(here), f"true {CLASS_NAMES[true]}, predicted {CLASS_NAMES[predicted]}"
