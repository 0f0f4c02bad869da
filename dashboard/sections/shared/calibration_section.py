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
from dashboard.tables.calibration_table import ERROR, bin_table, calibration_table, coverage_table, point_at
from jobs.reports import csv_tables
from jobs.store.queries import NoPredictions
from jobs.store.records import Predictions, Run

SHARES = (1.0, 0.95, 0.9, 0.8, 0.7)
QUOTED = 0.9
"""The coverage of the sentence: few enough left to a person, and a clear gain."""

DEFINITION = (
    f"{ERROR}: the mean gap between confidence and accuracy over {BINS} bins of equal width, weighted by images "
    "(Naeini et al. 2015; Guo et al. 2017). It depends on the bins, and is slightly above 0 even for a perfect "
    "model. Brier score: the squared error of the probabilities, summed over the ten classes; 0 is perfect."
)


def show_calibration(run: Run) -> None:
    """The figures of the test images as trained and with a temperature, the diagram, and accuracy by coverage."""
    said = run_queries.predictions(run.id)
    found = calibration(said.labels, said.probabilities)
    st.write(page.plain(found.sentence))
    tempered = _tempered(run, said)
    columns = {"as trained": found} | ({"with temperature": tempered} if tempered else {})
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Reliability diagram", anchor=False)
        _show_reliability(run, columns)
        page.table(calibration_table(columns))
        csv_button("CSV of the metrics", partial(csv_tables.calibrations, columns), "calibration", run.name, run.id)
    with right:
        st.subheader("Accuracy vs. coverage", anchor=False)
        _show_coverage(run, said)
    st.caption(DEFINITION)
    with st.expander("Table of bins"):
        st.dataframe(bin_table(found), hide_index=True, height="content", alt="Bins of the reliability diagram")
        csv_button("CSV of all bins", partial(csv_tables.reliability, found), "reliability", run.name, run.id)


def _tempered(run: Run, said: Predictions) -> Calibration | None:
    """The calibration with the temperature fitted on validation images; None, and why, where there is none."""
    try:
        fitted = temperature(run)
    except NoPredictions as error:
        st.info(f"No temperature can be fitted. {page.plain(str(error))}")
        return None
    st.write(f"{page.plain(fitted.sentence)} It is fitted on the validation images and evaluated on the test images.")
    if not fitted.settled:
        return None
    return calibration(said.labels, with_temperature(said.probabilities, fitted.value))


def temperature(run: Run) -> Temperature:
    """The temperature of a run, from its answers to the validation images. Raise NoPredictions."""
    seen = run_queries.validation_predictions(run.id)
    return fit_temperature(seen.labels, seen.probabilities)


def _show_reliability(run: Run, columns: dict[str, Calibration]) -> None:
    drawn = run_style(run.id)
    series = [charts.Series(name, one, drawn, quiet=name != "as trained") for name, one in columns.items()]
    words = " ".join(f"{name.capitalize()}: {one.sentence}" for name, one in columns.items())
    page.chart(charts.reliability(series, page.theme()), words, key="reliability", about=f"{run.name} {run.id}")
    st.caption(
        f"Bars: 95 % interval. Below the dotted line the model is overconfident. Bins with fewer than {charts.FEWEST} "
        "images have no point; the lower chart counts all images."
    )


def _show_coverage(run: Run, said: Predictions) -> None:
    points = accuracy_by_coverage(said.labels, said.probabilities)
    quoted = point_at(points, QUOTED)
    sentence = quoted.sentence if quoted else "There are no images."
    st.write(sentence)
    figure = charts.coverage({run.name: points}, {run.name: run_style(run.id)}, {run.name: quoted} if quoted else {})
    page.chart(figure, sentence, key="coverage", about=f"{run.name} {run.id}")
    page.table(coverage_table({"Accuracy (95 % interval)": points}, SHARES))
    csv_button("CSV of the coverage curve", partial(csv_tables.coverage, points), "coverage", run.name, run.id)
