"""A test set drawn where none is given: by class, by group and by seed; that of an earlier version stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DEFAULT_SHARE = 0.2
LEAST_SHARE, MOST_SHARE = 0.02, 0.5


@dataclass(frozen=True)
class Drawn:
    """Which images are for the test, bool (n,), and classes, by place, of which no image could be."""

    test: np.ndarray
    without: tuple[int, ...]


def draw_test(
    labels: np.ndarray,
    groups: np.ndarray,
    share: float,
    seed: int,
    fixed: np.ndarray | None = None,
    only_new: bool = True,
) -> Drawn:
    """Draw about `share` of each class, at least one image, in whole groups; labels and groups int64 (n,).

    What is `fixed` (bool, (n,)) is in the test with all of its group; then more is drawn only of classes that have no
    test image, unless `only_new` is false. Of each class at least one image stays out of the test.
    """
    test = np.isin(groups, groups[fixed]) if fixed is not None else np.zeros(len(labels), bool)
    totals = np.bincount(labels)
    taken = np.bincount(labels[test], minlength=len(totals))
    wanted = np.minimum(np.maximum(np.round(totals * share).astype(int), 1), np.maximum(totals - 1, 0))
    if fixed is not None and only_new:
        wanted = np.where(taken > 0, taken, wanted)
    members = _members(groups, seed, ~test)
    _take_what_helps(labels, members, test, wanted, totals)
    _fill(labels, members, test, totals)
    return Drawn(
        test, tuple(int(label) for label in np.flatnonzero(np.bincount(labels[test], minlength=len(totals)) == 0))
    )


def _members(groups: np.ndarray, seed: int, which: np.ndarray) -> list[np.ndarray]:
    """The places of each group, the groups in an order that the seed gives."""
    candidates = np.flatnonzero(which)
    order = candidates[np.argsort(groups[candidates], kind="stable")]
    bounds = np.flatnonzero(np.diff(groups[order])) + 1
    members = np.split(order, bounds) if len(order) else []
    # Only the raw stream of a bit generator is promised to stay the same in every version of numpy.
    keys = np.random.PCG64(seed).random_raw(len(members))
    return [members[place] for place in np.argsort(keys, kind="stable")]


def _take_what_helps(
    labels: np.ndarray, members: Sequence[np.ndarray], test: np.ndarray, wanted: np.ndarray, totals: np.ndarray
) -> None:
    """Put each group into the test that brings its classes nearer to what is wanted, by squares of what is missing.

    A group of several classes may bring too much of one where it brings more that is missing of another.
    """
    missing = wanted - np.bincount(labels[test], minlength=len(totals))
    spare = totals - np.bincount(labels[test], minlength=len(totals))
    weights = 1 / np.maximum(wanted, 1)
    for places in members:
        classes, counts = np.unique(labels[places], return_counts=True)
        gain = weights[classes] * (missing[classes] ** 2 - (missing[classes] - counts) ** 2)
        if gain.sum() > 0 and (counts < spare[classes]).all():
            test[places] = True
            missing[classes] -= counts
            spare[classes] -= counts


def _fill(labels: np.ndarray, members: Sequence[np.ndarray], test: np.ndarray, totals: np.ndarray) -> None:
    """Give each class that has no test image its smallest group, where every class keeps an image to learn from."""
    for label in range(len(totals)):
        if (labels[test] == label).any():
            continue
        fitting = [places for places in members if (labels[places] == label).any() and not test[places].any()]
        for places in sorted(fitting, key=len):
            left = totals - np.bincount(labels[test], minlength=len(totals))
            if (left - np.bincount(labels[places], minlength=len(totals)) >= np.minimum(totals, 1)).all():
                test[places] = True
                break
