"""Curves and tables of runs, from plain data."""

from dataclasses import replace
from datetime import UTC
from typing import Any

import numpy as np
import pytest

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.config import with_changes
from core.datasets.versions import fashion_mnist_version
from core.presets import config_of
from core.statistics import metrics, wording
from dashboard.charts import comparison, curves
from dashboard.style import DARK, LIGHT, Theme, run_style, run_styles
from dashboard.tables import estimates
from dashboard.tables.estimates import estimate, images_per_s
from dashboard.tables.run_rows import run_rows
from jobs.results import run_wording
from jobs.store import queries
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample


@pytest.fixture
def finished(store: Store) -> Run:
    return queries.get_run(store, stores.add(store, Sample(seed=3, epochs_done=15)))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_curves_hold_every_epoch_and_mark_the_best(store: Store, finished: Run, theme: Theme) -> None:
    known = queries.list_epochs(store, [finished.id])[finished.id]
    figure = curves.loss_curves(known, finished.best_epoch, run_style(finished.id), theme)
    training, validation, best = figure.data
    assert list(training.x) == list(validation.x) == list(range(1, 16))
    assert list(validation.y) == [row.val_loss for row in known]
    assert (best.x[0], best.y[0]) == (finished.best_epoch, min(row.val_loss for row in known))


def test_curves_of_no_epoch_are_empty_and_not_an_error(finished: Run) -> None:
    figure = curves.accuracy_curves([], None, run_style(finished.id), LIGHT)
    assert [len(trace.x) for trace in figure.data] == [0, 0]


def test_overlaid_curves_tell_accuracies_as_the_page_does(store: Store, finished: Run) -> None:
    known = queries.list_epochs(store, [finished.id])
    names, styles = {finished.id: "one"}, run_styles([finished.id])
    line, best = comparison.overlaid_curves([finished], known, styles, names, "val_accuracy", LIGHT).data
    assert line.customdata[0] == wording.percent(known[finished.id][0].val_accuracy)
    assert best.customdata == (wording.percent(finished.best_val_accuracy),)
    assert "%{customdata}" in line.hovertemplate


@pytest.mark.parametrize(("last", "step"), [(1, 1), (10, 1), (11, 2), (20, 2), (500, 50)])
def test_the_axis_shows_whole_epochs(last: int, step: int) -> None:
    assert curves.epoch_axis(last)["dtick"] == step


def test_the_mean_recall_of_classes_of_different_sizes_is_no_accuracy_and_has_no_interval() -> None:
    figures = metrics.per_class(
        metrics.confusion_matrix(np.array([0, 0, 1]), np.array([0, 0, 1]), CLASS_COUNT), CLASS_NAMES
    )
    assert metrics.images_of_mean_recall(figures) is None


def test_a_row_of_the_table_of_runs(finished: Run) -> None:
    (row,) = run_rows([finished], finished.ended_at + 60, UTC)
    assert (row.state, row.epochs, row.seed, row.progress) == ("finished", "15/20", "3", None)
    assert f"{row.accuracy} ({row.interval})" == run_wording.accuracy(finished)
    assert f"{row.validation} ({row.validation_interval})" == run_wording.validation_accuracy(finished)
    assert row.validation_epoch == f"epoch {finished.best_epoch}"


def test_a_run_at_work_shows_the_share_that_is_done(store: Store) -> None:
    run = queries.get_run(store, stores.add(store, Sample(status="running", epochs_done=4)))
    (row,) = run_rows([replace(run, alive=True)], run.created_at, UTC)
    assert row.progress == pytest.approx((4 + 300 / 844) / 20, abs=1e-4)
    assert (row.state, row.epochs, row.accuracy) == ("running", "4/20", "–")


@pytest.fixture
def without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "has_bfloat16", lambda: False)


def at(speed: float, run: Run) -> Run:
    """The finished run, had it learnt so many images per second."""
    return replace(run, work_s=estimates.images_of(run.config, fashion_mnist_version()).in_epochs(run.epoch) / speed)


@pytest.mark.usefixtures("without_bfloat16")
def test_the_estimate_comes_from_this_machine_where_a_run_of_the_model_was(finished: Run) -> None:
    cnn, resnet18 = config_of("cnn", threads=2), config_of("resnet18", threads=2)
    assert images_per_s(cnn, [at(2_000.0, finished)], "workshop")[0] == 2_000
    assert images_per_s(cnn, [finished], "elsewhere")[1].endswith("no similar run here yet")
    assert images_per_s(resnet18, [finished], "workshop")[0] == estimates.MEASURED["resnet18"].float32 / 2


