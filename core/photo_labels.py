"""The true classes of photos, as people state them: by the names of folders, or in tables of file and class.

One rule for both: a photo gets a class for certain, or it is said why it has none.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from urllib.parse import unquote

from core.class_names import label_named, label_numbered
from core.classes import CLASS_NAMES
from core.label_tables import LabelRow, LabelTable, NoLabelColumns, UnreadableLabels, path_parts, read_table
from core.photo_files import PhotoFile
from core.wording import counted, listed

_NAMED = 3
"""So many photos, rows and conflicts are named in a sentence."""
_SHOWN = 40
"""Characters of a wrong label that a message repeats."""
_PICTURES = {"jpg", "jpeg", "jfif", "heic", "heif", "png", "webp", "avif", "tif", "tiff", "bmp", "gif"}
_UPLOAD_MARK = re.compile(r"[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the names of files that are uploaded to it."""


@dataclass(frozen=True)
class StatedLabels:
    """What is stated of some photos: their labels 0 to 9, or why a photo has none, by the names of the files.

    `unmatched` names the rows of tables, of `rows` in all, that match no photo.
    """

    labels: Mapping[str, int]
    reasons: Mapping[str, str]
    conflicts: Sequence[str] = ()
    unmatched: Sequence[str] = ()
    rows: int = 0
    tables: frozenset[str] = frozenset()
    """The names of the tables that it is stated by; none where it is stated by folders."""

    def of(self, name: str) -> int | None:
        """The label of a photo, None if it has none for certain."""
        return self.labels.get(name)

    def why_not(self, name: str) -> str:
        """Why a photo has no label, in a sentence."""
        return self.reasons.get(name, "It has no label.")

    @property
    def sentences(self) -> list[str]:
        """What a person should know: rows that match no photo, photos without a label, and every conflict by name."""
        told = list(self.conflicts[:_NAMED])
        if len(self.conflicts) > _NAMED:
            told.append(f"There are {counted(len(self.conflicts) - _NAMED, 'conflict')} more.")
        if self.unmatched:
            match = "matches" if len(self.unmatched) == 1 else "match"
            few = listed(self.unmatched, _NAMED)
            told.append(f"{len(self.unmatched):,} of {counted(self.rows, 'row')} {match} no photo: {few}.")
        if self.reasons and (self.labels or self.tables):
            have = "has" if len(self.reasons) == 1 else "have"
            few = listed(list(self.reasons), _NAMED)
            told.append(f"{counted(len(self.reasons), 'photo')} {have} no label: {few}.")
        return told


@dataclass(frozen=True)
class Tables:
    """The tables among some files, the names of those about other things, and what is wrong with the rest."""

    tables: list[LabelTable] = field(default_factory=list)
    of_other_things: list[str] = field(default_factory=list)
    faults: list[UnreadableLabels] = field(default_factory=list)


def read_tables(files: Iterable[PhotoFile]) -> Tables:
    """The tables among files, each for what lies beside it in its folder or zip; one that lies alone for all.

    A table in a folder or zip that has no columns of labels is about other things; any other fault is reported.
    """
    found = Tables()
    for file in files:
        where = file.name.rpartition("/")[0]
        try:
            found.tables.append(read_table(file.content, file.name, where))
        except NoLabelColumns as error:
            if where:
                found.of_other_things.append(file.name)
            else:
                found.faults.append(error)
        except UnreadableLabels as error:
            found.faults.append(error)
    return found


