"""Can the confidence of a run be believed? Reliability, temperature, and what answering less would gain."""

from functools import partial

import streamlit as st

from core.statistics.calibration import (
    BINS,
    Calibration,
    Temperature,
    accuracy_by_coverage,
    calibration,
    fit_temperature,
    with_temperature,
)
from dashboard import page
from dashboard.charts import calibration as charts
from dashboard.queries import run_queries
from dashboard.sections.shared.take_along import csv_button
from dashboard.style import run_style
from dashboard.tables.calibration_table import ERROR, calibration_table, point_at
from dashboard.tables.frames import as_frame
from jobs.reports import csv_tables, run_tables
from jobs.reports.report_charts import FEWEST_IN_BIN
from jobs.store.queries import NoPredictions
from jobs.store.records import Predictions, Run

QUOTED = 0.9
"""The coverage of the sentence: few enough left to a person, and a clear gain."""

DEFINITION = (
    f"{ERROR}: the mean gap between confidence and accuracy over {BINS} bins of equal width, weighted by images "
    "(Naeini et al. 2015; Guo et al. 2017). It depends on the bins, and is slightly above 0 even for a perfect "
    "model. Brier score: the squared error of the probabilities, summed over the classes; 0 is perfect."
)


def show_calibration(run: Run) -> None:
    """The figures of the test images as trained and with a temperature, the diagram, and accuracy by coverage."""
    answers = run_queries.predictions(run.id)
    trained = calibration(answers.labels, answers.probabilities)
    st.write(page.plain(trained.sentence))
    tempered = _tempered(run, answers)
    columns = {"as trained": trained} | ({"with temperature": tempered} if tempered else {})
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Reliability diagram", anchor=False)
        _show_reliability(run, columns)
        page.table(calibration_table(columns))
        csv_button("CSV of the metrics", partial(csv_tables.calibrations, columns), "calibration", run.name, run.id)
    with right:
        st.subheader("Accuracy vs. coverage", anchor=False)
        _show_coverage(run, answers)
    st.caption(DEFINITION)
    with st.expander("Table of bins"):
        bins = as_frame(run_tables.reliability(trained))
        st.dataframe(bins, hide_index=True, height="content", alt="Bins of the reliability diagram")
        csv_button("CSV of all bins", partial(csv_tables.reliability, trained), "reliability", run.name, run.id)


def _tempered(run: Run, answers: Predictions) -> Calibration | None:
    """The calibration with the temperature fitted on validation images; None, and why, where there is none."""
    try:
        fitted = temperature(run)
    except NoPredictions as error:
        st.info(f"No temperature can be fitted. {page.trouble(str(error))}")
        return None
    st.write(f"{page.plain(fitted.sentence)} It is fitted on the validation images and evaluated on the test images.")
    if not fitted.settled:
        return None
    return calibration(answers.labels, with_temperature(answers.probabilities, fitted.value))


def temperature(run: Run) -> Temperature:
    """The temperature of a run, from its answers to the validation images. Raise NoPredictions."""
    seen = run_queries.validation_predictions(run.id)
    return fit_temperature(seen.labels, seen.probabilities)


def _show_reliability(run: Run, columns: dict[str, Calibration]) -> None:
    drawn = run_style(run.id)
    series = [charts.Series(name, variant, drawn, quiet=name != "as trained") for name, variant in columns.items()]
    words = " ".join(f"{name.capitalize()}: {variant.sentence}" for name, variant in columns.items())
    page.chart(charts.reliability(series, page.theme()), words, key="reliability", about=f"{run.name} {run.id}")
    st.caption(
        f"Bars: 95 % interval. Below the dotted line the model is overconfident. Bins with fewer than {FEWEST_IN_BIN} "
        "images have no point; the lower chart counts all images."
    )


def _show_coverage(run: Run, answers: Predictions) -> None:
    points = accuracy_by_coverage(answers.labels, answers.probabilities)
    quoted = point_at(points, QUOTED)
    sentence = quoted.sentence if quoted else "There are no images."
    st.write(sentence)
    figure = charts.coverage({run.name: points}, {run.name: run_style(run.id)}, {run.name: quoted} if quoted else {})
    page.chart(figure, sentence, key="coverage", about=f"{run.name} {run.id}")
    covered = accuracy_by_coverage(answers.labels, answers.probabilities, run_tables.SHARES_ANSWERED)
    page.table(as_frame(run_tables.coverage(covered)).set_index("Coverage"))
    csv_button("CSV of the coverage curve", partial(csv_tables.coverage, points), "coverage", run.name, run.id)
