"""Tables of photos and their classes, as spreadsheets, data sets and labelling programs write them."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from core.classes import CLASS_NAMES
from core.csv_cells import unguarded
from core.errors import LookbookError
from core.labelling.class_names import Words, read_words
from core.labelling.table_text import json_lines, texts
from core.texts import clean_name

MAX_LABEL_BYTES = 5 * 10**6
MAX_LABELS = 50_000

PICTURE_NAME = re.compile(
    r".*\.(jpe?g|jfif|png|webp|gif|bmp|dib|tiff?|avif|jp2|j2k|heic|heif|ppm|pgm|tga|pcx|qoi|ico|psd)", re.I | re.S
)
FILE_HEADERS = (
    *("file", "filename", "filepath", "fullpath", "path", "relativepath", "image", "imagefile", "imagefilename"),
    *("imagename", "imagepath", "img", "imgname", "imgfile", "imgpath", "photo", "photofile", "photoname", "photopath"),
    *("picture", "picturename", "name", "imageurl", "imgurl", "url", "uri", "imageid", "imgid", "photoid", "id"),
)
"""Headers of the column for the file, without case and signs; where a table has several, the first of these."""
LABEL_HEADERS = {
    *(
        f"{what}{more}"
        for what in ("label", "class", "target")
        for more in ("", "name", "index", "idx", "id", "number")
    ),
    *("labels", "labeltext", "classlabel", "truelabel", "trueclass", "truth", "y", "ytrue", "choice"),
    *("groundtruth", "groundtruthlabel", "groundtruthclass", "gt", "actual", "actuallabel", "actualclass"),
}
CATEGORY_HEADERS = {"category", "categoryname", "categoryid", "categorylabel", "subcategory", "articletype"}
"""Headers of columns that may hold something wider; they count where no column of labels does."""
NO_LABEL = {"", "-", "\u2013", "?", "-1", "na", "n/a", "nan", "none", "null", "unknown"}
SEPARATORS = ",;\t|"
_MOST_LINES_ABOVE = 20
"""Titles and remarks that may stand above the header."""
_INVISIBLE = "\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ADVICE = f"Write a line `file,label` and then one line per photo. Labels are {', '.join(CLASS_NAMES)}, or 0 to 9."
_FEWER = "Give the labels of fewer photos at a time."
_SHOWN = 40
"""Characters of a wrong label that a message repeats."""


class UnreadableLabels(LookbookError):
    """A table of labels that cannot be understood; the message says which line."""

    kind = "photo"


class NoLabelColumns(UnreadableLabels):
    """A table of something else, or one that nobody has filled in."""


@dataclass(frozen=True)
class Row:
    """One photo in a table: its name as written, and its label, None where it has none or words that are none.

    `words` are what is written for the label, as messages repeat it; they `conflict` where they name two classes.
    """

    line: int
    name: str
    label: int | None
    words: str = ""
    conflict: bool = False

    @property
    def is_no_class(self) -> bool:
        """Whether something else than a class is written for the label."""
        return bool(self.words) and self.label is None and not self.conflict


@dataclass(frozen=True)
class LabelTable:
    """A table of labels under the name that messages use, for the files whose names begin with `where`.

    It has several readings where its bytes are in one of several old encodings, which differ in the names of photos.
    """

    name: str
    readings: tuple[tuple[Row, ...], ...]
    where: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows in the most likely reading."""
        return self.readings[0]


@dataclass(frozen=True)
class _Columns:
    file: int
    labels: tuple[int, ...]


_Lines = list[tuple[int, list[str]]]


