"""The sections of a run's page below its figures; a section is built only when it is shown."""

import time
from functools import partial

import streamlit as st

from core.statistics import metrics, wording
from core.statistics.metrics import ClassFigures
from dashboard import page, pickers
from dashboard.charts import confusion, curves
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.elements.matrix import show_matrix
from dashboard.queries import run_queries
from dashboard.sections.runs.files_section import show_files
from dashboard.sections.shared.calibration_section import show_calibration
from dashboard.sections.shared.data_faults import show_faults
from dashboard.sections.shared.take_along import csv_button, frame_button
from dashboard.style import run_style
from dashboard.tables.class_table import class_cells, macro_figures, weakest_first
from dashboard.tables.config import config_table, differences
from dashboard.tables.epochs import epoch_table
from dashboard.tables.provenance import attempt_table, facts
from jobs.reports import csv_tables
from jobs.results import run_wording
from jobs.store import run_files
from jobs.store.queries import get_run, list_attempts, list_epochs
from jobs.store.records import Epoch, Run

REFRESH_S = 2.0
LOG_LINES, LOG_BYTES = 400, 64_000


def show_curves(run: Run) -> None:
    """The learning curves; while the run is at work only new epochs are read."""
    page.live(_curves, REFRESH_S if run.is_active else None)(run.id)


def _curves(run_id: str) -> None:
    run = get_run(run_queries.store(), run_id)
    known = _epochs_so_far(run)
    if not known:
        st.info("The curves appear after the first epoch.")
        return
    drawn, theme, about = run_style(run.id), page.theme(), f"{run.name} {run.id}"
    left, right = st.columns(2)
    best = f"Best validation loss {wording.number(run.best_val_loss)}, accuracy {run_wording.best_validation(run)}."
    with left:
        figure = curves.loss_curves(known, run.best_epoch, drawn, theme)
        page.chart(figure, f"Loss over epochs. {best}", key="loss", about=about)
    with right:
        figure = curves.accuracy_curves(known, run.best_epoch, drawn, theme)
        page.chart(figure, f"Accuracy over epochs. {best}", key="accuracy", about=about)
    figure = curves.learning_rate_curve(known, drawn)
    page.chart(figure, "Learning rate over epochs.", key="learning_rate", about=about)
    with st.expander("Metrics of every epoch"):
        st.dataframe(
            epoch_table(known, run_wording.validation_count(run)), hide_index=True, alt="Metrics of every epoch"
        )
        csv_button("CSV of the epochs", partial(csv_tables.epochs, known), "epochs", run.name, run.id)


def _epochs_so_far(run: Run) -> list[Epoch]:
    """What this page has read before, and what is new.

    Epochs are only ever taken out from the end, so that what came before the last one known is still right if that is.
    """
    key = f"epochs_{run.id}"
    before: list[Epoch] = st.session_state.get(key, [])
    since = _epochs_after(run, before[-1].epoch - 1 if before else 0)
    unchanged = not before or since[:1] == before[-1:]
    known = [*before[:-1], *since] if unchanged else _epochs_after(run, 0)
    st.session_state[key] = known
    return known


def _epochs_after(run: Run, epoch: int) -> list[Epoch]:
    return list_epochs(run_queries.store(), [run.id], after=epoch)[run.id]


def show_classes(run: Run) -> None:
    """Precision, recall, F1 and support per class, and the macro averages."""
    said = run_queries.predictions(run.id)
    figures = metrics.per_class(metrics.confusion_matrix(said.labels, said.predicted))
    unpredicted = [one.name for one in figures if one.precision is None]
    if unpredicted:
        st.info(f"Never predicted, so precision is undefined: {', '.join(unpredicted)}.")
    columns = st.container(key="class_figures").columns(5)
    for column, (label, value) in zip(columns, macro_figures(said, figures).items(), strict=True):
        figure, _, interval = value.partition(" (")
        below = f"95 %: {interval.removesuffix(')')}" if interval else None
        column.metric(label, figure, below, delta_color="off", delta_arrow="off", border=True, height="stretch")
    header = ["Class", "F1", "Precision", "Recall (95 % interval)", "Support", "Misclassified"]
    linked_table(header, [_class_row(one, run) for one in weakest_first(figures)], "Metrics per class", key="by_class")
    csv_button("CSV of the classes", partial(csv_tables.per_class, said), "per-class", run.name, run.id)


