"""The true classes of photos, as people state them: by the name of a folder, or in a CSV of file and label."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.errors import LookbookError

_FILE_COLUMNS = ("file", "filename", "name", "path", "image")
_LABEL_COLUMNS = ("label", "class", "category", "label_index")
_ADVICE = f"Write a line `file,label` and then one line per photo. Labels are {', '.join(CLASS_NAMES)}, or 0 to 9."
_BY_WORD = {re.sub("[^a-z]", "", name.lower()): label for label, name in enumerate(CLASS_NAMES)}
_BY_WORD |= {"tshirt": 0, "top": 0, "boot": 9}


class UnreadableLabels(LookbookError):
    """A CSV of labels that cannot be understood; the message says which line."""

    kind = "photo"


@dataclass(frozen=True)
class Labels:
    """Labels 0 to 9 by the name of the file, with as much of its path as it takes to tell the files apart."""

    by_file: Mapping[str, int]

    def of(self, name: str) -> int | None:
        """The label of a file, by its whole path or the longest end of it that is known; None if none is."""
        parts = PurePosixPath(name.replace("\\", "/")).parts
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((self.by_file[end] for end in ends if end in self.by_file), None)


class FolderLabels:
    """Labels by the name of the folder that a file is in: "Bag/1.jpg" is a bag."""

    def of(self, name: str) -> int | None:
        """The label of a file, None if its folder is not called like a class."""
        return label_of(PurePosixPath(name.replace("\\", "/")).parent.name)


def label_of(words: str) -> int | None:
    """The label of a class as people write it: "Ankle boot", "ankle-boots", "T-Shirt", "9"; None if it is none."""
    text = words.strip().lower()
    if text.isdecimal():
        return int(text) if int(text) < CLASS_COUNT else None
    word = re.sub("[^a-z]", "", text)
    singulars = (word, word.removesuffix("s"), word.removesuffix("es"))
    return next((_BY_WORD[one] for one in singulars if one in _BY_WORD), None)


def read_labels(content: bytes) -> Labels:
    """The labels in a CSV with a column for the file and one for the label; raise UnreadableLabels."""
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableLabels(f"The labels are no CSV in UTF-8: {error}.", _ADVICE) from error
    columns = {name.strip().lower(): name for name in (rows[0] if rows else {}) if name}
    file = next((columns[name] for name in _FILE_COLUMNS if name in columns), None)
    label = next((columns[name] for name in _LABEL_COLUMNS if name in columns), None)
    if file is None or label is None:
        raise UnreadableLabels("The labels have no columns `file` and `label`.", _ADVICE)
    return Labels(dict(_row(row, file, label, line) for line, row in enumerate(rows, start=2)))


def _row(row: Mapping[str, str | None], file: str, label: str, line: int) -> tuple[str, int]:
    found = label_of(row[label] or "")
    if found is None:
        raise UnreadableLabels(f"Line {line} of the labels has {row[label]!r}, which is no class.", _ADVICE)
    return "/".join(PurePosixPath((row[file] or "").strip().replace("\\", "/")).parts), found
