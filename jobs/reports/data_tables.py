"""Tables of data sets: which versions there are, and what is in one."""

from collections.abc import Sequence

import numpy as np

from core.datasets.correcting import Changes
from core.datasets.differing import Difference
from core.datasets.readers.listing import SPLITS
from core.datasets.storing import Content
from core.datasets.versions import Version
from core.statistics.wording import NOTHING, count, counted, listed, moment
from jobs.reports.document import Table
from jobs.results.label_marks import Review

_SHOWN_ID, _MOST_NAMED = 8, 10


def version_table(versions: Sequence[Version]) -> Table:
    """The versions, one a row."""
    header = ("Name", "Hash", "Classes", "Images", "Test", "Pixels", "Created")
    return Table("", header, tuple(map(_row, versions)))


def class_table(version: Version) -> Table:
    """The images of each class in each split that there is."""
    splits = [split for split in SPLITS if split in version.counts]
    rows = tuple(
        (name, *(count(version.counts[split][place]) for split in splits)) for place, name in enumerate(version.classes)
    )
    total = ("All", *(count(version.count(split)) for split in splits))
    return Table("", ("Class", *map(str.capitalize, splits)), (*rows, total))


def facts(version: Version) -> list[str]:
    """What a version is, in sentences."""
    return [headline(version), *origin(version), f"Hash: {version.hash}."]


def headline(version: Version) -> str:
    """What is in it, in a sentence."""
    return f"{version.label}: {count(version.size)} images of {len(version.classes)} classes, {_form(version)}."


def _form(version: Version) -> str:
    pixels = f"{version.side}x{version.side} pixels in {'colour' if version.colour else 'grey'}"
    return f"{pixels}, each cut out of its surroundings" if version.cut_out else pixels


def origin(version: Version) -> list[str]:
    """Where it came from and how it was split, in sentences."""
    parts = [f"From {version.source_name} ({version.source_kind})."]
    if version.drawn:
        parts.append(f"The test set was drawn with seed {version.seed}.")
    if version.parent:
        parts.append(f"It came from version {version.parent[:_SHOWN_ID]}.")
    if version.licence:
        parts.append(f"Licence: {version.licence}.")
    return parts


def review_sentence(review: Review) -> str:
    """How many images are marked, by whom, and on how many people disagree."""
    people = sorted({mark.person for marks in review.marks.values() for mark in marks})
    marked = f"{counted(len(review.marks), 'image')} marked by {listed(people, _MOST_NAMED)}"
    return f"{marked}; {counted(len(review.disputed), 'image')} in dispute." if review.disputed else f"{marked}."


def changes_table(content: Content, changes: Changes) -> Table:
    """How many labels of each split corrections change, and how many images they take out."""
    rows = [
        (
            SPLITS[split].capitalize(),
            *(count(int(np.sum(content.splits[of] == split))) for of in (changes.relabelled, changes.taken_out)),
        )
        for split in np.unique(content.splits)
    ]
    return Table("", ("Split", "Labels changed", "Images taken out"), tuple(rows))


def difference_sentences(first: Version, second: Version, parts: Difference) -> list[str]:
    """How a version differs from the first, and by which rule images were taken to be the same."""
    told = [
        f"{first.label} has {counted(first.size, 'image')}, {second.label} {counted(second.size, 'image')}; "
        f"{count(len(parts.pairs))} are in both: {counted(len(parts.added), 'image')} added, "
        f"{count(len(parts.removed))} taken out, {count(len(parts.relabelled))} relabelled, {count(len(parts.moved))} "
        "in another split."
    ]
    if gone := [name for name in first.classes if name not in second.classes]:
        told.append(f"Classes that {second.label} does not have: {listed(gone, _MOST_NAMED)}.")
    if new := [name for name in second.classes if name not in first.classes]:
        told.append(f"Classes that {first.label} does not have: {listed(new, _MOST_NAMED)}.")
    if not parts.by_pixels:
        told.append(f"{first.label} has its images at {_form(first)}; {second.label} at {_form(second)}.")
    rule = (
        "their pixels are equal; of several equal ones, those of one name" if parts.by_pixels else "they have one name"
    )
    return [*told, f"Images are the same where {rule}."]


def _row(version: Version) -> tuple[str, ...]:
    return (
        version.label,
        version.hash[:_SHOWN_ID],
        count(len(version.classes)),
        count(version.size),
        count(version.count("test")),
        f"{version.side} {'colour' if version.colour else 'grey'}",
        NOTHING if version.is_built_in else moment(version.created_at),
    )
