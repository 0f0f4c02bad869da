"""The confusion matrix on the page Explore: a cell of it is a filter of the gallery."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from core.statistics.metrics import MOST_SHOWN, confusion_matrix
from dashboard import page, pickers
from dashboard.charts import confusion
from dashboard.charts.galleries import Pair, Wanted, changed
from dashboard.elements.matrix import show_matrix
from dashboard.sections.shared.gallery_filters import choose_cell
from dashboard.sections.shared.take_along import csv_button
from jobs.reports import csv_tables
from jobs.store.records import Predictions


def pick_cells(units: Sequence[str]) -> tuple[str, bool]:
    """What the cells of a matrix show, one of these units, and whether its diagonal is dimmed."""
    with st.container(horizontal=True, vertical_alignment="center"):
        titles = {unit: unit.capitalize() for unit in units}
        unit = pickers.pick_one("Cells show", titles, "unit", segmented=True, hide_label=True)
        return unit, pickers.switch("Dim the diagonal", "dim")


def pick_classes(matrix: confusion.Matrix, classes: Sequence[str], counted: str = "errors") -> confusion.ShownClasses:
    """The classes that a matrix (c, c) is shown of: all, or of many a part that is chosen by rank or by name."""
    if len(classes) <= MOST_SHOWN:
        return confusion.ShownClasses(range(len(classes)))
    choice = pickers.pick_one(f"Classes shown, by {counted} or by name", confusion.class_choices(classes), "classes")
    return confusion.shown_classes(matrix, classes, choice, counted)


def show_matrix_section(pair: Pair, wanted: Wanted) -> None:
    """The matrix of whose answers are quoted, over the outcome that is shown, or the difference of two runs."""
    units = (*confusion.UNITS, *([confusion.DIFFERENCE] if pair.against else []))
    unit, dimmed = pick_cells(units)
    cell = None if wanted.true is None or wanted.predicted is None else (wanted.true, wanted.predicted)
    if unit == confusion.DIFFERENCE and pair.against and pair.other:
        _show_difference(pair.answers, pair.other, (pair.against.name, pair.run.name), cell, dimmed=dimmed)
        return
    quoted, counted = pair.quoted(wanted.show), pair.counted(wanted.show)
    classes = quoted.classes
    matrix = confusion_matrix(quoted.labels[counted], quoted.predicted[counted], len(classes))
    shown = pick_classes(matrix, classes)
    cells = confusion.matrix_cells(matrix, classes, unit, shown=shown.labels, dim_diagonal=dimmed)
    name = pair.quoted_name(wanted.show)
    caption = f"{name}: rows are true classes, columns predictions. {shown.words}".rstrip()
    hint = "Choose a cell to see its images."
    _say_never_predicted(name, quoted)
    show_matrix(cells, classes, caption, key="matrix", hint=hint, about=name, chosen=cell, on_choice=choose_cell)
    csv_button("CSV of the counts", partial(csv_tables.matrix, matrix, classes), "confusions", name)


def _show_difference(
    answers: Predictions, other: Predictions, names: tuple[str, str], cell: tuple[int, int] | None, *, dimmed: bool
) -> None:
    """How much more often a run gives each answer than the other, named first; a cell opens what has changed."""
    theirs, mine, classes = other.matrix, answers.matrix, answers.classes
    shown = pick_classes(mine - theirs, classes, "changes")
    cells = confusion.difference_cells(theirs, mine, classes, names, shown=shown.labels, dim_diagonal=dimmed)
    about = f"{names[1]} minus {names[0]}"

    def choose(true: int, predicted: int) -> None:
        choose_cell(true, predicted, changed(int(mine[true, predicted] - theirs[true, predicted])))

    caption = f"{about}: rows are true classes, columns predictions. Blue: more. Orange: fewer. {shown.words}".rstrip()
    hint = "Choose a cell to see the images that changed."
    show_matrix(cells, classes, caption, key="matrix", hint=hint, about=about, chosen=cell, on_choice=choose)
    csv_button("CSV of the difference", partial(csv_tables.matrix, mine - theirs, classes), "difference", about)


def _say_never_predicted(name: str, answers: Predictions) -> None:
    labels = np.setdiff1d(np.arange(len(answers.classes)), answers.predicted)
    never = [answers.classes[label] for label in labels]
    if never:
        st.caption(page.plain(f"{name} never predicts {' or '.join(never)}, so precision is undefined there."))