def _class_row(one: ClassFigures, run: Run) -> list[Cell]:
    missed = one.support - round((one.recall or 0.0) * one.support)
    where = {"run": run.id, "true": str(one.label)}
    return [*class_cells(one), Linked(wording.count(missed), "explore", f"misclassified images of {one.name}", where)]


def show_confusion(run: Run) -> None:
    """The confusion matrix; a cell leads to its images on the page Explore."""
    said = run_queries.predictions(run.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        unit = pickers.pick_one(
            "Cells show", confusion.UNITS, "unit", names=str.capitalize, segmented=True, hide_label=True
        )
        dimmed = pickers.switch("Dim the diagonal", "dim")
    matrix = metrics.confusion_matrix(said.labels, said.predicted)
    caption, hint = f"{run.name}: rows are true classes, columns predictions.", "Choose a cell to see its images."
    cells = confusion.matrix_cells(matrix, unit, dim_diagonal=dimmed)
    about = f"{run.name} {run.id}"
    show_matrix(cells, caption, key="run_matrix", hint=hint, about=about, on_choice=_remember_cell)
    csv_button("CSV of the matrix", partial(csv_tables.confusion_matrix, said), "confusions", run.name, run.id)
    if cell := st.session_state.pop("chosen_cell", None):
        page.go_to("explore", run=run.id, true=str(cell[0]), predicted=str(cell[1]))


def _remember_cell(true: int, predicted: int) -> None:
    st.session_state["chosen_cell"] = (true, predicted)


def show_config(run: Run) -> None:
    """What was asked for, what differs from the preset, and what it ran on."""
    changed = differences(run.config)
    if changed:
        st.markdown(
            f"Differs from preset **{page.plain(run.preset)}** in "
            + ", ".join(f"`{name}` = {page.plain(value)}" for name, value in changed.items())
            + "."
        )
    else:
        st.write(f"Same as preset {page.plain(run.preset)}.")
    narrow = dict.fromkeys(("setting", "value", "preset has"), st.column_config.Column(width="small"))
    config, about = config_table(run.config), (run.name, run.id)
    st.dataframe(config, hide_index=True, height="content", alt="Configuration", column_config=narrow)
    frame_button("CSV of the configuration", config, "config", *about)
    st.subheader("Environment", anchor=False)
    known = facts(run, page.zone())
    st.dataframe(known, hide_index=True, height="content", alt="Environment")
    frame_button("CSV of the environment", known, "environment", *about)
    st.subheader("Attempts", anchor=False)
    tried = attempt_table(list_attempts(run_queries.store(), run.id), page.zone(), time.time())
    if len(tried):
        st.dataframe(tried, hide_index=True, height="content", alt="Attempts")
        frame_button("CSV of the attempts", tried, "attempts", *about)
    else:
        st.caption("Not started yet.")


def show_log(run: Run) -> None:
    """The end of the log, followed while the run is active."""
    page.live(_log, REFRESH_S if run.is_active else None)(run.id)


def _log(run_id: str) -> None:
    tail = _log_so_far(run_id)
    if not tail:
        st.info("The log appears when the run starts.")
        return
    st.caption(
        f"Last {wording.counted(len(tail.splitlines()), 'line')}; `python -m jobs log {run_id}` prints the whole log."
    )
    with st.container(height=480, autoscroll=True, key="log"):
        st.code(tail, language=None, wrap_lines=True)


def _log_so_far(run_id: str) -> str:
    """The end of the log: of what this page has read before, and of what is new."""
    key = f"log_{run_id}"
    before, offset = st.session_state.get(key, ("", -LOG_BYTES))
    new, end = run_files.log_from(run_queries.store(), run_id, offset)
    tail = "".join((before + new).splitlines(keepends=True)[-LOG_LINES:])
    st.session_state[key] = (tail, end)
    return tail


def _show_faults(run: Run) -> None:
    show_faults([run], {run.id: "Test accuracy"})


SECTIONS = {
    "curves": ("Curves", show_curves),
    "classes": ("Per class", show_classes),
    "confusion": ("Confusion", show_confusion),
    "calibration": ("Calibration", show_calibration),
    "faults": ("Data issues", _show_faults),
    "config": ("Configuration", show_config),
    "log": ("Log", show_log),
    "files": ("Files", show_files),
}
NEED_PREDICTIONS = ("classes", "confusion", "calibration", "faults")