def read_table(content: bytes, name: str = "The labels", where: str = "") -> LabelTable:
    """The rows of a table with a column for the file and one for the label, or without any header.

    Columns are parted by commas, semicolons, tabs or bars, whichever makes sense of the first lines. Raises
    UnreadableLabels, also for more than MAX_LABEL_BYTES or MAX_LABELS, and where no row has a class.
    """
    if len(content) > MAX_LABEL_BYTES:
        raise UnreadableLabels(f"The labels have more than {MAX_LABEL_BYTES // 10**6} MB.", _FEWER)
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableLabels("The labels are a workbook or a zip, not a CSV.", "Save the sheet as CSV (UTF-8).")
    try:
        readings = [_rows_of(text) for text in texts(content)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableLabels(f"The labels are not a CSV in UTF-8 or UTF-16: {error}.", _ADVICE) from error
    return LabelTable(name, tuple(dict.fromkeys(readings)), where)


def shown(words: str) -> str:
    """What somebody wrote, in quotes and no longer than a message should be."""
    return repr(words if len(words) <= _SHOWN else words[:_SHOWN] + "…")


def _rows_of(text: str) -> tuple[Row, ...]:
    text, separators = without_separator_line(text)
    if text.lstrip()[:1] in ("[", "{"):
        return _rows_of_json(text)
    for separator in separators:
        start = _beginning(text, separator)
        header = _header(start) or _without_header(start)
        if header:
            above, columns = header
            return _understood(_below(text, separator, above), columns)
    raise NoLabelColumns("The labels have no columns `file` and `label`.", _ADVICE)


def _rows_of_json(text: str) -> tuple[Row, ...]:
    """The rows of JSON Lines, as Hugging Face has them; other JSON is refused."""
    try:
        lines = json_lines(text)
    except ValueError as error:
        raise UnreadableLabels("The labels are JSON, but not one object per line.", "Export them as CSV.") from error
    header = _header(lines)
    if not header:
        raise NoLabelColumns("The labels have no keys `file` and `label`.", _ADVICE)
    above, columns = header
    return _understood(_at_most(lines[above:]), columns)


def without_separator_line(text: str) -> tuple[str, str]:
    """The text with an empty line in place of Excel's `sep=;`, and which separators it may have."""
    first, end, rest = text.partition("\n") if "\n" in text else text.partition("\r")
    named = re.fullmatch(f"sep=([{SEPARATORS}])", first.strip(' "\r\ufeff'), re.I)
    return (end + rest, named[1]) if named else (text.removeprefix("\ufeff"), SEPARATORS)


def separated(text: str, separators: str) -> list[list[tuple[int, list[str]]]]:
    """The lines that have cells, with their numbers, as each separator parts them that can."""
    ways = []
    for separator in separators:
        try:
            ways.append(list(lines_of(text, separator)))
        except csv.Error:
            continue
    return [lines for lines in ways if lines]


def lines_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that has any, with its number; raise csv.Error."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    return ((reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells))


def _beginning(text: str, separator: str) -> _Lines:
    """The first lines, as far as they can be parted by this separator."""
    lines: _Lines = []
    # What is wrong is said when the separator is known that makes sense of the lines before it.
    with suppress(csv.Error):
        for line in islice(lines_of(text, separator), _MOST_LINES_ABOVE + 1):
            lines.append(line)
    return lines


def _below(text: str, separator: str, above: int) -> _Lines:
    return _at_most(list(islice(lines_of(text, separator), above, above + MAX_LABELS + 1)))


def _at_most(lines: _Lines) -> _Lines:
    """The lines, if there are any and not too many."""
    if len(lines) > MAX_LABELS:
        raise UnreadableLabels(f"The labels have more than {MAX_LABELS:,} rows.", _FEWER)
    if not lines:
        raise UnreadableLabels("The labels have a header line, but no photo below it.", _ADVICE)
    return lines


def _header(start: _Lines) -> tuple[int, _Columns] | None:
    """How many lines end with the header, and the columns that it names."""
    for position, (_, cells) in enumerate(start):
        if any(PICTURE_NAME.fullmatch(cell.strip()) for cell in cells):
            return None
        names = list(map(header_name, cells))
        labels = [column for column, name in enumerate(names) if name in LABEL_HEADERS]
        labels = labels or [column for column, name in enumerate(names) if name in CATEGORY_HEADERS]
        file = next((names.index(name) for name in FILE_HEADERS if name in names), None)
        if file is None and labels:
            file = _column_of_pictures(start[position + 1 :], len(cells))
        if file is not None and labels:
            return position + 1, _Columns(file, tuple(labels))
    return None


def header_name(cell: str) -> str:
    """A header as it is compared: without case and signs."""
    return re.sub(r"\W|_", "", unicodedata.normalize("NFKC", cell).casefold())


def _column_of_pictures(lines: _Lines, width: int) -> int | None:
    """The one column in which every line has the name of a picture."""
    fitting = [
        column
        for column in range(width)
        if lines and all(PICTURE_NAME.fullmatch("".join(cells[column : column + 1]).strip()) for _, cells in lines)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _without_header(start: _Lines) -> tuple[int, _Columns] | None:
    """The columns of a table of nothing but rows: one names pictures, and one other has classes."""
    lines = [(line, cells) for line, cells in start if not cells[0].lstrip().startswith("#")]
    if not lines:
        return None
    width = len(lines[0][1])
    file = _column_of_pictures(lines, width)
    labels = [
        column
        for column in range(width)
        if (words := [cells[column].strip() for _, cells in lines if column < len(cells)])
        and any(read_words(cell).label is not None for cell in words)
        and all(cell.casefold() in NO_LABEL or read_words(cell).label is not None for cell in words)
    ]
    return (0, _Columns(file, tuple(labels))) if file is not None and len(labels) == 1 else None


def _understood(lines: _Lines, columns: _Columns) -> tuple[Row, ...]:
    known: dict[str, Words] = {}
    for _, cells in lines:
        known |= {words: read_words(words) for words in _labels_in(cells, columns.labels) if words not in known}
    usable = _usable(lines, columns, known)
    rows = tuple(row for line, cells in lines if (row := _row(line, cells, columns, usable, known)))
    if not any(row.label is not None or row.conflict for row in rows):
        wrong = next((row for row in rows if row.words), None)
        if wrong is None:
            raise NoLabelColumns("The labels have names of photos, but no class for any of them.", _ADVICE)
        raise UnreadableLabels(f"Line {wrong.line} of the labels has {wrong.words}, which is not a class.", _ADVICE)
    return rows


def _usable(lines: _Lines, columns: _Columns, known: Mapping[str, Words]) -> set[int]:
    """The columns whose numbers can be labels; raise UnreadableLabels where that is none.

    One number past 9 says that the others of its column, too, count something else.
    """
    usable, wrong = set(columns.labels), ""
    for column in columns.labels:
        for line, cells in lines:
            if any(known[words].is_other_number for words in _labels_in(cells, (column,))):
                usable.discard(column)
                wrong = wrong or f"Line {line} of the labels has {shown(cells[column].strip())}, which is not a class."
                break
    if not usable:
        raise UnreadableLabels(wrong, _ADVICE)
    return usable


def _labels_in(cells: Sequence[str], columns: Iterable[int]) -> list[str]:
    """What stands in these columns, without words that say that there is no label."""
    written = (cells[column].strip() for column in columns if column < len(cells))
    return [words for words in written if words.casefold() not in NO_LABEL]


def _row(line: int, cells: list[str], columns: _Columns, usable: set[int], known: Mapping[str, Words]) -> Row | None:
    """The row in these cells, None for a remark and for a header that is repeated."""
    written = _labels_in(cells, columns.labels)
    name = cells[columns.file].strip().strip(_INVISIBLE).strip() if columns.file < len(cells) else ""
    if not written and (not name or name.startswith("#")):
        return None
    if header_name(name) in FILE_HEADERS and any(header_name(cell) in LABEL_HEADERS for cell in written):
        return None
    usable_words = [known[words] for words in _labels_in(cells, sorted(usable))]
    name = clean_name(unguarded(name))
    classes = _classes(usable_words, [known[words] for words in written])
    label = classes.pop() if len(classes) == 1 else None
    return Row(line, name, label, " and ".join(map(shown, written[:3])), conflict=len(classes) > 1)


def _classes(usable: Sequence[Words], written: Sequence[Words]) -> set[int]:
    """The classes that a row names: one, none, or several that conflict.

    A number alone says nothing beside words that are no class: it may be one of other classes.
    """
    named = {
        label
        for words in usable
        if words.name is not None
        for label in (words.name, words.number, words.after)
        if label is not None
    }
    numbers = {words.number_label for words in usable if words.number_label is not None}
    if not named and any(words.name is None and words.number is None for words in written):
        return set()
    return {int(label) for label in named | numbers}
