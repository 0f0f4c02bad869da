"""How many images of each class the splits have."""

from collections.abc import Mapping, Sequence

import pandas as pd


def split_table(classes: Sequence[str], counts: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """A row per class and one for all, a column per split; `counts` maps the name of a split to a number each."""
    table = pd.DataFrame(
        {split: [*numbers, sum(numbers)] for split, numbers in counts.items()}, index=[*classes, "All"]
    )
    return table.map("{:,}".format)
