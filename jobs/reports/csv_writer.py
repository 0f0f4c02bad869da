"""How every table is written as CSV: for spreadsheets, which run formulas, and for programs, which read it back."""

import csv
import io
from collections.abc import Iterable, Sequence

from core.csv_cells import guarded
from core.texts import clean_lines

_MARK = "\ufeff"
"""By which spreadsheets know UTF-8, and without which they show ü as Ã¼."""


def written(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A header line and the lines; texts in one form of UTF-8, names that could be a formula behind an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(value) for value in line] for line in (header, *lines))
    return text.getvalue()


def as_file(text: str) -> bytes:
    """What is written, as the content of a file: UTF-8 that says so."""
    return (_MARK + text).encode()


def _cell(value: object) -> object:
    return guarded(clean_lines(value)) if isinstance(value, str) else value
