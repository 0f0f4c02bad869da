"""The map of the test images: its points, packed for the browser, and the groups that they are shown in."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import short_names
from dashboard.charts.areas import Area, outline
from jobs.store.records import Predictions

LABEL, PREDICTION, OUTCOME = "label", "prediction", "outcome"
COLOURINGS = {LABEL: "True class", PREDICTION: "Predicted class", OUTCOME: "Right or wrong"}

CLASS_COLOURS = (
    *("#0f7dbf", "#7d7f86", "#d55e00", "#b8679a", "#00936b"),
    *("#a97400", "#8466d6", "#2f9bb5", "#d04a5c", "#7c8a1c"),
)
"""Each with at least 3:1 on both backgrounds; those of classes that are often confused lie far apart."""

SHAPES = ("circle", "square", "triangle", "diamond", "cross", "down", "ring", "plus", "bar", "frame")
"""So that colour is never alone: a hundred classes differ in colour or shape."""

SIGNS = ("●", "■", "▲", "◆", "✕", "▼", "○", "+", "▬", "□")


@dataclass(frozen=True)
class Group:
    """Points that look alike: what they are called, how they are drawn, and how many there are."""

    name: str
    colour: str
    shape: str
    sign: str
    count: int


@dataclass(frozen=True)
class Embedding:
    """A map for the browser; arrays as base64, little-endian."""

    places: str
    """Both coordinates of each point, uint16, 65535 for 1."""
    groups: Sequence[Group]
    group: str
    """The group of each point: uint16."""
    labels: str
    predicted: str
    named: str
    """The class by whose short name the place of each point is called on the map: uint16."""
    names: Sequence[str]
    short_names: Sequence[str]
    area: Area | None
    """The corners of the area that is chosen, in thousandths."""
    caption: str


def embedding(
    places: NDArray[np.float32], answers: Predictions, colouring: str, area: Area | None, caption: str
) -> Embedding:
    """The map of test images at these places (n, 2), 0 to 1, in one of COLOURINGS."""
    groups, group = _outcomes(answers) if colouring == OUTCOME else _classes(answers, colouring)
    return Embedding(
        places=_packed(np.rint(places * 65535).astype("<u2")),
        groups=groups,
        group=_packed(group.astype("<u2")),
        labels=_packed(answers.labels.astype("<u2")),
        predicted=_packed(answers.predicted.astype("<u2")),
        named=_packed((answers.predicted if colouring == PREDICTION else answers.labels).astype("<u2")),
        names=answers.classes,
        short_names=short_names(answers.classes),
        area=None if area is None else outline(area),
        caption=caption,
    )


def _classes(answers: Predictions, colouring: str) -> tuple[list[Group], NDArray[np.int64]]:
    group = answers.labels if colouring == LABEL else answers.predicted
    counts = np.bincount(group, minlength=len(answers.classes))
    looks = [_look(label) for label in range(len(counts))]
    names = short_names(answers.classes)
    return [Group(name, *look, int(count)) for name, look, count in zip(names, looks, counts, strict=True)], group


def _look(label: int) -> tuple[str, str, str]:
    """Colour, shape and sign of a class: the shapes move on by one each time the colours begin again."""
    shape = (label + label // len(CLASS_COLOURS)) % len(SHAPES)
    return CLASS_COLOURS[label % len(CLASS_COLOURS)], SHAPES[shape], SIGNS[shape]


def _outcomes(answers: Predictions) -> tuple[list[Group], NDArray[np.int64]]:
    wrong = answers.predicted != answers.labels
    return [
        Group("right", "#8a929a", "circle", "●", int((~wrong).sum())),
        Group("wrong", "#d55e00", "cross", "✕", int(wrong.sum())),
    ], wrong.astype(np.int64)


def _packed(values: NDArray[Any]) -> str:
    return b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
