"""How well runs do on photos whose classes are known."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import accuracy, top_k_accuracy
from dashboard import wording
from jobs.records import Predictions


def accuracy_table(said: Mapping[str, Predictions]) -> pd.DataFrame:
    """A row per run, by its name: accuracy with interval, share with the class among the first two."""
    rows = {name: _row(one.labels, one) for name, one in said.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["Accuracy (95 % interval)", "Among the first two"])


def _row(labels: NDArray[np.int64], said: Predictions) -> list[str]:
    top_2 = top_k_accuracy(labels, said.probabilities, 2)
    return [
        wording.accuracy(accuracy(labels, said.predicted), len(labels)),
        wording.accuracy(top_2, len(labels)),
    ]
