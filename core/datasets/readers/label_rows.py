"""A table of files and their labels, perhaps with splits and groups, beside the pictures it names."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.csv_cells import unguarded
from core.datasets.readers.class_spelling import key_of, wrong_with
from core.datasets.readers.listing import Item, Listing, Refusal, split_of
from core.datasets.readers.trees import MAX_PICTURE_BYTES, Tree, TreeFile, contents_of, stamp_of
from core.errors import DataSetError
from core.labelling.label_tables import (
    CATEGORY_HEADERS,
    FILE_HEADERS,
    LABEL_HEADERS,
    NO_LABEL,
    PICTURE_NAME,
    header_name,
    separated,
    without_separator_line,
)
from core.labelling.table_text import json_lines, texts
from core.statistics.wording import counted
from core.texts import clean_name

KIND = "a table of files and labels"
MAX_TABLE_BYTES = 500 * 10**6
TABLE_NAME = re.compile(r".*\.(csv|tsv|tab|jsonl)", re.IGNORECASE | re.DOTALL)
_BESIDE = re.compile(r".*\.(csv|tsv|tab|jsonl?|txt|md|ya?ml|html?|pdf)", re.IGNORECASE | re.DOTALL)
_SPLIT_HEADERS = {"split", "subset", "partition", "usage", "set"}
_GROUP_HEADERS = {"group", "groups", "groupid", "groupname"}
_LOOKED_AT = 100
_ADVICE = "Write a line `file,label` (and, if you like, `split` and `group`), then one line per picture."


@dataclass(frozen=True)
class _Columns:
    file: int
    label: int
    split: int | None
    group: int | None


@dataclass(frozen=True)
class _Row:
    line: int
    file: str
    label: str
    split: str
    group: str


def read_labelled_files(tree: Tree, table: bytes, table_name: str, group_column: str | None = None) -> Listing:
    """List the pictures that a table names, in the order of their paths; raise DataSetError where it cannot be read.

    Of several old encodings the one counts in which most rows name a file that is there.
    """
    pictures = [file for file in tree.files if not _BESIDE.fullmatch(file.path)]
    places = _Places(pictures)
    readings = [_rows(text, table_name, group_column) for text in _texts(table, table_name)]
    rows = max(readings, key=lambda rows: sum(places.find(row.file) is not None for row in rows))
    by_file: dict[str, list[_Row]] = defaultdict(list)
    refused = list(tree.refused)
    for row in rows:
        file = places.find(row.file)
        if isinstance(file, TreeFile):
            by_file[file.path].append(row)
        else:
            refused.append(Refusal(_cell(row.file), _why_no_file(row, table_name, places.is_outside(row.file))))
    if not by_file:
        raise DataSetError(
            f"{table_name} names no file that is in {tree.name}.",
            "Name the folder that the paths in the table begin in.",
        )
    return _listing(tree, pictures, by_file, refused, table_name)


def has_columns(table: bytes) -> bool:
    """Whether this is a table with a column for files and one for labels."""
    try:
        return any(_rows(text, "", None) for text in texts(table))
    except (DataSetError, UnicodeDecodeError):
        return False


def _listing(
    tree: Tree, pictures: Sequence[TreeFile], by_file: Mapping[str, Sequence[_Row]], refused: list[Refusal], name: str
) -> Listing:
    items: list[Item] = []
    files: list[TreeFile] = []
    repeated = 0
    for file in pictures:
        if rows := by_file.get(file.path):
            item = _item(clean_name(file.path), rows, name)
            if isinstance(item, Refusal):
                refused.append(item)
            else:
                items.append(item)
                files.append(file)
                repeated += len(rows) - 1
    if any(item.split for item in items):
        refused += [Refusal(item.name, f"has no split in {name}") for item in items if item.split is None]
        kept = [at for at, item in enumerate(items) if item.split is not None]
        items, files = [items[at] for at in kept], [files[at] for at in kept]
    stamp = stamp_of(files, KIND, *(f"{item.words}\1{item.split}\1{item.group}" for item in items))
    notes = _notes(len(pictures) - len(by_file), repeated, name)
    return Listing(
        KIND, items, lambda first, step: contents_of(tree, files[first::step], MAX_PICTURE_BYTES), stamp, refused, notes
    )


def _notes(unnamed: int, repeated: int, name: str) -> list[str]:
    notes = []
    if unnamed:
        notes.append(f"{counted(unnamed, 'picture')} that {name} does not name {_are(unnamed)} left out.")
    if repeated:
        rows = "row names a file" if repeated == 1 else "rows name files"
        notes.append(f"{repeated:,} {rows} again in {name}; each file is taken once.")
    return notes


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _item(name: str, rows: Sequence[_Row], table_name: str) -> Item | Refusal:
    """The picture of one row, or of several that agree."""
    first = rows[0]
    if len({key_of(row.label) for row in rows}) > 1:
        lines = " and ".join(str(row.line) for row in rows[:3])
        return Refusal(name, f"has different labels in lines {lines} of {table_name}")
    if len({(row.split.casefold(), row.group) for row in rows}) > 1:
        return Refusal(name, f"has different splits or groups in {table_name}")
    if wrong := wrong_with(first.label):
        return Refusal(name, f"{wrong} in line {first.line} of {table_name}")
    split = split_of(first.split)
    if first.split and split is None:
        return Refusal(name, f"has a split that is not train, validation or test in line {first.line} of {table_name}")
    return Item(name, first.label, split, first.group or None)


def _texts(table: bytes, name: str) -> list[str]:
    if len(table) > MAX_TABLE_BYTES:
        raise DataSetError(f"{name} has more than {MAX_TABLE_BYTES // 10**6} MB.", "Import a part of it.")
    if table.startswith(b"PK\x03\x04"):
        raise DataSetError(f"{name} is a workbook or a zip, not a CSV.", "Save the sheet as CSV (UTF-8).")
    try:
        return list(dict.fromkeys(texts(table)))
    except UnicodeDecodeError as error:
        raise DataSetError(f"{name} is not a CSV in UTF-8 or UTF-16.", _ADVICE) from error


def _rows(text: str, name: str, group_column: str | None) -> list[_Row]:
    """The rows below the header; raise DataSetError where no separator gives columns for files and labels."""
    text, separators = without_separator_line(text)
    widest: list[str] = []
    for lines in _ways(text, separators):
        columns = _columns(lines, group_column, name)
        if columns is None and _is_bare(lines):
            return [_row(line, cells, _Columns(0, 1, None, None)) for line, cells in lines]
        if columns is not None:
            rows = [_row(line, cells, columns) for line, cells in lines[1:]]
            if not rows:
                raise DataSetError(f"{name} has a header, but no row below it.", _ADVICE)
            return [row for row in rows if row.file]
        widest = max(widest, lines[0][1], key=len)
    headers = ", ".join(repr(_cell(cell)) for cell in widest[:8])
    raise DataSetError(f"{name} has no columns `file` and `label`; its first line has {headers or 'nothing'}.", _ADVICE)


def _ways(text: str, separators: str) -> list[list[tuple[int, list[str]]]]:
    """The lines as each separator parts them, or as JSON Lines."""
    if text.lstrip()[:1] == "{":
        try:
            return [json_lines(text)]
        except ValueError:
            return []
    return separated(text, separators)


def _is_bare(lines: Sequence[tuple[int, list[str]]]) -> bool:
    """Whether it is a table of two columns without a header, the first of pictures."""
    return all(len(cells) == 2 and PICTURE_NAME.fullmatch(cells[0].strip()) for _, cells in lines)


def _columns(lines: Sequence[tuple[int, list[str]]], group_column: str | None, name: str) -> _Columns | None:
    """The columns that the first line names; where several name the label, the first that has words and not numbers."""
    header = lines[0][1]
    names = [header_name(cell) for cell in header]
    file = next((names.index(word) for word in FILE_HEADERS if word in names), None)
    labels = [at for words in (LABEL_HEADERS, CATEGORY_HEADERS) for at, word in enumerate(names) if word in words]
    if file is None or not labels:
        return None
    label = next((at for at in labels if not _is_numeric(lines[1:_LOOKED_AT], at)), labels[0])
    split = next((at for at, word in enumerate(names) if word in _SPLIT_HEADERS), None)
    group = next((at for at, word in enumerate(names) if word in _GROUP_HEADERS), None)
    if group_column is not None:
        group = next((at for at, word in enumerate(names) if word == header_name(group_column)), None)
        if group is None:
            columns = ", ".join(_cell(cell) for cell in header)
            raise DataSetError(f"{name} has no column {group_column!r} for groups.", f"Choose one of: {columns}.")
    return _Columns(file, label, split, group)


def _is_numeric(lines: Sequence[tuple[int, list[str]]], column: int) -> bool:
    return all(_at(cells, column).removeprefix("-").isdecimal() for _, cells in lines)


def _row(line: int, cells: Sequence[str], columns: _Columns) -> _Row:
    label = _at(cells, columns.label)
    label = "" if label.casefold() in NO_LABEL else label
    return _Row(line, _at(cells, columns.file), label, _at(cells, columns.split), _at(cells, columns.group))


def _at(cells: Sequence[str], column: int | None) -> str:
    if column is None or column >= len(cells):
        return ""
    return unicodedata.normalize("NFC", unguarded(cells[column].strip().lstrip("\ufeff"))).strip()


def _cell(text: str) -> str:
    return clean_name(text)[:200]


def _why_no_file(row: _Row, table_name: str, outside: bool) -> str:
    if outside:
        return f"points out of the folder in line {row.line} of {table_name}"
    return f"is named in line {row.line} of {table_name} and is not there, or several files fit"


class _Places:
    """Which file a row of a table means: by its path, else by the one file that ends so, or has that name."""

    def __init__(self, files: Sequence[TreeFile]) -> None:
        self._by_path = {_plain(file.path): file for file in files}
        self._by_name: dict[str, list[TreeFile]] = defaultdict(list)
        for path, file in self._by_path.items():
            base = path.rpartition("/")[2]
            for name in dict.fromkeys((base, base.rpartition(".")[0])):
                self._by_name[name].append(file)

    @staticmethod
    def is_outside(name: str) -> bool:
        """Whether a path leads out of the folder that it begins in."""
        parts = name.replace("\\", "/").split("/")
        return ".." in parts or parts[0] in ("", "~") or ":" in parts[0]

    def find(self, name: str) -> TreeFile | None:
        """The file that is meant, None where it is not there, not for certain, or out of the folder."""
        if not name or self.is_outside(name):
            return None
        path = _plain(name)
        if path in self._by_path:
            return self._by_path[path]
        candidates = self._by_name.get(path.rpartition("/")[2], [])
        ends = [file for file in candidates if f"/{_plain(file.path)}".endswith(f"/{path}")]
        begun = [file for file in candidates if f"/{path}".endswith(f"/{_plain(file.path)}")]
        fitting = ends or begun or candidates
        return fitting[0] if len(fitting) == 1 else None


def _plain(path: str) -> str:
    """A path as it is compared: NFC, forward slashes, without case and empty parts."""
    parts = unicodedata.normalize("NFC", path).replace("\\", "/").casefold().split("/")
    return "/".join(part for part in parts if part not in ("", "."))
