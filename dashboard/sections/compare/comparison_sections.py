"""The sections of a comparison below its table: a run in detail against the baseline, and all runs together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.statistics.breakdown import ClassDifference, PairDifference
from core.statistics.calibration import accuracy_by_coverage, calibration
from core.statistics.comparison import Comparison
from core.statistics.metrics import MOST_SHOWN
from dashboard import page, pickers
from dashboard.charts import calibration as calibration_charts
from dashboard.charts import comparison as charts
from dashboard.charts import galleries
from dashboard.charts.confusion import DIFFERENCE, difference_cells
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.elements.matrix import show_matrix
from dashboard.queries import run_queries
from dashboard.sections.shared.calibration_section import DEFINITION, QUOTED
from dashboard.sections.shared.data_faults import show_faults
from dashboard.sections.shared.matrix_section import pick_classes
from dashboard.sections.shared.take_along import csv_button
from dashboard.style import RunStyle
from dashboard.tables.calibration_table import calibration_table, coverage_table, point_at
from dashboard.tables.frames import with_names
from jobs.reports import comparison_tables, csv_tables
from jobs.reports.csv_writer import written
from jobs.reports.run_tables import SHARES_ANSWERED
from jobs.results import run_wording
from jobs.results.comparisons import distinct_names, validation_sentence
from jobs.store.records import Run


@dataclass(frozen=True)
class Looks:
    """What each run is called and how it is drawn, by id."""

    names: Mapping[str, str]
    styles: Mapping[str, RunStyle]


def show_classes(comparison: Comparison, drawn: RunStyle) -> None:
    """Where the difference comes from, class by class."""
    st.subheader("Per-class accuracy", anchor=False)
    st.write(page.plain(comparison.class_sentence))
    figure = charts.class_differences(comparison.classes, drawn, page.theme())
    page.chart(figure, comparison.class_sentence, key="classes", about=_about(comparison))
    count = len(comparison.classes)
    part = (
        f" Of {count:,} classes the {MOST_SHOWN} that differ most; all are in the table." if count > MOST_SHOWN else ""
    )
    st.caption(
        "Bars: 95 % interval per class. Filled: significant after correction for all classes. Open: not significant."
        + part
    )


def show_class_table(comparison: Comparison, baseline: Run, other: Run) -> None:
    """The figures of each class; the counts of images that one run alone has right lead to those images."""
    table = comparison_tables.classes(comparison)
    rows = [
        _class_row(cells, each, baseline, other) for cells, each in zip(table.rows, comparison.classes, strict=True)
    ]
    with st.expander("Per-class table with images"):
        linked_table(table.header, rows, table.caption, key="class_table")
        csv_button("CSV of the classes", partial(csv_tables.classes, comparison), "classes", _about(comparison))


def _class_row(cells: Sequence[str], each: ClassDifference, baseline: Run, other: Run) -> list[Cell]:
    def images(count: str, show: str) -> Linked:
        where = {"run": other.id, "against": baseline.id, "show": show, "true": str(each.label)}
        return Linked(count, "explore", f"these images of class {each.name}", where)

    name, accuracy_a, accuracy_b, only_a, only_b, *tests = cells
    only = (images(only_a, galleries.ONLY_AGAINST), images(only_b, galleries.ONLY_RUN))
    return [name, accuracy_a, accuracy_b, *only, *tests]


def show_curves(runs: Sequence[Run], looks: Looks) -> None:
    """Validation accuracy and loss of all runs, overlaid."""
    st.subheader("Learning curves", anchor=False)
    known = run_queries.epochs([run.id for run in runs])
    best = "; ".join(f"{looks.names[run.id]}: best validation {run_wording.best_validation(run)}" for run in runs)
    for column, measure in zip(st.columns(2, gap="large"), charts.MEASURES, strict=True):
        with column:
            figure = charts.overlaid_curves(runs, known, looks.styles, looks.names, measure, page.theme())
            words = f"{charts.MEASURES[measure][0]} per epoch. {best}"
            page.chart(figure, words, key=measure, about=" ".join(run.id for run in runs))
    if differing := validation_sentence(runs):
        st.caption(differing)


def show_confusions(comparison: Comparison, baseline: Run, other: Run) -> None:
    """The difference of two confusion matrices, and the confusions that changed most; each leads to its images."""
    st.subheader("Confusions", anchor=False)
    st.write(page.plain(comparison.pair_sentence))
    left, right = st.columns(2, gap="large")
    with left:
        _show_difference(comparison, baseline, other)
    with right:
        table, changed = comparison_tables.pairs(comparison), comparison_tables.most_changed(comparison)
        rows = [_pair_row(cells, pair, baseline, other) for cells, pair in zip(table.rows, changed, strict=True)]
        linked_table(table.header, rows, table.caption, key="pair_table", figures_from=2)
        st.caption("Largest changes, in images. Click a count to see them.")
        csv_button("CSV of all confusions", partial(csv_tables.pairs, comparison), "confusions", _about(comparison))


def _show_difference(comparison: Comparison, baseline: Run, other: Run) -> None:
    answers = [run_queries.predictions(run.id) for run in (baseline, other)]
    before, after, classes = answers[0].matrix, answers[1].matrix, answers[0].classes
    change = after - before
    a, b = comparison.name_a, comparison.name_b
    shown = pick_classes(change, classes, "changes")
    caption = (
        f"{b} minus {a}: rows are true classes, columns predictions. Blue: more. Orange: fewer. {shown.words}".rstrip()
    )
    hint = "Choose a cell to see the images that changed."
    dimmed = pickers.switch("Dim the diagonal", "dim")
    cells = difference_cells(before, after, classes, (a, b), shown=shown.labels, dim_diagonal=dimmed)
    if cell := show_matrix(cells, classes, caption, key="difference", hint=hint, about=_about(comparison)):
        where = {"run": other.id, "against": baseline.id, "true": str(cell[0]), "predicted": str(cell[1])}
        page.go_to("explore", **where, unit=DIFFERENCE, show=galleries.changed(int(change[cell])))
    csv_button("CSV of the difference", partial(csv_tables.matrix, change, classes), "difference", _about(comparison))


def _pair_row(cells: Sequence[str], pair: PairDifference, baseline: Run, other: Run) -> list[Cell]:
    true, predicted, count_a, count_b, only_a, only_b, p = cells
    cell = {"true": str(pair.true), "predicted": str(pair.predicted)}

    def images(count: str, run: Run) -> Linked:
        words = f"images of {true} that {run.name} takes for {predicted}"
        return Linked(count, "explore", words, {"run": run.id, **cell})

    def changed(count: str, run: Run, show: str) -> Linked:
        words = f"images of {true} that only {run.name} takes for {predicted}"
        return Linked(count, "explore", words, {"run": other.id, "against": baseline.id, "show": show, **cell})

    of_each = (images(count_a, baseline), images(count_b, other))
    of_one = (changed(only_a, baseline, galleries.AGAINST_SAYS), changed(only_b, other, galleries.RUN_SAYS))
    return [true, predicted, *of_each, *of_one, p]


def show_calibration(runs: Sequence[Run], looks: Looks) -> None:
    """Accuracy against confidence and against coverage, of all runs together."""
    st.subheader("Calibration", anchor=False)
    answers = {run.id: run_queries.predictions(run.id) for run in runs}
    calibrations = {run_id: calibration(of_run.labels, of_run.probabilities) for run_id, of_run in answers.items()}
    points = {
        looks.names[run_id]: accuracy_by_coverage(of_run.labels, of_run.probabilities)
        for run_id, of_run in answers.items()
    }
    about = " ".join(answers)
    left, right = st.columns(2, gap="large")
    with left:
        series = [
            calibration_charts.Series(looks.names[run_id], calibrations[run_id], looks.styles[run_id])
            for run_id in calibrations
        ]
        words = " ".join(f"{entry.name}: {entry.calibration.sentence}" for entry in series)
        page.chart(calibration_charts.reliability(series, page.theme()), words, key="calibration", about=about)
        figures = {entry.name: entry.calibration for entry in series}
        page.table(calibration_table(figures))
        csv_button("CSV of the calibration", partial(csv_tables.calibrations, figures), "calibration", *answers)
        st.caption(DEFINITION)
    with right:
        asked = {name: point for name, of_run in points.items() if (point := point_at(of_run, QUOTED))}
        words = " ".join(f"{name}: {point.sentence}" for name, point in asked.items())
        styles = {looks.names[run_id]: looks.styles[run_id] for run_id in answers}
        page.chart(calibration_charts.coverage(points, styles, asked), words, key="coverage", about=about)
        page.table(coverage_table(points, SHARES_ANSWERED))
        csv_button("CSV of the coverage curve", partial(csv_tables.coverages, points), "coverage", *answers)
        st.caption("Accuracy on the most confident share of the images, with its 95 % interval.")


def show_data_faults(runs: Sequence[Run], looks: Looks) -> None:
    """The accuracies again, without the images whose labels are suspect or that the training set nearly holds."""
    st.subheader("Accuracy without data issues", anchor=False)
    show_faults(runs, looks.names)


def show_settings(runs: Sequence[Run]) -> None:
    """The settings that differ, or all of them."""
    st.subheader("Settings", anchor=False)
    everything = pickers.switch("Show identical settings too", "all")
    names = distinct_names(runs)
    settings = comparison_tables.settings({names[run.id]: run.config for run in runs}, everything=everything)
    if not settings.rows:
        st.write("Every setting is the same.")
    else:
        page.table(with_names(settings))
        text = partial(written, ("setting", *settings.header[1:]), settings.rows)
        csv_button("CSV of these settings", text, "settings", *(run.id for run in runs))


def _about(comparison: Comparison) -> str:
    return f"{comparison.name_b} against {comparison.name_a}"