def labels_by_folders(names: Sequence[str]) -> StatedLabels:
    """The labels of photos by the folders, at any depth, that they lie in: "Bag/1/a.jpg" is a bag.

    A class that is written out counts more than a number, which may just number folders; where some folders are
    numbered beyond the labels, numbers are none. Two classes on the way to a photo are a conflict, unless one of them
    is on the way to all photos and so tells nothing.
    """
    paths = {name: _folders(name) for name in names}
    shared = _shared_start(list(paths.values()))
    numbers = {folder for path in paths.values() for folder in path[shared:] if folder.isdecimal()}
    ways = [label_named, label_numbered] if all(label_numbered(each) is not None for each in numbers) else [label_named]
    labels, reasons, conflicts = dict[str, int](), dict[str, str](), list[str]()
    for name, folders in paths.items():
        stated = _stated_by(folders[shared:], ways) or _stated_by(folders[:shared], ways)
        if len(stated) == 1:
            labels[name] = stated.pop()
        elif stated:
            reasons[name] = f"Its folders name {_classes(stated)}."
            conflicts.append(f"{name} lies in folders that name {_classes(stated)}, and so counts for neither.")
        else:
            reasons[name] = "It lies in no folder that is named by a class."
    return StatedLabels(labels, reasons, conflicts)


def labels_by_tables(names: Sequence[str], tables: Sequence[LabelTable]) -> StatedLabels:
    """The labels of photos by the rows of tables that name them.

    A row names a photo by as much of the end of its path as only one photo has. Folders before the photo's path, or
    that all photos lie in, do not matter; small and capital letters do where names differ in nothing else.
    """
    said: defaultdict[int, list[tuple[LabelTable, LabelRow]]] = defaultdict(list)
    unmatched, doubtful, rows = list[str](), dict[int, str](), 0
    for table in tables:
        index = _Index(names, table.where)
        for row in table.rows:
            rows += 1
            matched = index.photos_of(row.parts)
            if not matched:
                unmatched.append("/".join(row.parts) or f"line {row.line} of {table.name}")
            elif len(matched) > 1:
                for photo in matched:
                    doubtful[photo] = f"Line {row.line} of {table.name} fits it and {_others(len(matched))} as well."
            else:
                said[matched[0]].append((table, row))
    used = frozenset(table.name for table in tables)
    return replace(_weighed(names, said, doubtful), unmatched=unmatched, rows=rows, tables=used)


def _weighed(
    names: Sequence[str],
    said: Mapping[int, Sequence[tuple[LabelTable, LabelRow]]],
    doubtful: Mapping[int, str],
) -> StatedLabels:
    """The label of each photo by what its rows say, or why it has none."""
    labels, reasons, conflicts = dict[str, int](), dict[str, str](), list[str]()
    for photo, name in enumerate(names):
        stated = frozenset().union(*(row.labels for _, row in said.get(photo, ())))
        if len(stated) == 1:
            labels[name] = next(iter(stated))
        elif stated:
            reasons[name] = f"Its rows say {_classes(stated)}."
            conflicts.append(f"{name} is {_told(said[photo])}, and so counts for neither.")
        elif photo in doubtful:
            reasons[name] = doubtful[photo]
            conflicts.append(f"{name}: {doubtful[photo]}")
        else:
            reasons[name], is_wrong = _unlabelled(said.get(photo, ()))
            if is_wrong:
                conflicts.append(f"{name}: {reasons[name]}")
    # Of two photos with one name neither can be told by it.
    return StatedLabels({name: label for name, label in labels.items() if name not in reasons}, reasons, conflicts)


def _unlabelled(rows: Sequence[tuple[LabelTable, LabelRow]]) -> tuple[str, bool]:
    """Why these rows of a photo give it no label, and whether one of them has something else there."""
    table, row = next(((table, row) for table, row in rows if row.words), (None, None))
    if table and row:
        shown = repr(row.words[:_SHOWN]) + ("…" if len(row.words) > _SHOWN else "")
        return f"Line {row.line} of {table.name} has {shown}, which is no class.", True
    return ("Its row has no label." if rows else "No row of the tables names it."), False


def _told(rows: Sequence[tuple[LabelTable, LabelRow]]) -> str:
    """ "Bag by line 2 and Shirt by line 5 of labels.csv"."""
    tables = {table.name for table, _ in rows}
    each = [
        f"{_classes(row.labels)} by line {row.line}" + (f" of {table.name}" if len(tables) > 1 else "")
        for table, row in rows
        if row.labels
    ]
    return " and ".join(each[:_NAMED]) + (f" of {tables.pop()}" if len(tables) == 1 else "")


