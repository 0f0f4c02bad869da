"""Tables to take along: a line for each thing, figures in full, equal to what others compute from the same answers."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from sklearn.calibration import calibration_curve

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.csv_cells import unguarded
from core.statistics.calibration import accuracy_by_coverage, calibration
from core.statistics.comparison import compare
from core.statistics.metrics import confusion_matrix
from core.statistics.subsets import Subset
from core.texts import clean_lines
from jobs.reports import csv_tables
from jobs.reports.csv_writer import as_file, written
from jobs.results.comparisons import compare_groups
from jobs.results.seed_groups import get_groups, list_groups
from jobs.store.queries import get_predictions, get_run, list_runs
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@given(st.lists(st.lists(st.text(st.characters()) | st.floats(allow_nan=False), min_size=2, max_size=2), max_size=3))
def test_what_is_written_is_read_back_by_any_reader_as_it_can_be_shown(rows: list[list[str | float]]) -> None:
    text = written(["name", "=figure"], rows)
    header, *read = csv.reader(io.StringIO(as_file(text).decode("utf-8-sig"), newline=""))
    assert header == ["name", "'=figure"]
    assert [[unguarded(cell) for cell in row] for row in read] == [
        [clean_lines(cell) if isinstance(cell, str) else str(cell) for cell in row] for row in rows
    ]
    kept = pd.read_csv(io.BytesIO(as_file(text)), keep_default_na=False, dtype=str, skip_blank_lines=False)
    assert len(kept) == len(rows)


def test_the_table_of_runs_has_no_formula_and_its_umlauts_are_read_by_spreadsheets(store: Store) -> None:
    link = '=HYPERLINK("http://x.example","ü")'
    stores.add(store, Sample(name=link, tags=["@sum", "plus"], columns={"note": "-1+1|cmd"}))
    text = csv_tables.runs(list_runs(store))
    (row,) = lines(text)
    assert (row["name"], row["tags"], unguarded(row["name"])) == (f"'{link}", "'@sum plus", link)
    assert float(row["test_accuracy"]) > 0
    assert as_file(text).startswith(b"\xef\xbb\xbfid,")


def test_the_bins_of_the_reliability_table_are_those_of_scikit_learn(store: Store) -> None:
    tested = get_predictions(store, stores.add(store, Sample()))
    bins = [
        row
        for row in lines(csv_tables.reliability(calibration(tested.labels, tested.probabilities)))
        if row["n"] != "0"
    ]
    right = tested.predicted == tested.labels
    accuracies, confidences = calibration_curve(right, tested.probabilities.max(axis=1), n_bins=15)
    assert [float(row["accuracy"]) for row in bins] == pytest.approx(accuracies)
    assert [float(row["confidence"]) for row in bins] == pytest.approx(confidences)
    assert sum(int(row["n"]) for row in bins) == 10_000


def test_the_coverage_table_ends_with_the_accuracy_on_all_images(store: Store) -> None:
    run_id = stores.add(store, Sample())
    tested = get_predictions(store, run_id)
    points = lines(csv_tables.coverage(accuracy_by_coverage(tested.labels, tested.probabilities)))
    assert len(points) == 100
    assert float(points[-1]["accuracy"]) == get_run(store, run_id).test_accuracy


def test_the_table_of_classes_has_the_exact_test_of_each(store: Store) -> None:
    first, second = (get_predictions(store, stores.add(store, Sample(model))) for model in ("cnn", "resnet18"))
    comparison = compare(first.labels, first.predicted, second.predicted, classes=CLASS_NAMES)
    for row in lines(csv_tables.classes(comparison)):
        only_a, only_b = int(row["only_a"]), int(row["only_b"])
        assert float(row["p"]) == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    pairs = lines(csv_tables.pairs(comparison))
    assert len(pairs) == 90
    assert sum(int(row["count_a"]) for row in pairs) == int((first.predicted != first.labels).sum())
    (whole,) = lines(csv_tables.comparisons([comparison]))
    assert int(whole["only_a"]) == comparison.only_a
    assert whole["better"] == (comparison.better or "")


def test_the_table_of_groups_has_students_interval_and_nothing_where_one_seed_tells_nothing(store: Store) -> None:
    for seed in range(3):
        stores.add(store, Sample("cnn", seed, columns={"group_id": "three"}, created_at=2.0))
    stores.add(store, Sample("resnet18", 0, columns={"group_id": "one"}, created_at=1.0))
    three, alone = lines(csv_tables.groups(list_groups(store)))
    accuracies = [run.test_accuracy or 0.0 for run in list_runs(store) if run.group_id == "three"]
    low, high = t.interval(0.95, 2, np.mean(accuracies), np.std(accuracies, ddof=1) / np.sqrt(3))
    assert (float(three["low"]), float(three["high"])) == pytest.approx((low, high))
    assert (alone["finished"], alone["sd"], alone["low"]) == ("1", "", "")


def test_the_table_of_compared_groups_has_the_difference_the_test_and_the_seeds_that_are_missing(store: Store) -> None:
    for model in ("cnn", "resnet18"):
        for seed in range(2):
            stores.add(store, Sample(model, seed, columns={"group_id": f"all-{model}"}))
    missing = stores.add(store, Sample("cnn", 2, status="stopped", columns={"group_id": "all-cnn"}))
    compared = compare_groups(store, get_groups(store, ["all-cnn", "all-resnet18"]))
    baseline, other = lines(csv_tables.groups(compared.groups, compared.comparisons))
    (expected,) = compared.comparisons
    assert (baseline["verdict"], baseline["difference"], baseline["unfinished_run_ids"]) == ("baseline", "", missing)
    assert float(other["difference"]) == expected.difference
    assert float(other["p_adjusted"]) == expected.p_adjusted
    assert other["verdict"] == expected.verdict == "worse"


def test_the_table_of_runs_has_a_line_for_each_with_its_settings_whatever_its_state(store: Store) -> None:
    stores.fill(store, 3)
    stores.add(store, Sample(status="queued", name="waits, still", tags=("a", "b")))
    rows = {row["name"]: row for row in lines(csv_tables.runs(list_runs(store)))}
    assert len(rows) == 4
    waiting = rows["waits, still"]
    assert (waiting["test_accuracy"], waiting["test_accuracy_low"], waiting["tags"]) == ("", "", "a b")
    assert waiting["config_learning_rate"] == "0.001"
    assert csv_tables.runs([]) == "\n"


def test_a_matrix_has_a_line_per_true_class_and_a_difference_keeps_its_signs(store: Store) -> None:
    first, second = (get_predictions(store, stores.add(store, Sample(model))) for model in ("cnn", "resnet18"))
    matrices = [confusion_matrix(tested.labels, tested.predicted, CLASS_COUNT) for tested in (first, second)]
    assert csv_tables.matrix(matrices[0], CLASS_NAMES) == csv_tables.confusion_matrix(first)
    rows = lines(csv_tables.matrix(matrices[1] - matrices[0], CLASS_NAMES))
    assert [int(row["Shirt"]) for row in rows] == (matrices[1] - matrices[0])[:, 6].tolist()
    assert rows[4]["true"] == "Coat"


def test_the_tables_of_several_calibrations_name_each(store: Store) -> None:
    tested = get_predictions(store, stores.add(store, Sample()))
    calibrated = calibration(tested.labels, tested.probabilities)
    first, second = lines(csv_tables.calibrations({"one": calibrated, "two": calibrated}))
    assert (first["name"], second["name"]) == ("one", "two")
    assert float(first["low"]) < float(first["accuracy"]) == calibrated.accuracy < float(first["high"])
    points = accuracy_by_coverage(tested.labels, tested.probabilities)
    assert [row["name"] for row in lines(csv_tables.coverages({"one": points, "two": points}))][99:101] == [
        "one",
        "two",
    ]


def test_the_counts_of_the_splits_have_a_line_per_class() -> None:
    rows = lines(csv_tables.split_counts(CLASS_NAMES, {"Training": [5_400] * 10, "Test": [1_000] * 10}))
    assert len(rows) == 10
    assert rows[8] == {"class": "Bag", "Training": "5400", "Test": "1000"}


def test_accuracies_with_and_without_flagged_images_have_a_line_for_each_set_and_model() -> None:
    measured = [Subset("All images", 4, {"one": 3, "two": 2}), Subset("Without suspects", 0, {"one": 0, "two": 0})]
    first, _, empty, _ = lines(csv_tables.subsets(measured))
    assert (first["images"], first["name"], first["accuracy"]) == ("All images", "one", "0.75")
    assert (empty["n"], empty["accuracy"], empty["low"]) == ("0", "", "")
