"""Runs beside each other as rows of figures, the baseline first: what they reached, and how they differ from it."""

from collections.abc import Sequence

import pandas as pd

from core.statistics import wording
from core.statistics.comparison import Comparison
from dashboard.tables.frames import with_names
from jobs.reports import comparison_tables
from jobs.store.records import Run

_ORDER = [
    "Test accuracy (95 % interval)",
    "Difference in points (95 % interval)",
    "Exact McNemar p (Holm)",
    "Verdict",
    "Test loss",
    "Best validation",
    "Training time",
    "Trained parameters",
    "Model",
    "Seed",
]


def comparison_table(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """The tables of a comparison on their side: a row per figure and a column per run."""
    table = with_names(comparison_tables.runs(runs))
    against = with_names(comparison_tables.against_baseline(comparisons))
    table = table.join(against)[_ORDER].fillna(wording.NOTHING)
    table.iloc[0, _ORDER.index("Verdict")] = "baseline"
    return table.rename(index={table.index[0]: f"{table.index[0]} (baseline)"}).T
