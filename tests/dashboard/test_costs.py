"""Cost against quality: the front in marks and in words, what is not recorded, and several machines."""

from dataclasses import replace
from typing import Any

import pytest

from dashboard.charts.costs import accuracy_against_cost, interval_sentence
from dashboard.style import DARK, LIGHT, Theme
from dashboard.tables.cost_table import (
    COSTS,
    MOST_FRONT,
    MOST_OTHERS,
    Priced,
    Weighed,
    front_sentence,
    machines_sentence,
    priced,
    shown_sentence,
    unknown_sentence,
    weighed,
)
from jobs.results.leaders import list_costs, list_machines
from jobs.store import queries
from jobs.store.queries import get_run
from jobs.store.records import RunCosts
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, texts
from tests.stores import Sample


def add(store: Store, name: str, accuracy: float, seconds: int, speed: float | None = 1_000.0, **columns: Any) -> str:
    """A finished run of that accuracy and cost."""
    made = {"test_accuracy": accuracy, "work_s": seconds, "prediction_images_per_s": speed, **columns}
    return stores.add(store, Sample(name=name, columns=made))


def weigh(store: Store, name: str) -> tuple[list[Priced], Weighed]:
    """What is shown of one kind of cost of all runs in the store."""
    of_all = weighed(list_costs(store), COSTS[name])
    return priced(queries.get_runs(store, list(of_all.shown)), of_all), of_all


@pytest.fixture
def three(store: Store) -> list[str]:
    return [add(store, "cheap", 0.90, 60), add(store, "dear", 0.92, 600), add(store, "beaten", 0.89, 300)]


@pytest.mark.usefixtures("three")
def test_the_front_is_named_the_cheapest_first_and_says_what_it_rests_on(store: Store) -> None:
    runs, of_all = weigh(store, "training")
    assert [(run.run.name, run.front) for run in runs] == [("cheap", True), ("beaten", False), ("dear", True)]
    sentence = front_sentence(runs, COSTS["training"], of_all)
    cheap, dear = "cheap (1 min 00 s) with 90.00 % (89.40 to 90.57)", "dear (10 min 00 s) with 92.00 % (91.45 to 92.52)"
    assert f"{cheap}, {dear}. No other" in sentence
    assert "intervals overlap" in sentence
    assert (of_all.known, of_all.front, of_all.unknown) == (3, 2, 0)
    assert shown_sentence(of_all) == ""


@pytest.mark.usefixtures("three")
def test_the_prediction_time_is_told_per_image_and_older_runs_are_named_as_not_recorded(store: Store) -> None:
    old = add(store, "old", 0.91, 100, speed=None)
    runs, of_all = weigh(store, "prediction")
    assert [run.cost for run in runs] == [1.0] * 3
    assert (of_all.unknown, of_all.shown_unknown) == (1, (old,))
    assert unknown_sentence(["old"], 1, COSTS["prediction"]) == "Prediction time is not recorded for 1 run: old."
    assert unknown_sentence(["a", "b", "c", "d", "e"], 7, COSTS["training"]).endswith(
        "7 runs: a, b, c, d, e and 2 more."
    )


@pytest.mark.usefixtures("three")
def test_times_of_several_machines_are_said_to_be_unlike(store: Store) -> None:
    assert machines_sentence(list_machines(store), named=True) == ""
    add(store, "far", 0.9, 1, host="elsewhere")
    machines = list_machines(store)
    assert "elsewhere, cpu, 2 threads, workshop, cpu, 2 threads" in machines_sentence(machines, named=True)
    assert "These are from 2 combinations" in machines_sentence(machines, named=False)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_front_is_marked_by_shape_and_size_not_by_colour_alone(store: Store, theme: Theme) -> None:
    runs, _ = weigh(store, "training")
    line, others, front = accuracy_against_cost(runs, COSTS["training"], theme).data
    assert list(line.x) == list(front.x) == [1, 10]
    assert (others.marker.symbol, front.marker.symbol) == ("circle-open", "circle")
    assert front.name == "cnn, Pareto front"


@pytest.mark.usefixtures("three")
def test_what_the_bars_are_is_said_as_it_is_drawn(store: Store) -> None:
    runs, _ = weigh(store, "training")
    assert interval_sentence(len(runs)) == "Bars: 95 % interval."
    many = [replace(run, cost=place + 1.0) for place, run in enumerate(runs * 21)]
    figure = accuracy_against_cost(many, COSTS["training"], LIGHT)
    drawn = {trace.name: trace.error_y.array is not None for trace in figure.data if trace.mode == "markers"}
    assert drawn == {"cnn": False, "cnn, Pareto front": True}
    assert "only on the Pareto front" in interval_sentence(len(many))


def test_nothing_recorded_and_a_single_run_are_a_sentence_each(store: Store) -> None:
    nothing = weighed([], COSTS["prediction"])
    assert front_sentence([], COSTS["prediction"], nothing) == "No finished run has a recorded prediction time."
    add(store, "cheap", 0.90, 60)
    runs, of_all = weigh(store, "parameters")
    assert front_sentence(runs, COSTS["parameters"], of_all).startswith("Only one run: cheap (3,202,122 parameters")


def test_of_very_many_runs_the_front_and_the_newest_are_shown_and_all_are_weighed() -> None:
    old = RunCosts("old", 30.0, None, 1, 0.95, 10_000)
    newest_first = [RunCosts(f"run{place}", 3600.0 - place, None, 1, 0.9, 10_000) for place in range(2 * MOST_OTHERS)]
    of_all = weighed([*newest_first, old], COSTS["training"])
    assert (of_all.known, of_all.front, of_all.on_front) == (2 * MOST_OTHERS + 1, 1, frozenset({"old"}))
    assert next(iter(of_all.shown)) == "old"
    assert set(of_all.shown) == {"old", *(run.id for run in newest_first[:MOST_OTHERS])}
    assert shown_sentence(of_all) == "Shown are the front and the newest 400 of 801 runs; the CSV has all."


def test_of_a_front_of_very_many_equal_runs_the_rest_is_counted(store: Store) -> None:
    equal = [RunCosts(f"run{place}", 60.0, None, 1, 0.9, 10_000) for place in range(MOST_FRONT + 50)]
    of_all = weighed(equal, COSTS["training"])
    assert (len(of_all.on_front), of_all.front) == (MOST_FRONT, MOST_FRONT + 50)
    shown = [get_run(store, add(store, f"equal {place}", 0.9, 60)) for place in range(7)]
    words = front_sentence(
        priced(
            shown, replace(of_all, shown={run.id: 1.0 for run in shown}, on_front=frozenset(run.id for run in shown))
        ),
        COSTS["training"],
        of_all,
    )
    assert "and 144 more. No other run" in words


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("cost", COSTS)
def test_each_axis_opens_by_its_link(open_page: OpenPage, cost: str) -> None:
    app = open_page("runs", by="costs", cost=cost)
    assert "Pareto front of these 3 runs" in texts(app)
    assert not app.exception


def test_without_finished_runs_there_is_nothing_to_weigh(open_page: OpenPage) -> None:
    assert "No finished runs yet" in texts(open_page("runs", by="costs"))
