"""Tables of data sets: which versions there are, and what is in one."""

from collections.abc import Sequence

from core.datasets.readers.listing import SPLITS
from core.datasets.versions import Version
from core.statistics.wording import NOTHING, count, moment
from jobs.reports.document import Table

_SHOWN_ID = 8


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
    return (
        f"{version.label}: {count(version.size)} images of {len(version.classes)} classes, "
        f"{version.side}x{version.side} pixels in {'colour' if version.colour else 'grey'}"
        f"{', each cut out of its surroundings' if version.cut_out else ''}."
    )


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
