"""Tables of file and class, as spreadsheets, phones, Kaggle, Hugging Face and Label Studio write them."""

import codecs
import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from core.class_names import label_of
from core.classes import CLASS_NAMES
from core.csv_cells import unguarded
from core.errors import LookbookError

MAX_LABEL_BYTES = 20 * 10**6
MAX_LABELS = 200_000

FILE_COLUMNS = (
    *("file", "filename", "filepath", "path", "imagepath", "imagefile", "imagename", "image", "img", "imgname"),
    *("imgpath", "photo", "photoname", "photopath", "picture", "name", "imageid", "imgid", "id", "imageurl", "url"),
)
"""What the column of the file is called, in small letters without anything between them; the first that is there."""
LABEL_COLUMNS = (
    *("label", "labels", "class", "classes", "classname", "classlabel", "category", "categoryname", "target", "y"),
    *("truelabel", "trueclass", "truth", "groundtruth", "labelname", "labelindex", "labelid", "classid", "classindex"),
    *("choice", "articletype"),
)
"""What columns of the class are called; all that are there count, and must not contradict one another."""

_DELIMITERS = ",;\t|"
_ADVICE = f"Write a line `file,label` and then one line per photo. Labels are {', '.join(CLASS_NAMES)}, or 0 to 9."
_FEWER = "State the labels of fewer photos at a time."
_LOOKED_AT = 50
"""So many rows of a table without a header tell which column is which."""
_TEXT_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*/", re.IGNORECASE)


class UnreadableLabels(LookbookError):
    """A table of labels that cannot be understood; the message says which line."""

    kind = "photo"


class NoLabelColumns(UnreadableLabels):
    """A table of something else."""


@dataclass(frozen=True)
class LabelRow:
    """A row of a table: its line, the parts of the file's path, and what it says of the class.

    `labels` are the labels that its columns state, more than one where they contradict one another; with none of them
    `words` is what stands there instead, empty for a photo that was not labelled.
    """

    line: int
    parts: tuple[str, ...]
    labels: frozenset[int]
    words: str


@dataclass(frozen=True)
class LabelTable:
    """A table, by its name and the folder or zip whose photos it speaks of ("" for all), with its rows."""

    name: str
    where: str
    rows: tuple[LabelRow, ...]


def read_table(content: bytes, name: str = "The labels", where: str = "") -> LabelTable:
    """The table in the bytes of a file.

    Its columns are parted by commas, semicolons, tabs or bars; its text is UTF-8, UTF-16 or Windows' own. Raises
    UnreadableLabels, NoLabelColumns among them, also for more than MAX_LABEL_BYTES or MAX_LABELS.
    """
    if len(content) > MAX_LABEL_BYTES:
        raise UnreadableLabels(f"{name} has more than {MAX_LABEL_BYTES // 10**6} MB.", _FEWER)
    text = _decoded(content)
    if text.lstrip()[:1] in ("{", "["):
        text = _from_json_lines(text, name)
    try:
        rows = tuple(_rows(text, name))
    except csv.Error as error:
        raise UnreadableLabels(f"{name} is no CSV: {error}.", _ADVICE) from error
    if not rows:
        raise UnreadableLabels(f"{name} has a first line, and no photo below it.", _ADVICE)
    return LabelTable(name, where, rows)


def _from_json_lines(text: str, name: str) -> str:
    """A table of JSON, an object a line, as Hugging Face's metadata.jsonl is one, as CSV; raise UnreadableLabels."""
    written = io.StringIO()
    try:
        objects = [json.loads(line) for line in text.splitlines() if line.strip()]
        columns = list(dict.fromkeys(key for each in objects for key in each))
        writer = csv.DictWriter(written, columns)
        writer.writeheader()
        writer.writerows(objects)
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise UnreadableLabels(f"{name} is JSON and no table.", "Export it as CSV.") from error
    return written.getvalue()


