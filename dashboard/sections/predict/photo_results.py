"""Photos with known classes, as any test set: accuracy, confusion matrix and the pictures of a cell."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.answers.verdict import Verdict
from core.statistics import wording
from dashboard import page, pickers
from dashboard.charts.confusion import matrix_cells
from dashboard.charts.gallery_pictures import photo_pictures
from dashboard.elements.gallery import gallery
from dashboard.elements.matrix import show_matrix
from dashboard.tables.frames import with_names
from jobs.reports import comparison_tables
from jobs.results.photo_calibration import SetResult
from jobs.store.records import Predictions

_MOST_PICTURES = 60


def show_results(
    answers: Mapping[str, Predictions],
    verdicts: Mapping[str, Sequence[Verdict | None]],
    sets: Mapping[str, SetResult | None],
    images: np.ndarray,
    names: Sequence[str],
) -> None:
    """What runs, by name, say of photos with views (n, 28, 28): all of them answered all photos, in this order."""
    page.table(with_names(comparison_tables.photo_results(answers, verdicts, sets)))
    left, right = st.columns(2, gap="large")
    with left:
        chosen = pickers.pick_one("Confusion matrix of", list(answers), "matrix", clears=("true", "predicted"))
        of_run = answers[chosen]
        caption = f"{chosen}: rows are true classes, columns predictions. Choose a cell to see its photos."
        cells, cell = matrix_cells(of_run.matrix, of_run.classes), _cell(of_run)
        show_matrix(cells, of_run.classes, caption, key="photo_matrix", chosen=cell, on_choice=_choose)
    with right:
        positions, words = _chosen_photos(of_run)
        st.markdown(f"**{wording.counted(len(positions), 'photo')}, {page.plain(words)}**")
        gallery(photo_pictures(images, names, of_run, positions[:_MOST_PICTURES]), "Photos", key="photo_gallery")
        if len(positions) > _MOST_PICTURES:
            st.caption(f"The first {_MOST_PICTURES} are shown.")


def _choose(true: int, predicted: int) -> None:
    pickers.change_url({"true": str(true), "predicted": str(predicted)})


def _cell(answers: Predictions) -> tuple[int, int] | None:
    """The cell that the URL names."""
    true, predicted = (pickers.number_in_url(name) for name in ("true", "predicted"))
    if true is None or predicted is None or max(true, predicted) >= len(answers.classes):
        return None
    return true, predicted


def _chosen_photos(answers: Predictions) -> tuple[np.ndarray, str]:
    """The photos of the chosen cell, or else those that are wrong, and what they are called."""
    cell = _cell(answers)
    if cell is None:
        return np.flatnonzero(answers.labels != answers.predicted), "misclassified"
    true, predicted = cell
    here = (answers.labels == true) & (answers.predicted == predicted)
    return np.flatnonzero(here), f"true {answers.classes[true]}, predicted {answers.classes[predicted]}"
