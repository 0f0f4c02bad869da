"""The sections of a comparison below its table: a run in detail against the baseline, and all runs together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.classes import CLASS_NAMES
from core.statistics import wording
from core.statistics.breakdown import ClassDifference, PairDifference
from core.statistics.calibration import accuracy_by_coverage, calibration
from core.statistics.comparison import Comparison
from core.statistics.metrics import confusion_matrix
from dashboard import page, pickers
from dashboard.charts import calibration as calibration_charts
from dashboard.charts import comparison as charts
from dashboard.charts import galleries
from dashboard.charts.confusion import DIFFERENCE, difference_cells
from dashboard.elements.linked_table import Cell, Linked, linked_table
from dashboard.elements.matrix import show_matrix
from dashboard.queries import run_queries
from dashboard.sections.shared.calibration_section import DEFINITION, QUOTED, SHARES
from dashboard.sections.shared.data_faults import show_faults
from dashboard.sections.shared.take_along import csv_button, frame_button
from dashboard.style import RunStyle
from dashboard.tables.calibration_table import calibration_table, coverage_table, point_at
from dashboard.tables.comparison_table import class_cells, differing_config, pair_cells
from jobs.reports import csv_tables
from jobs.results import run_wording
from jobs.results.comparisons import validation_sentence
from jobs.store.records import Run

PAIRS_LISTED = 10


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
    st.caption(
        "Bars: 95 % interval per class. Filled: significant after correction for ten classes. Open: not significant."
    )


def show_class_table(comparison: Comparison, baseline: Run, other: Run) -> None:
    """The figures of each class; the counts of images that one run alone has right lead to those images."""
    a, b = comparison.name_a, comparison.name_b
    header = ["Class", a, b, f"Only {a} right", f"Only {b} right", "Points (95 % interval)", "p (Holm)"]
    rows = [_class_row(one, baseline, other) for one in comparison.classes]
    with st.expander("Per-class table with images"):
        linked_table(header, rows, "The runs per class", key="class_table")
        csv_button("CSV of the classes", partial(csv_tables.classes, comparison), "classes", _about(comparison))


def _class_row(one: ClassDifference, baseline: Run, other: Run) -> list[Cell]:
    def images(count: int, show: str) -> Linked:
        where = {"run": other.id, "against": baseline.id, "show": show, "true": str(one.label)}
        return Linked(wording.count(count), "explore", f"these images of class {one.name}", where)

    accuracy_a, accuracy_b, points, p = class_cells(one)
    only = (images(one.only_a, galleries.ONLY_AGAINST), images(one.only_b, galleries.ONLY_RUN))
    return [one.name, accuracy_a, accuracy_b, *only, points, p]


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
        changed = sorted(comparison.pairs, key=lambda one: (one.p_adjusted, -abs(one.count_b - one.count_a)))
        a, b = comparison.name_a, comparison.name_b
        header = ["True", "Predicted", a, b, f"Only {a}", f"Only {b}", "p (Holm)"]
        rows = [_pair_row(one, baseline, other) for one in changed[:PAIRS_LISTED]]
        linked_table(header, rows, "Largest changes", key="pair_table", figures_from=2)
        st.caption("Largest changes, in images. Click a count to see them.")
        csv_button("CSV of all confusions", partial(csv_tables.pairs, comparison), "confusions", _about(comparison))


def _show_difference(comparison: Comparison, baseline: Run, other: Run) -> None:
    said = [run_queries.predictions(run.id) for run in (baseline, other)]
    matrices = [confusion_matrix(one.labels, one.predicted) for one in said]
    change = matrices[1] - matrices[0]
    a, b = comparison.name_a, comparison.name_b
    caption = f"{b} minus {a}: rows are true classes, columns predictions. Blue: more. Orange: fewer."
    hint = "Choose a cell to see the images that changed."
    cells = difference_cells(*matrices, (a, b), dim_diagonal=pickers.switch("Dim the diagonal", "dim"))
    if cell := show_matrix(cells, caption, key="difference", hint=hint, about=_about(comparison)):
        where = {"run": other.id, "against": baseline.id, "true": str(cell[0]), "predicted": str(cell[1])}
        page.go_to("explore", **where, unit=DIFFERENCE, show=galleries.changed(int(change[cell])))
    csv_button("CSV of the difference", partial(csv_tables.matrix, change), "difference", _about(comparison))


def _pair_row(one: PairDifference, baseline: Run, other: Run) -> list[Cell]:
    cell = {"true": str(one.true), "predicted": str(one.predicted)}
    takes = f"classifies as {CLASS_NAMES[one.predicted]}"

    def images(count: str, run: Run) -> Linked:
        words = f"images of {CLASS_NAMES[one.true]} that {run.name} {takes}"
        return Linked(count, "explore", words, {"run": run.id, **cell})

    def changed(count: int, run: Run, show: str) -> Linked:
        words = f"images of {CLASS_NAMES[one.true]} that only {run.name} {takes}"
        where = {"run": other.id, "against": baseline.id, "show": show, **cell}
        return Linked(wording.count(count), "explore", words, where)

    count_a, count_b, p = pair_cells(one)
    of_each = (images(count_a, baseline), images(count_b, other))
    of_one = (
        changed(one.only_a, baseline, galleries.AGAINST_SAYS),
        changed(one.only_b, other, galleries.RUN_SAYS),
    )
    return [CLASS_NAMES[one.true], CLASS_NAMES[one.predicted], *of_each, *of_one, p]


def show_calibration(runs: Sequence[Run], looks: Looks) -> None:
    """Accuracy against confidence and against coverage, of all runs together."""
    st.subheader("Calibration", anchor=False)
    said = {run.id: run_queries.predictions(run.id) for run in runs}
    found = {run_id: calibration(one.labels, one.probabilities) for run_id, one in said.items()}
    points = {looks.names[run_id]: accuracy_by_coverage(one.labels, one.probabilities) for run_id, one in said.items()}
    about = " ".join(said)
    left, right = st.columns(2, gap="large")
    with left:
        series = [calibration_charts.Series(looks.names[one], found[one], looks.styles[one]) for one in found]
        words = " ".join(f"{one.name}: {one.calibration.sentence}" for one in series)
        page.chart(calibration_charts.reliability(series, page.theme()), words, key="calibration", about=about)
        figures = {one.name: one.calibration for one in series}
        page.table(calibration_table(figures))
        csv_button("CSV of the calibration", partial(csv_tables.calibrations, figures), "calibration", *said)
        st.caption(DEFINITION)
    with right:
        asked = {name: point for name, own in points.items() if (point := point_at(own, QUOTED))}
        words = " ".join(f"{name}: {point.sentence}" for name, point in asked.items())
        styles = {looks.names[run_id]: looks.styles[run_id] for run_id in said}
        page.chart(calibration_charts.coverage(points, styles, asked), words, key="coverage", about=about)
        page.table(coverage_table(points, SHARES))
        csv_button("CSV of the coverage curve", partial(csv_tables.coverages, points), "coverage", *said)
        st.caption("Accuracy on the most confident share of the images, with its 95 % interval.")


def show_data_faults(runs: Sequence[Run], looks: Looks) -> None:
    """The accuracies again, without the images whose labels are suspect or that the training set nearly holds."""
    st.subheader("Accuracy without data issues", anchor=False)
    show_faults(runs, looks.names)


def show_settings(runs: Sequence[Run]) -> None:
    """The settings that differ, or all of them."""
    st.subheader("Settings", anchor=False)
    settings = differing_config(runs, everything=pickers.switch("Show identical settings too", "all"))
    if settings.empty:
        st.write("Every setting is the same.")
    else:
        page.table(settings)
        named = settings.rename_axis("setting").reset_index()
        frame_button("CSV of these settings", named, "settings", *(run.id for run in runs))


def _about(comparison: Comparison) -> str:
    return f"{comparison.name_b} against {comparison.name_a}"
