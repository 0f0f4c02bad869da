"""Marks as a table that people bring along: the position of an image and the label that it should have."""

import time
from pathlib import Path

from core.csv_cells import unguarded
from core.datasets.readers.class_spelling import key_of
from core.datasets.readers.label_rows import MAX_TABLE_BYTES
from core.datasets.storing import Content
from core.errors import DataSetError
from core.files import read_whole, shown
from core.labelling.label_tables import header_name, separated, without_separator_line
from core.labelling.table_text import texts
from jobs.results.label_marks import NOT_USABLE, Mark, checked_person

_ADVICE = f"Write a line `position,label`, then one line per image with a class or “{NOT_USABLE}”."
_Lines = list[tuple[int, list[str]]]


def read_marks(path: Path, content: Content, person: str) -> list[Mark]:
    """The marks in a table with columns position and label, perhaps person; without that they are those of `person`.

    Of several marks of a person on an image the last counts. Raise DataSetError, with the line, for what is no mark of
    an image or class of the version, ConfigurationError for a name that cannot be.
    """
    lines = _lines(path)
    columns = [header_name(cell) for cell in lines[0][1]]
    label_of = {key_of(name): label for label, name in enumerate(content.classes)}
    now = time.time()
    marks: dict[tuple[int, str], Mark] = {}
    for number, cells in lines[1:]:
        row = {name: unguarded(cell.strip()) for name, cell in zip(columns, cells, strict=False)}
        try:
            mark = _mark(row, content, label_of, row.get("person") or person, now)
        except ValueError as error:
            raise DataSetError(f"Line {number} of {shown(path.name)}: {error}.", _ADVICE) from error
        marks[mark.position, mark.person] = mark
    return list(marks.values())


def _mark(row: dict[str, str], content: Content, label_of: dict[str, int], person: str, now: float) -> Mark:
    """The mark of a row; raise ValueError with words that say what is wrong."""
    position, words = row.get("position", ""), row.get("label", "")
    if not position.isdecimal() or len(position) > 9 or int(position) >= len(content.labels):
        raise ValueError(f"there is no image {position[:20]!r}; they are counted from 0 to {len(content.labels) - 1}")
    is_usable = key_of(words) != key_of(NOT_USABLE)
    if is_usable and key_of(words) not in label_of:
        raise ValueError(f"there is no class {words[:60]!r}")
    return Mark(int(position), checked_person(person), label_of[key_of(words)] if is_usable else None, now)


def _lines(path: Path) -> _Lines:
    """The header and the rows below it; raise DataSetError where no separator gives the columns."""
    content = read_whole(path, MAX_TABLE_BYTES, error=DataSetError, advice="Name another file.")
    try:
        readings = list(texts(content))
    except UnicodeDecodeError as error:
        raise DataSetError(f"{shown(path.name)} is not a CSV in UTF-8 or UTF-16.", _ADVICE) from error
    for reading in readings:
        text, separators = without_separator_line(reading)
        for lines in separated(text, separators):
            if {"position", "label"} <= {header_name(cell) for cell in lines[0][1]}:
                return lines
    raise DataSetError(f"{shown(path.name)} has no columns `position` and `label`.", _ADVICE)
