"""How many images of each class the splits have."""

from collections.abc import Mapping, Sequence

import pandas as pd

from core.classes import CLASS_NAMES


def split_table(counts: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """A row per class and one for all, a column per split; `counts` maps the name of a split to ten numbers."""
    table = pd.DataFrame(
        {split: [*numbers, sum(numbers)] for split, numbers in counts.items()}, index=[*CLASS_NAMES, "All"]
    )
    return table.map("{:,}".format)
