"""Calibration on a run's page and on Compare: with validation answers, without, and with nothing to be sure of."""

import numpy as np
import pytest

from core.statistics.calibration import accuracy_by_coverage, calibration
from dashboard.charts import calibration as charts
from dashboard.style import DARK, LIGHT, Theme, run_style
from dashboard.tables.calibration_table import calibration_table, coverage_table, point_at
from jobs.reports import run_tables
from jobs.reports.report_charts import FEWEST_IN_BIN
from jobs.store import blobs, queries
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample

LABELS = np.repeat(np.arange(10), 100)


def made_equal(store: Store, run_id: str) -> None:
    """Let a run be equally unsure of every image."""
    with store.writing() as connection:
        for split, count in (("test", 10_000), ("validation", 6_000)):
            equal = blobs.encode_log_probabilities(np.full((count, 10), np.log(0.1), np.float32))
            stored = predictions.c.run_id == run_id, predictions.c.split == split
            connection.execute(predictions.update().where(*stored).values(log_probabilities=equal))


def test_the_section_says_temperature_error_and_coverage(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(validated=True))
    app = open_page("runs", run=run_id, section="calibration")
    shown = texts(app)
    assert "temperature" in shown
    assert "on these 6,000 images" in shown
    assert "Predicts 90 % of the images with" in shown
    assert "15 bins of equal width" in shown
    assert list(app.table[0].value.columns) == ["as trained", "with temperature"]
    assert not app.exception


def test_a_run_without_validation_answers_says_so_and_shows_the_rest(store: Store, open_page: OpenPage) -> None:
    app = open_page("runs", run=stores.add(store, Sample()), section="calibration")
    assert "No temperature can be fitted" in app.info[0].value
    assert "has no predictions for the validation images" in app.info[0].value
    assert "Predicts 90 % of the images with" in texts(app)


def test_a_run_that_is_equally_unsure_of_all_images_is_told_in_sentences(store: Store, open_page: OpenPage) -> None:
    run_id = stores.add(store, Sample(validated=True))
    made_equal(store, run_id)
    for where in ({"run": run_id, "section": "calibration"}, {"run": run_id, "section": "classes"}):
        app = open_page("runs", **where)
        shown = texts(app) + "".join(str(frame.value) for frame in (*app.table, *app.dataframe))
        assert "nan" not in shown.lower().replace("unanswered", "")
        assert not app.exception
    app = open_page("compare", run=[run_id, stores.add(store, Sample(seed=1))])
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_diagram_counts_every_image_and_has_no_point_for_bins_of_few(store: Store, theme: Theme) -> None:
    tested = queries.get_predictions(store, stores.add(store, Sample()))
    calibrated = calibration(tested.labels, tested.probabilities)
    series = charts.Series("one", calibrated, run_style("one"))
    _diagonal, line, counts = charts.reliability([series], theme).data
    assert sum(count or 0 for count in counts.y) == 10_000
    assert len(line.x) == sum(row.n >= FEWEST_IN_BIN for row in calibrated.bins)


def test_the_coverage_chart_marks_the_quoted_point_and_draws_equal_confidences_as_one_point() -> None:
    probabilities = np.full((1000, 10), 0.1)
    points = accuracy_by_coverage(LABELS, probabilities)
    quoted = point_at(points, 0.9)
    assert quoted.n == 1000
    figure = charts.coverage({"flat": points}, {"flat": run_style("flat")}, {"flat": quoted})
    assert [trace.mode for trace in figure.data] == ["lines", "markers", "markers"]
    assert str(coverage_table({"flat": points}, (0.9,)).loc["90 % coverage", "flat"]).endswith("on 100 %")


def test_without_images_the_tables_hold_dashes_and_no_nan() -> None:
    nothing = calibration(LABELS[:0], np.empty((0, 10)))
    assert calibration_table({"none": nothing})["none"].tolist() == ["–"] * 5
    assert run_tables.reliability(nothing).rows == ()
    assert point_at([], 0.9) is None
    assert coverage_table({"none": []}, (0.9,)).iloc[0, 0] == "–"
