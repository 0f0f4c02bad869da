"""The text of a table whose encoding nobody states: Unicode by its marks and its zeros, else what is still in use."""

import codecs
import json
from collections.abc import Iterator

_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLD_ENCODINGS = ("cp1252", "mac_roman", "cp850")
"""Of Windows, of old Macs and of DOS: no byte is wrong in all of them, so that a reader must look at what comes out."""


def texts(content: bytes) -> Iterator[str]:
    """The text in these bytes; several where only what it names can tell the encoding. Raise UnicodeDecodeError."""
    encoding = next((name for mark, name in _MARKED if content.startswith(mark)), None) or _unmarked_utf16(content)
    if encoding:
        yield content.decode(encoding)
        return
    try:
        yield content.decode("utf-8")
    except UnicodeDecodeError as error:
        candidates = [text for name in _OLD_ENCODINGS if (text := _decoded(content, name)) is not None]
        if not candidates or "\0" in candidates[0]:
            raise error
        yield from candidates


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a byte order mark, told by the zero bytes of its first letters; None for anything else."""
    start = content[:200]
    first, second = start[::2].count(0), start[1::2].count(0)
    if len(content) % 2 or not max(first, second) > len(start) // 4 > 4 * min(first, second):
        return None
    return "utf-16-le" if second > first else "utf-16-be"


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def json_lines(text: str) -> list[tuple[int, list[str]]]:
    """The cells of one JSON object a line, as of a table with their keys as its header; each with its line.

    Raises ValueError for anything else.
    """
    objects = []
    for number, line in enumerate(text.replace("\r", "\n").split("\n"), start=1):
        if line.strip():
            objects.append((number, _json_object(line)))
    keys = list(dict.fromkeys(key for _, cells in objects for key in cells))
    return [(0, keys), *((number, [_cell(cells.get(key)) for key in keys]) for number, cells in objects)]


def _json_object(line: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("a line is not an object")
    return value


def _cell(value: object) -> str:
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)
