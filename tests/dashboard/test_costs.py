"""Cost against quality: the front in marks and in words, what is not recorded, and several machines."""

from dataclasses import replace
from typing import Any

import pytest

from dashboard.charts.costs import accuracy_against_cost, interval_sentence
from dashboard.style import DARK, LIGHT, Theme
from dashboard.tables.cost_table import COSTS, front_sentence, machines_sentence, priced, unknown_sentence
from jobs.store import queries
from jobs.store.records import RunCosts
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample


def add(
    store: Store, name: str, accuracy: float, seconds: int, speed: float | None = 1_000.0, **columns: Any
) -> RunCosts:
    """What a finished run of that accuracy has cost."""
    made = {"test_accuracy": accuracy, "work_s": seconds, "prediction_images_per_s": speed, **columns}
    run_id = stores.add(store, Sample(name=name, columns=made))
    return next(costs for costs in queries.list_costs(store) if costs.id == run_id)


@pytest.fixture
def three(store: Store) -> list[RunCosts]:
    return [add(store, "cheap", 0.90, 60), add(store, "dear", 0.92, 600), add(store, "beaten", 0.89, 300)]


def test_the_front_is_named_the_cheapest_first_and_says_what_it_rests_on(three: list[RunCosts]) -> None:
    runs, unknown = priced(three, COSTS["training"])
    assert [(run.run.name, run.front) for run in runs] == [("cheap", True), ("beaten", False), ("dear", True)]
    sentence = front_sentence(runs, COSTS["training"])
    cheap, dear = "cheap (1 min 00 s) with 90.00 % (89.40 to 90.57)", "dear (10 min 00 s) with 92.00 % (91.45 to 92.52)"
    assert f"{cheap}, {dear}" in sentence
    assert "intervals overlap" in sentence
    assert unknown == []


def test_the_prediction_time_is_told_per_image_and_older_runs_are_named_as_not_recorded(
    store: Store, three: list[RunCosts]
) -> None:
    old = add(store, "old", 0.91, 100, speed=None)
    runs, unknown = priced([*three, old], COSTS["prediction"])
    assert [run.cost for run in runs] == [1.0] * 3
    assert unknown_sentence(unknown, COSTS["prediction"]) == "Prediction time is not recorded for 1 run: old."


def test_times_of_several_machines_are_said_to_be_unlike(store: Store, three: list[RunCosts]) -> None:
    assert machines_sentence(three, named=True) == ""
    other = add(store, "far", 0.9, 1, host="elsewhere")
    assert "elsewhere, cpu, 2 threads, workshop, cpu, 2 threads" in machines_sentence([*three, other], named=True)
    assert "These are from 2 combinations" in machines_sentence([*three, other], named=False)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_front_is_marked_by_shape_and_size_not_by_colour_alone(three: list[RunCosts], theme: Theme) -> None:
    runs, _ = priced(three, COSTS["training"])
    line, others, front = accuracy_against_cost(runs, COSTS["training"], theme).data
    assert list(line.x) == list(front.x) == [1, 10]
    assert (others.marker.symbol, front.marker.symbol) == ("circle-open", "circle")
    assert front.name == "cnn, Pareto front"


def test_what_the_bars_are_is_said_as_it_is_drawn(three: list[RunCosts]) -> None:
    runs, _ = priced(three, COSTS["training"])
    assert interval_sentence(len(runs)) == "Bars: 95 % interval."
    many = [replace(run, cost=place + 1.0) for place, run in enumerate(runs * 21)]
    figure = accuracy_against_cost(many, COSTS["training"], LIGHT)
    drawn = {trace.name: trace.error_y.array is not None for trace in figure.data if trace.mode == "markers"}
    assert drawn == {"cnn": False, "cnn, Pareto front": True}
    assert "only on the Pareto front" in interval_sentence(len(many))


def test_nothing_recorded_and_one_run_are_a_sentence_each(three: list[RunCosts]) -> None:
    assert front_sentence([], COSTS["prediction"]) == "No finished run has a recorded prediction time."
    runs, _ = priced(three[:1], COSTS["parameters"])
    assert front_sentence(runs, COSTS["parameters"]).startswith("Only one run: cheap (3,202,122 parameters")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("cost", COSTS)
def test_each_axis_opens_by_its_link(open_page: OpenPage, cost: str) -> None:
    app = open_page("runs", by="costs", cost=cost)
    assert "Pareto front of these 3 runs" in texts(app)
    assert not app.exception


def test_without_finished_runs_there_is_nothing_to_weigh(open_page: OpenPage) -> None:
    assert "No finished runs yet" in texts(open_page("runs", by="costs"))
