"""From a source to a version: listed, decoded, examined, split, told, and only then stored."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from core.datasets import health, versions
from core.datasets.assigning import Assigned, Pictures, assign
from core.datasets.duplicates import clustered, kept_duplicates
from core.datasets.health import Health
from core.datasets.pixels import scratch
from core.datasets.pixels.decoding import Square, decoded
from core.datasets.pixels.pixel_rows import PixelRows
from core.datasets.pixels.scratch import Decoded, Progress
from core.datasets.pixels.squares import LEAST_SIDE, MOST_SIDE, Form
from core.datasets.readers.choosing import read_source
from core.datasets.readers.class_spelling import Classes, classes_of
from core.datasets.readers.listing import SPLITS, Item, Listing, Refusal
from core.datasets.readers.trees import ZIP_LIMITS
from core.datasets.splitting import LEAST_SHARE, MOST_SHARE
from core.datasets.storing import Content, in_stored_order, store
from core.datasets.versions import RefusedFile, Version
from core.errors import DataSetError
from core.photos.archives import Limits
from core.statistics.wording import counted, listed
from core.texts import clean_name

Colour = Literal["auto", "grey", "colour"]
FEWEST_IMAGES, FEWEST_OF_CLASS = 10, 2
LARGEST_DEFAULT_SIDE = 64
LONGEST_LICENCE = 500
_SAMPLE = 400
_MOST_NAMED, _MOST_REASONS = 5, 50
_LINES = re.compile(r"\blines? \d+(?: and \d+)*")
_NUMBER = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True)
class Options:
    """How a source is imported. `side` None chooses by the pictures, `test_share` None the default of splitting.

    Decoded pictures are kept in the folder `scratch`, None among the data sets, until they are stored.
    """

    labels: Path | None = None
    group_column: str | None = None
    side: int | None = None
    colour: Colour = "auto"
    test_share: float | None = None
    seed: int = 0
    licence: str = ""
    cut_out: bool = False
    """Whether each picture is one item, to be cut out of its surroundings."""
    limits: Limits = ZIP_LIMITS
    scratch: Path | None = None


@dataclass(frozen=True)
class Plan:
    """What would be stored. `same` is the version that holds the same content already, if there is one."""

    version: Version
    content: Content
    health: Health
    same: Version | None

    @property
    def findings(self) -> list[str]:
        """What was understood and what should be looked at, in sentences."""
        return [*self.version.notes, *health.findings(self.version, self.health)]

    def store(self, folder: Path) -> Version:
        """Store it in the data folder it was prepared in; return the version that holds it."""
        return self.same or store(folder, self.version, self.content, self.health)


def add(folder: Path, name: str, path: Path, options: Options, progress: Progress) -> Version:
    """Import a source as the next version of a name; raise DataSetError as `planned` and `Plan.store` do."""
    with planned(folder, name, read_source_of(path, options), path.name, options, progress) as plan:
        return plan.store(folder)


def read_source_of(path: Path, options: Options) -> Listing:
    """The pictures of a path; raise DataSetError that says what to do."""
    return read_source(path, options.labels, options.group_column, options.limits)


@contextmanager
def planned(
    folder: Path, name: str, listing: Listing, source: str, options: Options, progress: Progress
) -> Iterator[Plan]:
    """What a listing comes to as a version of a name in a data folder, to be stored within the block or not.

    The decoded pictures stay until the version is stored, at most a week: imported again they are not decoded again.
    Raises DataSetError that says what to do, also for a full disk.
    """
    name = versions.checked_name(name)
    require_options(options)
    try:
        _require_trainable(listing.items, listing.order)
    except DataSetError as error:
        raise _with_refused(error, listing.refused, "cannot be used") from None
    side, why = _side_of(listing, options.side)
    form = Form(side, 1 if options.colour == "grey" else 3, options.cut_out)
    sets = versions.sets_folder(folder)
    scratch.clear_abandoned(sets)
    with scratch.scratch_folder(options.scratch or sets, listing, form) as kept:
        pictures = scratch.decode(kept, listing, form, progress)
        plan = _plan(folder, name, _Import(listing, pictures, source, why, options), progress)
        yield plan
        if versions.with_hash(folder, plan.version.hash):
            scratch.remove(kept)


def require_options(options: Options) -> None:
    """Raise DataSetError for a side or a share of test images that is not allowed."""
    if options.side is not None and not LEAST_SIDE <= options.side <= MOST_SIDE:
        raise DataSetError(f"Images of {options.side} pixels are not stored.", f"Use {LEAST_SIDE} to {MOST_SIDE}.")
    if options.test_share is not None and not LEAST_SHARE <= options.test_share <= MOST_SHARE:
        raise DataSetError(
            f"A test set of {options.test_share:.0%} of the images is not drawn.",
            f"Use a share from {LEAST_SHARE} to {MOST_SHARE}.",
        )


def _require_trainable(items: Sequence[Item], order: Sequence[str]) -> Classes:
    """The classes of pictures of which something can be learnt; raise DataSetError that says what is missing."""
    classes = classes_of([item.words for item in items], order)
    if len(items) < FEWEST_IMAGES:
        raise DataSetError(
            f"{counted(len(items), 'picture')} {'is' if len(items) == 1 else 'are'} too few to learn from.",
            f"Use at least {FEWEST_IMAGES}; some hundreds are worth a comparison.",
        )
    _require_learnt(items, classes)
    return classes


def _require_pairs(items: Sequence[Item], classes: Classes) -> None:
    """Raise DataSetError where a class has a single picture."""
    counts = Counter(classes.place_of[item.words] for item in items)
    if lonely := [classes.names[place] for place, count in counts.items() if count < FEWEST_OF_CLASS]:
        raise DataSetError(
            f"There is only one picture of {listed(lonely, _MOST_NAMED)}; one is for learning and one for the test.",
            "Add pictures of it, or leave the class out.",
        )


def _require_learnt(items: Sequence[Item], classes: Classes) -> None:
    """Raise DataSetError where a split that is given cannot be learnt from."""
    by_split = {split: {classes.place_of[item.words] for item in items if item.split == split} for split in SPLITS}
    tested = by_split["test"] | by_split["validation"]
    if not tested and not by_split["train"]:
        return
    if not by_split["train"]:
        raise DataSetError("There are no pictures to learn from: all are for the test.", "Add a folder train.")
    if unknown := sorted(tested - by_split["train"]):
        names = listed([repr(classes.names[place]) for place in unknown], _MOST_NAMED)
        raise DataSetError(
            f"train lacks {'a class' if len(unknown) == 1 else 'classes'} of the test or validation set: {names}.",
            "Add pictures of it to train, correct its name, or take it out of the others.",
        )


def _side_of(listing: Listing, chosen: int | None) -> tuple[int, str]:
    """The side to store, and the sentence that says why where nobody has chosen it."""
    if chosen is not None:
        return chosen, ""
    sample = decoded(listing.contents(0, -(-len(listing.items) // _SAMPLE)), Form(LEAST_SIDE, 1))
    shorter = [min(square.size) for square in sample if isinstance(square, Square)]
    if not shorter:
        raise DataSetError(
            f"None of the files looked at can be read as a picture ({listing.items[0].name} for example).",
            "Open them with another program, or name the folder of the pictures.",
        )
    middle = round(float(np.median(shorter)))
    side = max(LEAST_SIDE, min(LARGEST_DEFAULT_SIDE, middle))
    return side, f"Stored at {side}x{side} pixels: the shorter sides have {middle:,} (median)."


@dataclass(frozen=True)
class _Import:
    """A listing with its decoded pictures, and how they are imported."""

    listing: Listing
    pictures: Decoded
    source: str
    why_side: str
    options: Options

    @property
    def items(self) -> list[Item]:
        """Those that could be decoded."""
        return [self.listing.items[place] for place in self.pictures.kept]

    @property
    def refused(self) -> list[Refusal]:
        """All that is not stored."""
        return [*self.listing.refused, *self.pictures.refused]


def _plan(folder: Path, name: str, source: _Import, progress: Progress) -> Plan:
    items, pictures, options = source.items, source.pictures, source.options
    classes = _classes_left(source)
    labels = np.array([classes.place_of[item.words] for item in items], np.int64)
    rows = _coloured(pictures, options.colour)
    searched = pictures.rows.parts[0].path.with_name("duplicates.npz")
    duplicates = kept_duplicates(rows, searched, lambda share: progress("Looking for duplicates", share))
    groups = _bound(items, duplicates.clusters)
    names = tuple(item.name for item in items)
    earlier = next(iter(versions.versions_called(folder, name)), None)
    form = Form(rows.side, rows.channels, options.cut_out)
    to_assign = Pictures(items, rows, labels, groups, classes.names, form)
    assigned = assign(folder, to_assign, earlier, options.test_share, options.seed)
    content = in_stored_order(classes.names, rows, labels, assigned.places, names, groups)
    version = _version(name, earlier, source, content, assigned, classes)
    grey = int(np.count_nonzero(pictures.grey))
    widths, heights = map(health.spread, pictures.sizes.T)
    report = health.examine(names, labels, assigned.places, groups, duplicates, widths, heights, grey)
    return Plan(version, content, report, versions.with_hash(folder, version.hash))


def _version(
    name: str, earlier: Version | None, source: _Import, content: Content, assigned: Assigned, classes: Classes
) -> Version:
    refused = source.refused
    notes = [*source.listing.notes, *classes.notes, *_without_pictures(source.listing, classes)]
    return Version(
        hash=content.hash(),
        name=earlier.name if earlier else name,
        number=earlier.number + 1 if earlier else 1,
        parent=earlier.hash if earlier else None,
        created_at=time.time(),
        classes=content.classes,
        side=content.rows.side,
        colour=content.rows.channels == 3,
        cut_out=source.options.cut_out,
        counts=content.counts(),
        grouped=content.groups is not None,
        drawn=assigned.drawn,
        seed=source.options.seed if assigned.drawn else None,
        test_share=assigned.share,
        source_kind=source.listing.kind,
        source_name=clean_name(source.source),
        licence=clean_name(source.options.licence)[:LONGEST_LICENCE],
        refused=_by_reason(refused),
        refused_files=tuple(RefusedFile(name=file.name, reason=file.reason) for file in refused[: health.MOST_LISTED]),
        notes=(*notes, *filter(None, [source.why_side]), *assigned.notes),
    )


def _classes_left(source: _Import) -> Classes:
    """The classes of what could be decoded; raise DataSetError, with what was not, where that is too little."""
    try:
        classes = _require_trainable(source.items, source.listing.order)
        _require_pairs(source.items, classes)
        return classes
    except DataSetError as error:
        unread = f"of {len(source.listing.items):,} cannot be read"
        raise _with_refused(error, source.pictures.refused, unread) from None


def _with_refused(error: DataSetError, refused: Sequence[Refusal], words: str) -> DataSetError:
    """The error, with how many files were refused before, and one of them; the error itself where none was."""
    if not refused:
        return error
    example = f"{refused[0].name} {refused[0].reason}, for example"
    return DataSetError(f"{counted(len(refused), 'file')} {words} ({example}). {error.message}", error.advice)


def _without_pictures(listing: Listing, classes: Classes) -> list[str]:
    """Classes all of whose pictures were refused."""
    written = {item.words for item in listing.items}
    lost = sorted(words for words in written if words not in classes.place_of)
    if not lost:
        return []
    return [f"No picture of {listed(lost, _MOST_NAMED)} can be read, so that there is no such class."]


def _coloured(pictures: Decoded, colour: Colour) -> PixelRows:
    """The squares in one channel where that is wanted, or where all are grey and nothing else is wanted."""
    if colour == "auto" and bool(pictures.grey.all()):
        return replace(pictures.rows, channels=1)
    return pictures.rows


def _bound(items: Sequence[Item], clusters: np.ndarray) -> np.ndarray:
    """Groups, int64 (n,): pictures of one group as given, and those that show the same, over any chain of both."""
    first: dict[str, int] = {}
    given = [(first.setdefault(item.group, place), place) for place, item in enumerate(items) if item.group is not None]
    _, heads, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    same = np.stack([heads[inverse], np.arange(len(items))], axis=1)
    return clustered(len(items), np.concatenate([np.array(given, np.int64).reshape(-1, 2), same]))


def _by_reason(refused: Sequence[Refusal]) -> dict[str, int]:
    """How many files were refused for what, lines and numbers in the reasons apart."""
    reasons = (_NUMBER.sub("N", _LINES.sub("lines", file.reason)) for file in refused)
    return dict(Counter(reasons).most_common(_MOST_REASONS))
