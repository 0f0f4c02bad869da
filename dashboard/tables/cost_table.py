"""What finished runs cost and what they reach: which of them no other beats in both, and that in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.statistics import wording
from core.statistics.intervals import accuracy_interval
from core.statistics.pareto import pareto_front
from jobs.results import run_wording
from jobs.results.comparisons import distinct_names
from jobs.store.records import RunCosts


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
class Priced:
    """A finished run with its cost; `front` says that no other run is as cheap and as accurate."""

    run: RunCosts
    cost: float
    accuracy: float
    low: float
    high: float
    front: bool


def priced(runs: Sequence[RunCosts], cost: Cost) -> tuple[list[Priced], list[RunCosts]]:
    """The runs whose cost is recorded, the cheapest first, and those of which it is not."""
    known = [(run, value) for run in runs if (value := cost.of(run)) is not None and run.test_count]
    unknown = [run for run in runs if cost.of(run) is None or not run.test_count]
    front = pareto_front([value for _, value in known], [run.test_accuracy or 0.0 for run, _ in known])
    runs_priced = [_priced(run, value, bool(on_front)) for (run, value), on_front in zip(known, front, strict=True)]
    return sorted(runs_priced, key=lambda run: (run.cost, -run.accuracy)), unknown


def front_sentence(runs: Sequence[Priced], cost: Cost) -> str:
    """Which runs are on the front, the cheapest first, and what that does not say."""
    front = [run for run in runs if run.front]
    if not front:
        return f"No finished run has a recorded {cost.title.lower()}."
    names = distinct_names([on_front.run for on_front in front])
    named = [
        f"{names[on_front.run.id]} ({cost.written(on_front.cost)}) with {run_wording.accuracy(on_front.run)}"
        for on_front in front
    ]
    if len(runs) == 1:
        return f"Only one run: {named[0]}."
    return (
        f"Pareto front of these {len(runs):,} runs: {wording.listed(named, 6)}. No other run is both as cheap and as "
        "accurate; runs whose intervals overlap may be equally good."
    )


def unknown_sentence(unknown: Sequence[RunCosts], cost: Cost) -> str:
    """Of which runs the cost is not recorded, by name; empty if there is none."""
    if not unknown:
        return ""
    names = wording.listed([run.name for run in unknown], 5)
    return f"{cost.title} is not recorded for {wording.counted(len(unknown), 'run')}: {names}."


def machines_sentence(runs: Sequence[RunCosts], *, named: bool) -> str:
    """On which machines times were measured; empty where all are of one machine and one number of threads.

    The machines are counted where they are not to be `named`.
    """
    machines = sorted({f"{run.host}, {run.device}, {wording.counted(run.threads or 0, 'thread')}" for run in runs})
    if len(machines) < 2:
        return ""
    listed = wording.listed(machines, 4) if named else f"{len(machines):,} combinations of machine and threads"
    return f"Times from different machines are not comparable. These are from {listed}."


def _priced(run: RunCosts, cost: float, front: bool) -> Priced:
    count = run.test_count or 0
    accuracy = run.test_accuracy or 0.0
    low, high = accuracy_interval(round(accuracy * count), count)
    return Priced(run, cost, accuracy, low, high, front)
