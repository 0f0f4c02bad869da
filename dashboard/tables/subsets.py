"""The accuracy of runs on all test images, and beside it without those that are flagged."""

from collections.abc import Sequence

import pandas as pd

from core.statistics import wording
from core.statistics.subsets import Subset


def subset_table(subsets: Sequence[Subset]) -> pd.DataFrame:
    """A row per set of images, with how many they are and the accuracy of each run with its 95 % interval."""
    rows = [
        {
            "Images": wording.count(subset.n),
            **{name: wording.share_of(subset.accuracy(name), subset.n) for name in subset.right},
        }
        for subset in subsets
    ]
    return pd.DataFrame(rows, index=[subset.name for subset in subsets])
