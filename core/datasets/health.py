"""The health report of a data set: what whoever compares models on it should know before."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from core.datasets.duplicates import Duplicates
from core.datasets.readers.listing import SPLITS
from core.datasets.versions import Version
from core.statistics.intervals import accuracy_interval
from core.statistics.wording import counted, listed, percent

TRAIN, VALIDATION, TEST = map(SPLITS.index, ("train", "validation", "test"))
FEW_IMAGES = 10
MOST_LISTED = 200
_MOST_NAMED = 5
_UNEQUAL = 3
_EXAMPLE_ACCURACY = 0.9
Spread = tuple[int, float, int]
"""Smallest, median and largest of some pixels."""


class NamedPair(BaseModel):
    """Two images by their names in the source."""

    model_config = ConfigDict(frozen=True)

    first: str
    second: str


class Health(BaseModel):
    """What was found in the images of a version; lists hold the first MOST_LISTED of what is counted."""

    model_config = ConfigDict(frozen=True)

    widths: Spread
    """Of the pictures as they came."""
    heights: Spread
    grey: int
    """Pictures without colour."""
    equal: int
    """Images with the same pixels as one before them."""
    near: int
    """Pairs that are nearly equal."""
    leaks: int
    """Images to learn from that are of the group of a test image, or a copy of one."""
    leaking: tuple[NamedPair, ...]
    """The image to learn from, and a test image of its group."""
    validation_leaks: int
    """Images to train on that are of the group of a validation image, or a copy of one."""
    conflicts: int
    """Pairs of equal or nearly equal images with different labels."""
    conflicting: tuple[NamedPair, ...]
    alike: tuple[NamedPair, ...] = ()
    """Of the pairs that are equal or nearly so."""
    search_note: str = ""
    """Why duplicates were not searched to the end, a sentence."""


def examine(
    names: Sequence[str],
    labels: np.ndarray,
    splits: np.ndarray,
    groups: np.ndarray,
    duplicates: Duplicates,
    widths: Spread,
    heights: Spread,
    grey: int,
) -> Health:
    """The health of images by their names, labels, splits and groups, each (n,); and of the pictures as they came."""
    leaks = leaking(splits != TEST, splits == TEST, groups)
    chosen_by = leaking(splits == TRAIN, splits == VALIDATION, groups)
    pairs = duplicates.pairs
    conflicts = pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]
    return Health(
        widths=widths,
        heights=heights,
        grey=grey,
        equal=len(duplicates.equal),
        near=len(duplicates.near),
        leaks=len(leaks),
        leaking=_named(names, leaks),
        validation_leaks=len(chosen_by),
        conflicts=len(conflicts),
        conflicting=_named(names, conflicts),
        alike=_named(names, pairs),
        search_note=duplicates.note,
    )


def leaking(learnt: np.ndarray, held_out: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Images learnt from that are of the group of one held out, each with the first of these: int64 (m, 2).

    Both are masks (n,), groups int64 (n,).
    """
    others = np.flatnonzero(held_out)
    held, first = np.unique(groups[others], return_index=True)
    leaks = np.flatnonzero(learnt & np.isin(groups, held))
    partners = others[first[np.searchsorted(held, groups[leaks])]] if len(leaks) else leaks
    return np.stack([leaks, partners], axis=1)


def findings(version: Version, health: Health) -> list[str]:
    """The health in sentences: what it is, then what should be looked at."""
    return [*_of_pictures(version, health), *_of_classes(version), *_of_duplicates(health), *_of_test(version)]


def spread(values: np.ndarray) -> Spread:
    """The smallest, the median and the largest."""
    return int(values.min()), float(np.median(values)), int(values.max())


def _named(names: Sequence[str], pairs: np.ndarray) -> tuple[NamedPair, ...]:
    return tuple(NamedPair(first=names[a], second=names[b]) for a, b in pairs[:MOST_LISTED].tolist())


def _of_pictures(version: Version, health: Health) -> list[str]:
    low, middle, high = (f"{w:,.0f}x{h:,.0f}" for w, h in zip(health.widths, health.heights, strict=True))
    stored = f"{version.side}x{version.side} pixels in {'colour' if version.colour else 'grey'}"
    sizes = f"Pictures have {low} to {high} pixels (median {middle}); they are stored at {stored}."
    refused = sum(version.refused.values())
    if not refused:
        return [sizes]
    reasons = [f"{reason}: {count:,}" for reason, count in sorted(version.refused.items(), key=lambda part: -part[1])]
    return [sizes, f"{counted(refused, 'file')} {_is(refused)} left out ({listed(reasons, _MOST_NAMED)})."]


def _of_classes(version: Version) -> list[str]:
    totals = np.sum([np.array(counts) for counts in version.counts.values()], axis=0)
    told = []
    small = [f"{name} ({total})" for name, total in zip(version.classes, totals, strict=True) if total < FEW_IMAGES]
    if small:
        told.append(
            f"{counted(len(small), 'class', 'classes')} with fewer than {FEW_IMAGES} images: "
            f"{listed(small, _MOST_NAMED)}. Nothing can be learnt of so few; add images or leave the class out."
        )
    if totals.max() >= _UNEQUAL * totals.min():
        told.append(
            f"The largest class has {totals.max() / totals.min():.0f} times as many images as the smallest; read the "
            f"macro averages, in which each class counts the same."
        )
    tests = version.counts.get("test", ())
    if untested := [name for name, count in zip(version.classes, tests, strict=True) if count == 0]:
        told.append(f"No test image is of {listed(untested, _MOST_NAMED)}: nothing is measured there.")
    return told


def _of_duplicates(health: Health) -> list[str]:
    told = []
    if health.equal or health.near:
        told.append(
            f"{counted(health.equal, 'image')} {_is(health.equal)} equal to another to the last pixel; "
            f"{counted(health.near, 'pair')} {_is(health.near)} nearly equal."
        )
    if health.conflicts:
        pair = health.conflicting[0]
        have = "has" if health.conflicts == 1 else "have"
        told.append(
            f"{counted(health.conflicts, 'pair')} of such images {have} different labels, {pair.first} and "
            f"{pair.second} for example: one of the two is wrong."
        )
    if health.leaks:
        pair = health.leaking[0]
        told.append(
            f"{counted(health.leaks, 'image')} to learn from {_is(health.leaks)} of the group of a test image or a "
            f"copy of one, {pair.first} and {pair.second} for example: accuracies come out too high. "
            f"python -m jobs data repair takes them out."
        )
    if health.validation_leaks:
        told.append(
            f"{counted(health.validation_leaks, 'image')} to train on {_is(health.validation_leaks)} of the group of "
            f"a validation image or a copy of one: validation comes out too good. python -m jobs data repair takes "
            "them out."
        )
    return [*told, health.search_note] if health.search_note else told


def _of_test(version: Version) -> list[str]:
    count = version.count("test")
    low, high = accuracy_interval(round(_EXAMPLE_ACCURACY * count), count)
    return [
        f"With {counted(count, 'test image')} an accuracy of {percent(_EXAMPLE_ACCURACY, 0)} has an interval of "
        f"{100 * low:.0f} to {100 * high:.0f} %: smaller differences between models cannot be seen."
    ]


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
