"""What finished runs cost and what they reach: which of them no other beats in both, and that in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.statistics import wording
from core.statistics.intervals import accuracy_interval
from core.statistics.pareto import pareto_front
from jobs.results import run_wording
from jobs.results.comparisons import distinct_names
from jobs.store.records import Run, RunCosts

MOST_FRONT, MOST_OTHERS = 100, 400
"""How many runs are shown, on the front and others: what a page reads and draws does not grow with every run."""
_MOST_NAMED, _MOST_UNKNOWN = 6, 5


@dataclass(frozen=True)
class Cost:
    """One kind of cost: how it is called, of which runs it is known, and how it is written."""

    title: str
    axis: str
    of: Callable[[RunCosts], float | None]
    """In the unit of the axis."""
    written: Callable[[float], str]


def _prediction_ms(run: RunCosts) -> float | None:
    return 1000 / run.prediction_images_per_s if run.prediction_images_per_s else None


COSTS = {
    "training": Cost(
        "Training time",
        "training time in minutes",
        lambda run: run.work_s / 60 or None,
        lambda minutes: wording.duration(60 * minutes),
    ),
    "prediction": Cost(
        "Prediction time", "milliseconds per test image", _prediction_ms, lambda value: f"{value:.2f} ms per image"
    ),
    "parameters": Cost(
        "Parameters", "parameters", lambda run: run.parameters_total, lambda value: f"{round(value):,} parameters"
    ),
}


@dataclass(frozen=True)
class Weighed:
    """All finished runs by one kind of cost, and which of them are to be shown."""

    known: int
    """Runs whose cost is recorded."""
    front: int
    """Of these so many are on the Pareto front: no other run is as cheap and as accurate."""
    unknown: int
    """Runs whose cost is not recorded."""
    shown: dict[str, float]
    """The cost by the id of the run, the cheapest first: the cheapest on the front and the newest of all."""
    on_front: frozenset[str]
    """Those of the shown that are on the front."""
    shown_unknown: tuple[str, ...]
    """The ids of the newest runs whose cost is not recorded."""


@dataclass(frozen=True)
class Priced:
    """A finished run that is shown with its cost; `front` says that no other run is as cheap and as accurate."""

    run: Run
    cost: float
    accuracy: float
    low: float
    high: float
    front: bool


def weighed(costs: Sequence[RunCosts], cost: Cost) -> Weighed:
    """Which of all runs, newest first, are on the front, and which are shown."""
    values = [cost.of(run) if run.test_count else None for run in costs]
    known = [(run, value) for run, value in zip(costs, values, strict=True) if value is not None]
    unknown = [run.id for run, value in zip(costs, values, strict=True) if value is None]
    is_front = pareto_front([value for _, value in known], [run.test_accuracy or 0.0 for run, _ in known])
    front = sorted((known[place] for place in is_front.nonzero()[0]), key=_cheapest)
    on_front = [run.id for run, _ in front[:MOST_FRONT]]
    shown = sorted({**dict(front[:MOST_FRONT]), **dict(known[:MOST_OTHERS])}.items(), key=_cheapest)
    costs_shown = {run.id: value for run, value in shown}
    return Weighed(
        len(known), len(front), len(unknown), costs_shown, frozenset(on_front), tuple(unknown[:_MOST_UNKNOWN])
    )


def _cheapest(priced_run: tuple[RunCosts, float]) -> tuple[float, float]:
    run, value = priced_run
    return value, -(run.test_accuracy or 0.0)


def priced(runs: Sequence[Run], of_all: Weighed) -> list[Priced]:
    """The runs that are shown, in their order, with what they cost; those that are gone meanwhile are left out."""
    by_id = {run.id: run for run in runs}
    return [
        _priced(by_id[run_id], value, run_id in of_all.on_front)
        for run_id, value in of_all.shown.items()
        if run_id in by_id
    ]


def front_sentence(runs: Sequence[Priced], cost: Cost, of_all: Weighed) -> str:
    """Which runs are on the front, the cheapest first, and what that does not say."""
    front = [run for run in runs if run.front]
    if not front:
        return f"No finished run has a recorded {cost.title.lower()}."
    names = distinct_names([on_front.run for on_front in front])
    named = [
        f"{names[on_front.run.id]} ({cost.written(on_front.cost)}) with {run_wording.accuracy(on_front.run)}"
        for on_front in front[:_MOST_NAMED]
    ]
    if of_all.known == 1:
        return f"Only one run: {named[0]}."
    # Those that are not named are counted, whether they are shown or not.
    named += [""] * (of_all.front - len(named))
    return (
        f"Pareto front of these {of_all.known:,} runs: {wording.listed(named, _MOST_NAMED)}. No other run is both as "
        "cheap and as accurate; runs whose intervals overlap may be equally good."
    )


def shown_sentence(of_all: Weighed) -> str:
    """Which of very many runs are shown; empty where all are."""
    if len(of_all.shown) >= of_all.known:
        return ""
    front = f"the {MOST_FRONT} cheapest of the front" if of_all.front > MOST_FRONT else "the front"
    return f"Shown are {front} and the newest {MOST_OTHERS} of {of_all.known:,} runs; the CSV has all."


def unknown_sentence(names: Sequence[str], unknown: int, cost: Cost) -> str:
    """Of how many runs the cost is not recorded, the newest by `names`; empty if there is none."""
    if not unknown:
        return ""
    # Those that are not named are counted.
    listed = wording.listed([*names, *[""] * (unknown - len(names))], _MOST_UNKNOWN)
    return f"{cost.title} is not recorded for {wording.counted(unknown, 'run')}: {listed}."


def machines_sentence(machines: Sequence[tuple[str | None, str | None, int | None]], *, named: bool) -> str:
    """On which machines times were measured; empty where all are of one machine and one number of threads.

    A machine is host, device and threads. They are counted where they are not to be `named`.
    """
    words = sorted(f"{host}, {device}, {wording.counted(threads or 0, 'thread')}" for host, device, threads in machines)
    if len(words) < 2:
        return ""
    listed = wording.listed(words, 4) if named else f"{len(words):,} combinations of machine and threads"
    return f"Times from different machines are not comparable. These are from {listed}."


def _priced(run: Run, cost: float, front: bool) -> Priced:
    count = run.test_count or 0
    accuracy = run.test_accuracy or 0.0
    low, high = accuracy_interval(round(accuracy * count), count)
    return Priced(run, cost, accuracy, low, high, front)