def test_the_estimate_for_the_same_once_more_is_the_time_that_it_took(finished: Run) -> None:
    slow_at_its_end = replace(finished, work_s=600.0, images_per_s=1.0)
    once_more = with_changes(finished.config, epochs=finished.epoch, seed=9)
    assert estimate(once_more, fashion_mnist_version(), [slow_at_its_end], "workshop").seconds == pytest.approx(600)


def test_the_estimate_is_not_that_of_the_one_run_that_shared_the_machine(finished: Run) -> None:
    config, past = config_of("cnn", threads=2), [at(speed, finished) for speed in (300.0, 2_000.0, 2_100.0)]
    assert images_per_s(config, past, "workshop") == (2_000, "2,000 images/s in 3 runs on this machine")


def test_the_estimate_takes_the_speed_of_a_run_at_work_where_none_has_finished(finished: Run) -> None:
    config, working = config_of("cnn", threads=2), replace(finished, status=RunStatus.RUNNING, images_per_s=1_234.0)
    assert images_per_s(config, [working], "workshop")[0] == 1_234
    assert images_per_s(config, [working, at(2_000.0, finished)], "workshop")[0] == 2_000


def test_the_estimate_prefers_runs_with_the_same_batch_size_and_threads_and_precision(finished: Run) -> None:
    config = config_of("cnn", threads=2)
    like_it, others = (at(speed, finished) for speed in (2_000.0, 3_000.0))
    larger = replace(others, config=with_changes(finished.config, batch_size=512))
    assert images_per_s(config, [larger, like_it], "workshop")[0] == 2_000
    assert images_per_s(config, [larger], "workshop")[0] == 3_000
    for changes in ({"threads": 1}, {"precision": "float32"}):
        other = replace(others, config=with_changes(finished.config, **changes))
        assert images_per_s(config, [other], "workshop")[1].endswith("no similar run here yet")


def test_the_first_estimate_knows_whether_the_processor_computes_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = []
    for able in (False, True):
        monkeypatch.setattr(estimates, "has_bfloat16", lambda able=able: able)
        speeds.append(images_per_s(config_of("cnn"), [], "here")[0])
    assert speeds[1] > 2 * speeds[0]
    assert images_per_s(config_of("cnn", precision="float32"), [], "here")[0] < speeds[1] / 1.5


@pytest.mark.usefixtures("without_bfloat16")
@pytest.mark.parametrize(
    "changes",
    [
        {"pretrained": False},
        {"unfrozen_layers": ["layer3", "layer4"]},
        {"input_size": 64},
        {"augmentation": "photo"},
        {"augmentation": "flip-trivial-augment"},
    ],
)
def test_the_estimate_does_not_come_from_a_run_that_had_less_to_compute(store: Store, changes: dict[str, Any]) -> None:
    frozen = at(2_000.0, queries.get_run(store, stores.add(store, Sample(model="resnet18"))))
    config = config_of("resnet18", threads=2, **changes)
    assert images_per_s(config_of("resnet18", threads=2, seed=8, epochs=3), [frozen], frozen.host)[0] == 2_000
    speed, source = images_per_s(config, [frozen], frozen.host)
    assert speed < 1_000
    assert "a rough guess" in source
    like_it = at(70.0, replace(frozen, config=config))
    assert images_per_s(config, [frozen, like_it], frozen.host)[0] == pytest.approx(70)


def test_the_estimate_knows_that_frozen_layers_see_images_once_that_no_epoch_changes(finished: Run) -> None:
    once, often = (config_of("transfer", augmentation=kind, threads=2) for kind in ("flip", "flip-rotate"))
    past = [at(5_000.0, replace(finished, config=once))]
    assert images_per_s(once, past, "workshop")[0] == pytest.approx(5_000)
    assert images_per_s(with_changes(once, augmentation="none"), past, "workshop")[0] == pytest.approx(5_000)
    assert images_per_s(often, past, "workshop")[1].endswith("no similar run here yet")


@pytest.mark.parametrize("flips", [False, True])
def test_a_run_with_test_time_flips_says_so_with_its_accuracy(store: Store, open_page: OpenPage, flips: bool) -> None:
    run_id = stores.add(store, Sample(changes={"test_time_flips": flips}, columns={"prediction_images_per_s": 1000.0}))
    assert ("Test accuracy with flips" in texts(open_page("runs", run=run_id))) == flips


def test_twice_the_epochs_take_about_twice_the_time() -> None:
    short, long = (
        estimate(config_of("cnn", epochs=epochs), fashion_mnist_version(), [], "here").seconds for epochs in (5, 10)
    )
    assert long / short == pytest.approx(2, abs=0.02)


def test_made_up_runs_look_like_real_ones(store: Store, finished: Run) -> None:
    tested = queries.get_predictions(store, finished.id)
    assert 0.88 < finished.test_accuracy < 0.93
    assert finished.test_accuracy == np.mean(tested.labels == tested.predicted)
