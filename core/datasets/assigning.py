"""Which pictures of an import are for learning, validation and test: as given, as before, or drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.duplicates import pixel_digests
from core.datasets.health import TEST, VALIDATION
from core.datasets.opening import read_content
from core.datasets.pixels.pixel_rows import PixelRows
from core.datasets.pixels.squares import Form
from core.datasets.readers.listing import SPLITS, Item
from core.datasets.splitting import DEFAULT_SHARE, draw_test
from core.datasets.versions import Version
from core.statistics.wording import counted, listed, percent

_MOST_NAMED = 5


@dataclass(frozen=True)
class Assigned:
    """The split of each picture, by its place in SPLITS, uint8 (n,); whether Lookbook drew the test, and how much."""

    places: np.ndarray
    drawn: bool
    share: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Pictures:
    """The pictures to assign: what is known of each, its image, its label and its group, the latter two int64 (n,)."""

    items: Sequence[Item]
    rows: PixelRows
    labels: np.ndarray
    groups: np.ndarray
    classes: tuple[str, ...]
    form: Form


def assign(folder: Path, pictures: Pictures, earlier: Version | None, share: float | None, seed: int) -> Assigned:
    """Assign every picture. A test set that is given stays; then that of the earlier version does; else one is drawn.

    What is given for validation stays there, with all of its groups.

    `share` None draws DEFAULT_SHARE, and nothing from what is new since the earlier version.
    """
    given = np.array([SPLITS.index(item.split or "train") for item in pictures.items], np.uint8)
    before = _tested_before(folder, pictures, earlier) if earlier is not None else None
    if (given == TEST).any():
        return Assigned(given, False, None, _of_given(given, before, earlier))
    return _drawn(pictures, given, before, earlier, share, seed)


def _drawn(
    pictures: Pictures,
    given: np.ndarray,
    before: np.ndarray | None,
    earlier: Version | None,
    share: float | None,
    seed: int,
) -> Assigned:
    wanted = DEFAULT_SHARE if share is None else share
    labels, groups = pictures.labels, pictures.groups
    free = np.flatnonzero(~np.isin(groups, groups[given == VALIDATION]))
    fixed = None if before is None else before[free]
    drawn = draw_test(labels[free], groups[free], wanted, seed, fixed, only_new=share is None)
    test = np.zeros(len(labels), bool)
    test[free] = drawn.test
    places = np.where(test, TEST, given).astype(np.uint8)
    notes = [f"Test set: {percent(wanted, 0)} of each class, drawn in whole groups with seed {seed}."]
    if before is not None and earlier is not None:
        notes = _of_before(pictures, before, test, earlier)
    if drawn.without:
        names = listed([pictures.classes[place] for place in drawn.without], _MOST_NAMED)
        notes.append(f"Too few groups to draw a test image of {names}.")
    return Assigned(places, True, wanted, tuple(notes))


def _tested_before(folder: Path, pictures: Pictures, earlier: Version) -> np.ndarray:
    """Which pictures are test images of the earlier version, bool (n,): by pixels, or by name where forms differ."""
    content = read_content(folder, earlier)
    tested = np.flatnonzero(content.splits == TEST)
    if earlier.form == pictures.form:
        known = set(pixel_digests(content.rows.reordered(tested)))
        return np.array([digest in known for digest in pixel_digests(pictures.rows)], bool)
    names = {content.names[place] for place in tested}
    return np.array([item.name in names for item in pictures.items], bool)


def _of_given(given: np.ndarray, before: np.ndarray | None, earlier: Version | None) -> tuple[str, ...]:
    if before is None or earlier is None:
        return ()
    moved = int(np.count_nonzero(before & (given != TEST)))
    missing = earlier.count("test") - int(np.count_nonzero(before))
    if not moved and missing <= 0:
        return ()
    return (
        f"The test set differs from that of {earlier.label}: {moved:,} of its images are for learning now and "
        f"{max(missing, 0):,} are gone. Runs on the two versions cannot be compared.",
    )


def _of_before(pictures: Pictures, before: np.ndarray, test: np.ndarray, earlier: Version) -> list[str]:
    stayed = int(np.count_nonzero(before))
    notes = [
        f"{counted(stayed, 'test image')} of {earlier.label} {'stays' if stayed == 1 else 'stay'} in the test set."
    ]
    missing = earlier.count("test") - stayed
    if missing > 0:
        notes.append(f"{counted(missing, 'test image')} of {earlier.label} {'is' if missing == 1 else 'are'} gone.")
    joined = test & ~before & np.isin(pictures.groups, pictures.groups[before])
    if joined.any():
        notes.append(f"{counted(int(joined.sum()), 'new picture')} of groups of the test set joined it.")
    more = int(np.count_nonzero(test & ~before & ~joined))
    if more:
        notes.append(f"{counted(more, 'new picture')} {'was' if more == 1 else 'were'} drawn for the test set.")
    return notes
