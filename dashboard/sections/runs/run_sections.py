"""The sections of a run's page below its figures; a section is built only when it is shown."""

from functools import partial

import streamlit as st

from core.statistics import metrics, wording
from core.statistics.metrics import ClassFigures
from dashboard import page, permitted
from dashboard.charts import confusion, curves
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.elements.matrix import show_matrix
from dashboard.queries import run_queries
from dashboard.sections.runs.files_section import show_files
from dashboard.sections.runs.review_section import show_review
from dashboard.sections.shared.calibration_section import show_calibration
from dashboard.sections.shared.change_list import show_changes
from dashboard.sections.shared.data_faults import show_faults
from dashboard.sections.shared.matrix_section import pick_cells, pick_classes
from dashboard.sections.shared.take_along import csv_button, table_button
from dashboard.style import run_style
from dashboard.tables.frames import as_frame
from jobs.people import Role
from jobs.reports import csv_tables, run_tables
from jobs.results import run_wording
from jobs.store import run_files
from jobs.store.queries import get_run, list_attempts, list_epochs
from jobs.store.records import Epoch, Run
from jobs.team.change_record import Wanted

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
        st.dataframe(as_frame(run_tables.epochs(known, run)), hide_index=True, alt="Metrics of every epoch")
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
    answers = run_queries.predictions(run.id)
    figures = metrics.per_class(answers.matrix, answers.classes)
    unpredicted = [row.name for row in figures if row.precision is None]
    if unpredicted:
        st.info(page.plain(f"Never predicted, so precision is undefined: {', '.join(unpredicted)}."))
    cards = run_tables.overall(answers).rows[:5]
    columns = st.container(key="class_figures").columns(len(cards))
    for column, (label, value) in zip(columns, cards, strict=True):
        page.metric(column, label, value)
    weakest_first = sorted(figures, key=lambda each: -1 if each.f1 is None else each.f1)
    table = run_tables.per_class(weakest_first)
    rows: list[list[Cell]] = [
        [*cells, _misclassified(each, run)] for cells, each in zip(table.rows, weakest_first, strict=True)
    ]
    linked_table([*table.header, "Misclassified"], rows, table.caption, key="by_class")
    csv_button("CSV of the classes", partial(csv_tables.per_class, answers), "per-class", run.name, run.id)


def _misclassified(figures: ClassFigures, run: Run) -> Linked:
    missed = figures.support - round((figures.recall or 0.0) * figures.support)
    where = {"run": run.id, "true": str(figures.label)}
    return Linked(wording.count(missed), "explore", f"misclassified images of {figures.name}", where)


def show_confusion(run: Run) -> None:
    """The confusion matrix; a cell leads to its images on the page Explore."""
    answers = run_queries.predictions(run.id)
    unit, dimmed = pick_cells(confusion.UNITS)
    shown = pick_classes(answers.matrix, answers.classes)
    caption = f"{run.name}: rows are true classes, columns predictions. {shown.words}".rstrip()
    hint = "Choose a cell to see its images."
    cells = confusion.matrix_cells(answers.matrix, answers.classes, unit, shown=shown.labels, dim_diagonal=dimmed)
    about = f"{run.name} {run.id}"
    show_matrix(cells, answers.classes, caption, key="run_matrix", hint=hint, about=about, on_choice=_remember_cell)
    csv_button("CSV of the matrix", partial(csv_tables.confusion_matrix, answers), "confusions", run.name, run.id)
    if cell := st.session_state.pop("chosen_cell", None):
        page.go_to("explore", run=run.id, true=str(cell[0]), predicted=str(cell[1]))


def _remember_cell(true: int, predicted: int) -> None:
    st.session_state["chosen_cell"] = (true, predicted)


def show_config(run: Run) -> None:
    """What was asked for, what differs from the preset, and what it ran on; the machine is named to admins only."""
    places = permitted.may(Role.ADMIN)
    if usual := run_tables.preset_values(run):
        changed = (
            f"`{name}` = {page.plain(run_tables.setting_words(run, name, places=places))} (preset: {page.plain(value)})"
            for name, value in usual.items()
        )
        st.markdown(f"Differs from preset **{page.plain(run.preset)}** in {', '.join(changed)}.")
    else:
        st.write(f"Same as preset {page.plain(run.preset)}.")
    widths = {"Setting": 124, "Value": 92, "Preset has": 92}
    columns = {name: st.column_config.Column(width=width) for name, width in widths.items()}
    config, about, zone = run_tables.config(run, places=places), (run.name, run.id), page.zone()
    alt = "Configuration"
    st.dataframe(as_frame(config), hide_index=True, height="content", alt=alt, column_config=columns)
    table_button("CSV of the configuration", config, "config", *about)
    st.subheader("Environment", anchor=False)
    known = run_tables.environment(
        {run.id: "Value"}, [run], lambda timestamp: wording.moment_anywhere(timestamp, zone), places=places
    )
    st.dataframe(as_frame(known), hide_index=True, height="content", alt="Environment")
    table_button("CSV of the environment", known, "environment", *about)
    st.subheader("Attempts", anchor=False)
    made = list_attempts(run_queries.store(), run.id)
    tried = run_tables.attempts(made, lambda timestamp: wording.moment(timestamp, zone), places=places)
    if tried.rows:
        st.dataframe(as_frame(tried), hide_index=True, height="content", alt="Attempts")
        table_button("CSV of the attempts", tried, "attempts", *about)
    else:
        st.caption("Not started yet.")


def show_log(run: Run) -> None:
    """The end of the log, followed while the run is active; for who may change the run: it tells of the server."""
    if not permitted.rights().may_change(run):
        st.info("The log is shown to whoever launched the run and to admins.")
        return
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
        st.code(permitted.without_places(tail), language=None, wrap_lines=True)


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


def _show_history(run: Run) -> None:
    nothing = "Nothing is recorded of this run: it is older than the record."
    show_changes(Wanted(run_id=run.id), nothing, "history", run.name, run.id)


SECTIONS = {
    "curves": ("Curves", show_curves),
    "classes": ("Per class", show_classes),
    "confusion": ("Confusion", show_confusion),
    "calibration": ("Calibration", show_calibration),
    "faults": ("Data issues", _show_faults),
    "review": ("Review", show_review),
    "config": ("Configuration", show_config),
    "log": ("Log", show_log),
    "files": ("Files", show_files),
    "history": ("History", _show_history),
}
NEED_PREDICTIONS = (show_classes, show_confusion, show_calibration, _show_faults)
