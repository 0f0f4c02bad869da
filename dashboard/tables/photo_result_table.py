"""How well runs do on photos whose classes are known."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.answers.verdict import Verdict
from core.statistics import wording
from core.statistics.metrics import accuracy, top_k_accuracy
from jobs.store.records import Predictions

_VERDICTS: tuple[Verdict, ...] = ("sure", "not sure", "none of these")


def accuracy_table(said: Mapping[str, Predictions], verdicts: Mapping[str, Sequence[Verdict | None]]) -> pd.DataFrame:
    """A row per run, by its name: accuracy with interval, share with the class among the first two, verdicts.

    Below each verdict how many photos have it, and how many of those answers are wrong; a dash for a run without.
    """
    rows = {name: _row(one.labels, one, verdicts[name]) for name, one in said.items()}
    columns = ["Accuracy (95 % interval)", "Top-2 accuracy", *(verdict.capitalize() for verdict in _VERDICTS)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _row(labels: NDArray[np.int64], said: Predictions, verdicts: Sequence[Verdict | None]) -> list[str]:
    top_2 = top_k_accuracy(labels, said.probabilities, 2)
    given = np.array([verdict or "" for verdict in verdicts])
    wrong = labels != said.predicted
    counts = [
        f"{(given == verdict).sum():,} ({(wrong & (given == verdict)).sum():,} wrong)"
        if given.all()
        else wording.NOTHING
        for verdict in _VERDICTS
    ]
    return [
        wording.share_of(accuracy(labels, said.predicted), len(labels)),
        wording.share_of(top_2, len(labels)),
        *counts,
    ]
