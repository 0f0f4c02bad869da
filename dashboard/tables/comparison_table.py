"""Runs beside each other as rows of figures, the baseline first: what they reached, and where their configs differ."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from core.statistics import wording
from core.statistics.breakdown import ClassDifference, PairDifference
from core.statistics.comparison import Comparison
from jobs.results import run_wording
from jobs.results.comparisons import distinct_names
from jobs.store.records import Run


def comparison_table(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """A row per figure and a column per run, named as by distinct_names; the others' figures with their difference."""
    baseline, *others = runs
    names = distinct_names(runs)
    columns = {f"{names[baseline.id]} (baseline)": _figures(baseline, baseline) | _significance(None)}
    for run, comparison in zip(others, comparisons, strict=True):
        columns[names[run.id]] = _figures(run, baseline) | _significance(comparison)
    return pd.DataFrame(columns).loc[list(_ORDER)]


def class_cells(one: ClassDifference) -> list[str]:
    """The accuracy of both runs on a class, their difference with its interval, and the corrected p."""
    if one.low is None or one.high is None:
        return [wording.NOTHING] * 4
    accuracies = [wording.share_of(value, one.n) for value in (one.accuracy_a, one.accuracy_b)]
    difference = wording.difference(one.difference, one.low, one.high)
    return [*accuracies, difference, wording.p_value(one.p_adjusted)]


def pair_cells(one: PairDifference) -> list[str]:
    """How many images both runs confuse, and the corrected p of the difference."""
    return [wording.count(one.count_a), wording.count(one.count_b), wording.p_value(one.p_adjusted)]


def differing_config(runs: Sequence[Run], *, everything: bool = False) -> pd.DataFrame:
    """A row per setting that is not the same in all runs, or every setting; a column per run."""
    names = distinct_names(runs)
    settings = dict.fromkeys(name for run in runs for name in run.config)
    rows = {name: [_brief(name, run.config.get(name)) for run in runs] for name in settings}
    kept = {name: values for name, values in rows.items() if everything or len(set(values)) > 1}
    return pd.DataFrame.from_dict(kept, orient="index", columns=[names[run.id] for run in runs])


_ORDER = (
    "Test accuracy (95 % interval)",
    "Difference in points (95 % interval)",
    "p (exact McNemar test)",
    "Verdict",
    "Test loss",
    "Best validation",
    "Training time",
    "Trained parameters",
    "Model",
    "Seed",
)

_SIGNIFICANCE = ("Difference in points (95 % interval)", "p (exact McNemar test)", "Verdict")


def _brief(name: str, value: Any) -> str:
    """A setting as a column has room for it: of a file its name only; its whole path is in the run's own config."""
    return Path(value).name if name == "weights_file" and value else wording.setting(value)


def _figures(run: Run, baseline: Run) -> dict[str, str]:
    return {
        "Test accuracy (95 % interval)": run_wording.accuracy(run),
        "Test loss": _with_change(wording.number(run.test_loss), run.test_loss, baseline.test_loss, "+.4f"),
        "Best validation": run_wording.best_validation(run),
        "Training time": wording.duration(run.work_s),
        "Trained parameters": wording.count(run.parameters_trained),
        "Model": run_wording.model(run),
        "Seed": str(run.seed),
    }


def _significance(comparison: Comparison | None) -> Mapping[str, str]:
    if comparison is None:
        return dict.fromkeys(_SIGNIFICANCE, wording.NOTHING) | {"Verdict": "baseline"}
    if comparison.low is None or comparison.high is None:
        return dict.fromkeys(_SIGNIFICANCE, wording.NOTHING)
    return {
        "Difference in points (95 % interval)": wording.difference(
            comparison.difference, comparison.low, comparison.high
        ),
        "p (exact McNemar test)": wording.p_value(comparison.p_adjusted),
        "Verdict": _verdict(comparison),
    }


def _verdict(comparison: Comparison) -> str:
    """How the run of the column stands against the baseline."""
    if comparison.better is None:
        return "tied"
    return "better" if comparison.better == comparison.name_b else "worse"


def _with_change(text: str, value: float | None, baseline: float | None, form: str) -> str:
    if value is None or baseline is None or value == baseline:
        return text
    return f"{text} ({value - baseline:{form}})"