def path_parts(path: str) -> tuple[str, ...]:
    """The parts of a path as any system writes it, for comparing: NFC, without drive, host, dots and outer blanks."""
    words = path.strip()
    if address := _ADDRESS.match(words):
        words = unquote(words[address.end() :])
    parts = [part.strip() for part in unicodedata.normalize("NFC", words).replace("\\", "/").split("/")]
    return tuple(part for part in parts if part not in ("", ".") and not _DRIVE.fullmatch(part))


def _decoded(content: bytes) -> str:
    """The text of a table; whatever is neither UTF-8 nor UTF-16 is taken for Windows' Western European."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    start = content[:200]
    if len(start) > 3 and b"\0" in start:
        wide = "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
        return content.decode(wide, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _rows(text: str, name: str) -> Iterator[LabelRow]:
    delimiter, skipped = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    numbered = ((reader.line_num, [_cell(cell) for cell in row]) for row in reader)
    filled = (row for row in numbered if row[0] > skipped and any(row[1]))
    header = next(filled, (0, []))
    columns = _columns(header[1])
    first: list[tuple[int, list[str]]] = []
    if columns is None:
        first = [header, *(row for row, _ in zip(filled, range(_LOOKED_AT), strict=False))]
        columns = _guessed_columns([cells for _, cells in first])
    if columns is None:
        raise NoLabelColumns(f"{name} has no columns `file` and `label`.", _ADVICE)
    for count, (line, cells) in enumerate(_both(first, filled)):
        if count == MAX_LABELS:
            raise UnreadableLabels(f"{name} has more than {MAX_LABELS:,} rows.", _FEWER)
        yield _row(line, cells, *columns)


def _both(
    first: Sequence[tuple[int, list[str]]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield from first
    yield from rest


def _row(line: int, cells: list[str], file: int, labels: Sequence[int]) -> LabelRow:
    words = [cells[column] for column in labels if column < len(cells) and cells[column]]
    stated = frozenset(label for label in map(label_of, words) if label is not None)
    return LabelRow(line, path_parts(cells[file]) if file < len(cells) else (), stated, words[0] if words else "")


def _delimiter(text: str) -> tuple[str, int]:
    """What parts the columns, and how many lines come before the header: a line `sep=;` as Excel writes it.

    Of all that may part them, the one by which the first line has the columns; else the one that parts it most.
    """
    lines = [line for line in text[:10_000].splitlines() if line.strip()] or [""]
    if lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0][4], 1
    heads = {mark: next(csv.reader(lines[:1], delimiter=mark), []) for mark in _DELIMITERS}
    known = (mark for mark, cells in heads.items() if _columns([_cell(cell) for cell in cells]))
    return next(known, max(_DELIMITERS, key=lambda mark: len(heads[mark]))), 0


def _columns(header: Sequence[str]) -> tuple[int, list[int]] | None:
    """Where in a header the file stands and where the class does; None if one of them is not there."""
    names = [re.sub(r"[\W_]", "", cell.casefold()) for cell in header]
    file = next((names.index(name) for name in FILE_COLUMNS if name in names), None)
    labels = [place for place, name in enumerate(names) if name in LABEL_COLUMNS]
    return None if file is None or not labels else (file, labels)


def _guessed_columns(rows: Sequence[Sequence[str]]) -> tuple[int, list[int]] | None:
    """The columns of a table without a header: one has only classes, and one only names of files."""
    width = min((len(row) for row in rows), default=0)
    columns = [[row[place] for row in rows] for place in range(width)]
    labels = [place for place, cells in enumerate(columns) if all(label_of(cell) is not None for cell in cells)]
    files = [place for place, cells in enumerate(columns) if all(re.search(r"\.\w{2,5}$", cell) for cell in cells)]
    return (files[0], labels) if len(files) == 1 and labels else None


def _cell(cell: str) -> str:
    """A cell without what keeps a spreadsheet from running it, or from changing it."""
    text = cell.strip()
    if formula := _TEXT_FORMULA.fullmatch(text):
        text = formula[1]
    return unguarded(text)
