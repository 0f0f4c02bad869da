"""Runs beside each other: the baseline first, differences with sign, only the settings that differ."""

import numpy as np
import pytest

from core.classes import CLASS_NAMES
from core.statistics.comparison import Comparison, compare, compare_with_baseline
from dashboard.charts import comparison as charts
from dashboard.style import DARK, LIGHT, Theme, run_styles
from dashboard.tables.comparison_table import comparison_table
from jobs.results.comparisons import distinct_names
from jobs.store import queries
from jobs.store.records import Run
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample


@pytest.fixture
def two_runs(store: Store) -> list[Run]:
    first = stores.add(store, Sample(name="plain", seed=1))
    second = stores.add(store, Sample(model="resnet18", name="frozen", seed=2, epochs_done=9))
    return queries.get_runs(store, [first, second])


def compared(store: Store, pair: list[Run]) -> list[Comparison]:
    answers = [queries.get_predictions(store, run.id) for run in pair]
    return compare_with_baseline(
        answers[0].labels, answers[0].predicted, {pair[1].name: answers[1].predicted}, pair[0].name, classes=CLASS_NAMES
    )


def test_the_baseline_is_on_the_left_and_the_other_has_signed_differences(store: Store, two_runs: list[Run]) -> None:
    table = comparison_table(two_runs, compared(store, two_runs))
    assert list(table.columns) == ["plain (baseline)", "frozen"]
    difference = table.loc["Difference in points (95 % interval)"]
    expected = 100 * (two_runs[1].test_accuracy - two_runs[0].test_accuracy)
    assert difference["plain (baseline)"] == "–"
    assert str(difference["frozen"]).startswith(f"{expected:+.2f} (")
    assert "(+" in str(table.loc["Test loss", "frozen"])
    assert list(table.loc["Verdict"]) == ["baseline", "worse"]
    backwards = comparison_table(two_runs[::-1], compared(store, two_runs[::-1]))
    assert list(backwards.loc["Verdict"]) == ["baseline", "better"]


def test_a_model_that_answers_with_flips_is_told_from_one_without(store: Store) -> None:
    ids = [stores.add(store, Sample(name=str(flips), changes={"test_time_flips": flips})) for flips in (False, True)]
    pair = queries.get_runs(store, ids)
    assert list(comparison_table(pair, compared(store, pair)).loc["Model"]) == ["cnn", "cnn, with test-time flips"]


def test_a_run_that_is_not_shown_to_differ_is_tied_in_the_table(store: Store) -> None:
    ids = [stores.add(store, Sample(name=name, seed=1)) for name in ("one", "other")]
    pair = queries.get_runs(store, ids)
    assert comparison_table(pair, compared(store, pair)).loc["Verdict", "other"] == "tied"


def test_runs_of_one_name_are_told_apart_by_their_ids(store: Store) -> None:
    ids = [stores.add(store, Sample(name="same")) for _ in range(2)]
    assert distinct_names(queries.get_runs(store, ids)) == {run_id: f"same ({run_id})" for run_id in ids}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_overlaid_curves_give_each_run_a_line_and_mark_its_best_epoch(
    store: Store, two_runs: list[Run], theme: Theme
) -> None:
    ids = [run.id for run in two_runs]
    known, styles = queries.list_epochs(store, ids), run_styles(ids)
    figure = charts.overlaid_curves(two_runs, known, styles, distinct_names(two_runs), "val_loss", theme)
    lines, bests = figure.data[::2], figure.data[1::2]
    assert [line.name for line in lines] == ["plain", "frozen"]
    assert [list(best.x) for best in bests] == [[run.best_epoch] for run in two_runs]
    assert len({(line.line.color, line.marker.symbol) for line in lines}) == 2


def test_class_differences_are_sorted_and_filled_only_where_they_stand() -> None:
    labels = np.repeat(np.arange(10), 100)
    baseline, better = labels.copy(), labels.copy()
    baseline[600:640] = 0
    better[0] = 6
    comparison = compare(labels, baseline, better, "a", "b", classes=CLASS_NAMES)
    style = run_styles(["b"])["b"]
    points = charts.class_differences(comparison.classes, style, LIGHT).data[0]
    assert list(points.x) == sorted(points.x)
    assert (points.y[-1], points.x[-1]) == ("Shirt", pytest.approx(40))
    assert [colour == style.colour for colour in points.marker.color] == [False] * 9 + [True]


def test_a_class_without_images_is_left_out_of_the_chart() -> None:
    labels = np.zeros(50, dtype=np.int64)
    comparison = compare(labels, labels, labels, "a", "b", classes=CLASS_NAMES)
    figure = charts.class_differences(comparison.classes, run_styles(["b"])["b"], LIGHT)
    assert list(figure.data[0].y) == ["T-shirt/top"]
