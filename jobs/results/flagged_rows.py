"""Images that are flagged or marked as rows for CSV and JSON: a plain value in every cell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets.readers.listing import SPLITS
from core.datasets.storing import Content
from core.statistics.label_errors import LabelQuality
from core.statistics.near_duplicates import Pairs
from jobs.results.duplicate_search import NearDuplicates
from jobs.results.label_marks import NOT_USABLE, Review

Row = dict[str, Any]
SUSPECT_COLUMNS = ("image", "label", "suggested", "trust", "self_confidence")
DUPLICATE_COLUMNS = (
    *("first_split", "first_image", "first_label", "second_split", "second_image", "second_label"),
    *("similarity", "mirrored"),
)
MARK_COLUMNS = ("position", "image", "split", "given", "label", "person", "marked_at", "disputed")


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


def mark_rows(review: Review, content: Content) -> list[Row]:
    """A row per mark: the image with its given label, the label that a person finds right, who and when."""
    cells = (
        (
            *(position, content.names[position], SPLITS[content.splits[position]]),
            content.classes[content.labels[position]],
            NOT_USABLE if mark.label is None else content.classes[mark.label],
            *(mark.person, mark.marked_at, review.is_disputed(position)),
        )
        for position, marks in review.marks.items()
        for mark in marks
    )
    return [dict(zip(MARK_COLUMNS, row, strict=True)) for row in cells]
