"""The flagged images as rows for CSV and JSON: a plain value in every cell."""

from typing import Any

import numpy as np

from core.classes import CLASS_NAMES
from core.confident_learning import LabelQuality
from core.duplicates import NEAR_DUPLICATE
from jobs.duplicates import NearDuplicates

Row = dict[str, Any]
SUSPECT_COLUMNS = ("image", "label", "suggested", "trust", "self_confidence")
DUPLICATE_COLUMNS = (
    *("first_split", "first_image", "first_label", "second_split", "second_image", "second_label"),
    *("similarity", "mirrored"),
)


def suspect_rows(labels: np.ndarray, quality: LabelQuality) -> list[Row]:
    """A row per suspect image, the least trustworthy first: position, label, the class it may be, the scores."""
    cells = (
        (
            *(int(at), CLASS_NAMES[labels[at]], CLASS_NAMES[quality.suggested[at]]),
            *(round(float(score[at]), 6) for score in (quality.trust, quality.self_confidence)),
        )
        for at in quality.ranked
    )
    return [dict(zip(SUSPECT_COLUMNS, row, strict=True)) for row in cells]


def duplicate_rows(found: NearDuplicates, labels: np.ndarray, least: float = NEAR_DUPLICATE) -> list[Row]:
    """A row per pair, the most similar first; `labels` are those of the training images and then the test images."""
    pairs = found.pairs.chosen(found.pairs.similarity >= least)
    columns = (pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), pairs.mirrored.tolist())
    cells = (
        (
            *(*found.place(first), CLASS_NAMES[labels[first]], *found.place(second), CLASS_NAMES[labels[second]]),
            *(round(similarity, 6), mirrored),
        )
        for first, second, similarity, mirrored in zip(*columns, strict=True)
    )
    return [dict(zip(DUPLICATE_COLUMNS, row, strict=True)) for row in cells]
