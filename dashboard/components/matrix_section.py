"""The confusion matrix on the page Explore: a cell of it is a filter of the gallery."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from core.metrics import confusion_matrix
from dashboard import page, pickers
from dashboard.charts import confusion
from dashboard.components.confusion_matrix import show_matrix
from dashboard.components.gallery_filters import choose_cell
from dashboard.galleries import Pair, Wanted


def show_matrix_section(pair: Pair, wanted: Wanted) -> None:
    """The matrix of whose answers are quoted, over the outcome that is shown, or the difference of two runs."""
    units = (*confusion.UNITS, *([confusion.DIFFERENCE] if pair.against else []))
    with st.container(horizontal=True, vertical_alignment="center"):
        unit = pickers.pick_one("Cells show", units, "unit", names=str.capitalize, segmented=True, hide_label=True)
        dimmed = pickers.switch("Dim the diagonal", "dim")
    cell = None if wanted.true is None or wanted.predicted is None else (wanted.true, wanted.predicted)
    if unit == confusion.DIFFERENCE and pair.against and pair.other:
        mine, theirs = (confusion_matrix(one.labels, one.predicted) for one in (pair.said, pair.other))
        names = (pair.against.name, pair.run.name)
        cells = confusion.difference_cells(theirs, mine, names)
        caption = f"{names[1]} less {names[0]}: rows true class, columns predicted. Blue is more, orange fewer."
    else:
        quoted, counted = pair.quoted(wanted.show), pair.counted(wanted.show)
        matrix = confusion_matrix(quoted.labels[counted], quoted.predicted[counted])
        cells = confusion.matrix_cells(matrix, unit, dim_diagonal=dimmed)
        name = pair.quoted_name(wanted.show)
        caption = f"{name}: rows true class, columns predicted. Choose a cell to see its images."
        _say_never_predicted(name, quoted.predicted)
    show_matrix(cells, caption, key="matrix", chosen=cell, on_choice=choose_cell)


def _say_never_predicted(name: str, predicted: NDArray[np.int64]) -> None:
    never: Sequence[str] = [CLASS_NAMES[label] for label in np.setdiff1d(np.arange(len(CLASS_NAMES)), predicted)]
    if never:
        st.caption(page.plain(f"{name} never says {' or '.join(never)}: no share of such answers can be right."))
