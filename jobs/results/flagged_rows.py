"""The flagged images as rows for CSV and JSON: a plain value in every cell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics.label_errors import LabelQuality
from core.statistics.near_duplicates import Pairs
from jobs.results.duplicate_search import NearDuplicates

Row = dict[str, Any]
SUSPECT_COLUMNS = ("image", "label", "suggested", "trust", "self_confidence")
DUPLICATE_COLUMNS = (
    *("first_split", "first_image", "first_label", "second_split", "second_image", "second_label"),
    *("similarity", "mirrored"),
)


def suspect_rows(
    labels: np.ndarray, classes: Sequence[str], quality: LabelQuality, chosen: NDArray[np.int64] | None = None
) -> list[Row]:
    """A row per suspect image: position, label, the class it may be, the scores.

    Those at the positions `chosen`, in that order; without it all, the least trustworthy first.
    """
    cells = (
        (
            *(int(at), classes[labels[at]], classes[quality.suggested[at]]),
            *(round(float(score[at]), 6) for score in (quality.trust, quality.self_confidence)),
        )
        for at in (quality.ranked if chosen is None else chosen)
    )
    return [dict(zip(SUSPECT_COLUMNS, row, strict=True)) for row in cells]


def duplicate_rows(near_duplicates: NearDuplicates, names: Sequence[str], pairs: Pairs) -> list[Row]:
    """A row per pair in the order given; `names` are the classes of the training images and then the test images."""
    columns = (pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), pairs.mirrored.tolist())
    cells = (
        (
            *(*near_duplicates.place(first), names[first]),
            *(*near_duplicates.place(second), names[second]),
            *(round(similarity, 6), mirrored),
        )
        for first, second, similarity, mirrored in zip(*columns, strict=True)
    )
    return [dict(zip(DUPLICATE_COLUMNS, row, strict=True)) for row in cells]