def _classes(labels: Iterable[int]) -> str:
    return " and ".join(CLASS_NAMES[label] for label in sorted(labels))


def _others(count: int) -> str:
    return "another photo" if count == 2 else f"{count - 1} other photos"


def _folders(name: str) -> tuple[str, ...]:
    """The folders of a file, a zip among them without the end of its name."""
    return tuple(re.sub(r"\.zip$", "", part, flags=re.IGNORECASE) for part in path_parts(name)[:-1])


def _shared_start(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders all paths begin with."""
    return sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False)))


def _stated_by(folders: Sequence[str], ways: Sequence[Callable[[str], int | None]]) -> set[int]:
    """The labels that folders name, by the first way of reading them that gives any."""
    for read in ways:
        if labels := {label for folder in folders if (label := read(folder)) is not None}:
            return labels
    return set()


class _Index:
    """Photos within a folder or zip, found by the paths that rows of a table give them."""

    def __init__(self, names: Sequence[str], where: str) -> None:
        start = path_parts(where)
        paths = {photo: path_parts(name) for photo, name in enumerate(names)}
        self._paths = {photo: path[len(start) :] for photo, path in paths.items() if path[: len(start)] == start}
        self._shared = _shared_start([path[:-1] for path in self._paths.values()])
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[int]] = defaultdict(list)
        self._by_number: defaultdict[int, list[int]] = defaultdict(list)
        for photo, path in self._paths.items():
            name = path[-1].casefold() if path else ""
            self._by_name[name].append(photo)
            stem = name.rpartition(".")[0]
            self._by_stem[stem].append(photo)
            if stem.isascii() and stem.isdecimal() and len(stem) < 19:
                self._by_number[int(stem)].append(photo)

    def photos_of(self, row: tuple[str, ...]) -> list[int]:
        """The photos that a row may mean: none, the one that it means, or several that it fits equally well."""
        if not row:
            return []
        for written in _ways(row):
            for same in (str, str.casefold):
                fits = {photo: self._fit(written, photo, same) for photo in self._by_name[written[-1].casefold()]}
                best = max(fits.values(), default=(False, 0))
                if best[1]:
                    return [photo for photo, fit in fits.items() if fit == best]
        return self._by_other_names(row[-1].casefold()) if len(row) == 1 else []

    def _by_other_names(self, name: str) -> list[int]:
        """Photos by a name without its ending, as Kaggle has it, with that of before a phone converted it, or by a
        number that a spreadsheet took the zeros from."""
        stem, _, ending = name.rpartition(".")
        if ending == "0" and stem.isdecimal():
            name = stem
        if found := self._by_stem.get(name) or (self._by_stem.get(stem) if ending in _PICTURES else None):
            return found
        return self._by_number.get(int(name), []) if name.isascii() and name.isdecimal() and len(name) < 19 else []

    def _fit(self, row: tuple[str, ...], photo: int, same: Callable[[str], str]) -> tuple[bool, int]:
        """How well a row's path fits that of a photo: whether it is the same, and how many parts of the end are.

        0 where one has folders that the other contradicts.
        """
        path = self._paths[photo]
        pairs = zip(reversed(row), reversed(path), strict=False)
        common = sum(1 for _ in takewhile(lambda pair: same(pair[0]) == same(pair[1]), pairs))
        fits = common == len(row) or common >= len(path) - self._shared
        return (common == len(row) == len(path), common) if fits else (False, 0)


def _ways(row: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A row's path as it is written, without what a tool has put before the name, and without percent signs."""
    yield row
    if "%" in row[-1]:
        yield tuple(unquote(part) for part in row)
    if mark := _UPLOAD_MARK.match(row[-1]):
        yield (row[-1][mark.end() :],)
