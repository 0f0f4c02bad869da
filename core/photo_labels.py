"""The true classes of photos, as people state them: by the name of a folder, or in a CSV of file and label."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.errors import LookbookError
from core.photo_files import PhotoFile

MAX_LABEL_BYTES = 10**6
MAX_LABELS = 10_000

_FILE_COLUMNS = ("file", "filename", "name", "path", "image")
_LABEL_COLUMNS = ("label", "class", "category", "label_index")
_ADVICE = f"Write a line `file,label` and then one line per photo. Labels are {', '.join(CLASS_NAMES)}, or 0 to 9."
_SHOWN = 40
"""Characters of a wrong label that a message repeats."""
_DIGITS = tuple(map(str, range(CLASS_COUNT)))
_FEWER = "State the labels of fewer photos at a time."
_BY_WORD = {re.sub("[^a-z]", "", name.lower()): label for label, name in enumerate(CLASS_NAMES)}
_BY_WORD |= {"tshirt": 0, "top": 0, "boot": 9}


class UnreadableLabels(LookbookError):
    """A CSV of labels that cannot be understood; the message says which line."""

    kind = "photo"


class NoLabelColumns(UnreadableLabels):
    """A table of something else."""


@dataclass(frozen=True)
class Labels:
    """Labels 0 to 9 by the name of the file, with as much of its path as it takes to tell the files apart."""

    by_file: Mapping[str, int]

    def of(self, name: str) -> int | None:
        """The label of a file, by its whole path or the longest end of it that is known; None if none is."""
        parts = PurePosixPath(name.replace("\\", "/")).parts
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((self.by_file[end] for end in ends if end in self.by_file), None)


@dataclass(frozen=True)
class TableLabels:
    """Labels of several tables, each by the path of the folder or zip that it speaks of: "" for all files."""

    tables: Mapping[str, Labels]

    def of(self, name: str) -> int | None:
        """The label of a file by the table that lies nearest to it; None if none knows it."""
        nearest = sorted((where for where in self.tables if name.startswith(where)), key=len, reverse=True)
        found = (self.tables[where].of(name.removeprefix(where)) for where in nearest)
        return next((label for label in found if label is not None), None)


@dataclass(frozen=True)
class Tables:
    """What CSVs that came along with photos say: labels, the names of those about other things, and what is wrong."""

    labels: TableLabels
    of_other_things: list[str]
    faults: list[UnreadableLabels]


class FolderLabels:
    """Labels by the name of the folder that a file is in: "Bag/1.jpg" is a bag."""

    def of(self, name: str) -> int | None:
        """The label of a file, None if its folder is not called like a class."""
        return label_of(PurePosixPath(name.replace("\\", "/")).parent.name)


AnyLabels = Labels | TableLabels | FolderLabels


def label_of(words: str) -> int | None:
    """The label of a class as people write it: "Ankle boot", "ankle-boots", "T-Shirt", "9"; None if it is none."""
    text = words.strip().lower()
    if text in _DIGITS:
        return int(text)
    word = re.sub("[^a-z]", "", text)
    singulars = (word, word.removesuffix("s"), word.removesuffix("es"))
    return next((_BY_WORD[one] for one in singulars if one in _BY_WORD), None)


def read_labels(content: bytes) -> Labels:
    """The labels in a CSV with a column for the file and one for the label, parted by commas, semicolons or tabs.

    Raises UnreadableLabels, also for more than MAX_LABEL_BYTES or MAX_LABELS.
    """
    if len(content) > MAX_LABEL_BYTES:
        raise UnreadableLabels(f"The labels have more than {MAX_LABEL_BYTES // 10**6} MB.", _FEWER)
    try:
        text = content.decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
        return Labels(_by_file(rows))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableLabels(f"The labels are no CSV in UTF-8: {error}.", _ADVICE) from error


def read_tables(tables: Iterable[PhotoFile]) -> Tables:
    """The labels of several CSVs, each for what lies beside it in its folder or zip; one that lies alone for all.

    A CSV in a folder or zip that has no columns of labels is about other things; any other fault is reported.
    """
    found: dict[str, Labels] = {}
    of_other_things: list[str] = []
    faults: list[UnreadableLabels] = []
    for table in tables:
        where = table.name.rpartition("/")[0]
        try:
            labels = read_labels(table.content)
        except UnreadableLabels as error:
            if where and isinstance(error, NoLabelColumns):
                of_other_things.append(table.name)
            else:
                faults.append(type(error)(f"{table.name}: {error.message}", error.advice))
            continue
        key = f"{where}/" if where else ""
        found[key] = Labels({**(found[key].by_file if key in found else {}), **labels.by_file})
    return Tables(TableLabels(found), of_other_things, faults)


def _delimiter(text: str) -> str:
    """What parts the columns: the first of `,;` and a tab that stands in the first line."""
    return next((letter for letter in ",;\t" if letter in text.split("\n", 1)[0]), ",")


def _by_file(rows: "csv.DictReader[str]") -> dict[str, int]:
    """Labels by file, read row by row, so that a table of any length costs no more than MAX_LABELS rows."""
    columns = {name.strip().lower(): name for name in (rows.fieldnames or ()) if name}
    file = next((columns[name] for name in _FILE_COLUMNS if name in columns), None)
    label = next((columns[name] for name in _LABEL_COLUMNS if name in columns), None)
    if file is None or label is None:
        raise NoLabelColumns("The labels have no columns `file` and `label`.", _ADVICE)
    found: dict[str, int] = {}
    for count, row in enumerate(rows):
        if count == MAX_LABELS:
            raise UnreadableLabels(f"The labels have more than {MAX_LABELS:,} rows.", _FEWER)
        name, number = _row(row, file, label, rows.line_num)
        found[name] = number
    if not found:
        raise UnreadableLabels("The labels have a first line, and no photo below it.", _ADVICE)
    return found


def _row(row: Mapping[str, str | None], file: str, label: str, line: int) -> tuple[str, int]:
    words = row[label] or ""
    found = label_of(words)
    if found is None:
        shown = words if len(words) <= _SHOWN else words[:_SHOWN] + "…"
        raise UnreadableLabels(f"Line {line} of the labels has {shown!r}, which is no class.", _ADVICE)
    return "/".join(PurePosixPath((row[file] or "").strip().replace("\\", "/")).parts), found
