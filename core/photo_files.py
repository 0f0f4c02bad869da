"""The photos in files, folders and zips, one at a time; what cannot be taken from there is named with the reason.

Nothing is unpacked to disk, so no name in a zip is ever the name of a file here.
"""

import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from core.decoding import DECODING_ERRORS
from core.reading import MAX_BYTES, UnreadablePhoto

MAX_ZIP_BYTES = 100 * 2**20
MAX_ENTRIES = 1_000
MAX_UNPACKED = 100 * 2**20
"""Bytes that all entries of a zip may have together, and all entries of the zips that somebody uploads."""

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_DIRECTORY_END, _DIRECTORY_END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
_ZIP64_LOCATOR, _ZIP64_LOCATOR_BYTES = b"PK\x06\x07", 20
_ZIP_ERRORS = (*DECODING_ERRORS, zipfile.BadZipFile)
_PICTURE_STARTS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*|....ftyp|\0\0\0\x0cjP  |\xff\x4f\xff\x51|8BPS|qoif",
    re.DOTALL,
)
_COMPANIONS = re.compile(
    r"(thumbs\.db|desktop\.ini|readme|licen[cs]e|copying|.*\.(md|txt|rst|json|xml|yaml|yml|html?|css|ini|log|url|pdf|py))",
    re.I,
)
"""Names of what lies beside photos in folders and zips and is none."""

_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MAC_FOLDER = "__MACOSX"
_SMALLER_ZIP = "Make smaller zips of it, or unpack it and give the folder to python -m jobs predict."
_COPY_AGAIN = "Copy or download it again."


@dataclass(frozen=True)
class PhotoFile:
    """A file as a person knows it, "summer.zip/Bag/1.jpg", with its bytes, or with the error that says why not.

    Beside photos in folders and zips lie a "table", which may hold their labels, and what is "other" and not read.
    """

    name: str
    content: bytes = b""
    error: UnreadablePhoto | None = None
    kind: Literal["photo", "table", "other"] = "photo"


@dataclass
class Room:
    """What zips may still unpack to, in files and bytes; one for all that are held at the same time."""

    files: int = MAX_ENTRIES
    bytes: int = MAX_UNPACKED

    def take(self, name: str, entries: list[zipfile.ZipInfo]) -> None:
        """Make room for the entries of a zip; raise UnreadablePhoto where there is too little."""
        size = sum(entry.file_size for entry in entries)
        if len(entries) > self.files:
            raise _too_many(name)
        if size > self.bytes:
            already = "" if self.bytes == MAX_UNPACKED else " with those before it"
            raise UnreadablePhoto(f"{name} unpacks to more than {MAX_UNPACKED // 2**20} MB{already}.", _SMALLER_ZIP)
        self.files, self.bytes = self.files - len(entries), self.bytes - size


def gather(paths: Iterable[Path]) -> Iterator[PhotoFile]:
    """Every file named, in the folders named and in the zips among both, in order; hidden files are left out.

    Links inside folders are refused and not followed: they may lead anywhere.
    """
    for path in paths:
        if path.is_dir():
            yield from _or_nothing(clean_name(str(path)), _within(path))
        else:
            yield from _from_file(path)


def clean_name(name: str) -> str:
    """A name that can be stored and shown: bytes that are no UTF-8, control characters and turns of direction as �."""
    return _UNSHOWABLE.sub("\ufffd", name)


def is_table(name: str, content: bytes) -> bool:
    """Whether a file is a CSV: its name says so, and its content is no picture."""
    return name.lower().endswith(".csv") and not _PICTURE_STARTS.match(content)


def is_zip(start: bytes) -> bool:
    """Whether a file that begins with these bytes is a zip, whatever its name."""
    return start.startswith(_ZIP_STARTS)


def unpack(name: str, file: IO[bytes], room: Room | None = None) -> Iterator[PhotoFile]:
    """The entries of a zip in its order, without folders and hidden files; of a refused zip only the reason.

    Refused are more than MAX_ZIP_BYTES, more than there is room for, and none at all; among the entries links,
    encrypted ones, zips and paths that lead out of the zip.
    """
    try:
        _require_within_limits(name, file)
        with zipfile.ZipFile(file) as opened:
            entries = [entry for entry in opened.infolist() if not (entry.is_dir() or _is_hidden(entry.filename))]
            (room or Room()).take(name, entries)
            yield from _or_nothing(name, (_from_entry(opened, entry, name) for entry in entries))
    except UnreadablePhoto as error:
        yield PhotoFile(name, error=error)
    except _ZIP_ERRORS:
        yield PhotoFile(name, error=UnreadablePhoto(f"{name} is a damaged zip.", _COPY_AGAIN))


def _within(folder: Path) -> Iterator[PhotoFile]:
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(one for one in folders if not _is_hidden(one))
        for name in sorted(names + [one for one in folders if Path(parent, one).is_symlink()]):
            path = Path(parent, name)
            if path.is_symlink():
                shown, advice = clean_name(name), "Name the file itself."
                refusal = UnreadablePhoto(f"{shown} is a link, and links are not followed.", advice)
                yield PhotoFile(clean_name(str(path)), error=refusal)
            elif not _is_hidden(name):
                yield from map(_sorted_out, _from_file(path))
    for error in closed:
        refusal = UnreadablePhoto(f"The folder cannot be read: {error.strerror}.")
        yield PhotoFile(clean_name(error.filename), error=refusal)


def _or_nothing(name: str, found: Iterator[PhotoFile]) -> Iterator[PhotoFile]:
    """What was found in a folder or zip, or the refusal of one in which nothing was."""
    first = next(found, None)
    yield first or PhotoFile(name, error=UnreadablePhoto(f"{name} holds no files.", "Put photos into it."))
    yield from found


def _sorted_out(file: PhotoFile) -> PhotoFile:
    """The file with what it is, for one that nobody named by itself."""
    name = PurePosixPath(file.name).name
    if file.error or _PICTURE_STARTS.match(file.content):
        return file
    if is_table(name, file.content):
        return replace(file, kind="table")
    return PhotoFile(file.name, kind="other") if _COMPANIONS.fullmatch(name) else file


def _from_file(path: Path) -> Iterator[PhotoFile]:
    name = clean_name(str(path))
    try:
        # Asked before it is opened: opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(path.stat().st_mode):
            yield PhotoFile(name, error=UnreadablePhoto("This is no file.", "Name a picture, a folder or a zip."))
            return
        with path.open("rb") as file:
            if is_zip(file.read(4)):
                yield from unpack(name, file)
                return
            file.seek(0)
            yield PhotoFile(name, file.read(MAX_BYTES + 1))
    except OSError as error:
        yield PhotoFile(name, error=UnreadablePhoto(f"The file cannot be read: {error.strerror}."))


def _from_entry(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, within: str) -> PhotoFile:
    shown = clean_name(entry.filename)
    name = f"{within}/{shown}"
    try:
        _require_plain(entry, shown)
        with opened.open(entry) as file:
            content = file.read(MAX_BYTES + 1)
    except UnreadablePhoto as error:
        return PhotoFile(name, error=error)
    except _ZIP_ERRORS:
        return PhotoFile(name, error=UnreadablePhoto(f"{shown} is damaged in the zip.", _COPY_AGAIN))
    if is_zip(content):
        refusal = UnreadablePhoto(f"{shown} is a zip in a zip, which is not opened.", "Unpack it first.")
        return PhotoFile(name, error=refusal)
    return _sorted_out(PhotoFile(name, content))


def _require_within_limits(name: str, file: IO[bytes]) -> None:
    """Look at the end of a zip before it is opened: a directory of millions of entries would fill the memory."""
    size = file.seek(0, os.SEEK_END)
    if size > MAX_ZIP_BYTES:
        raise UnreadablePhoto(f"{name} has more than {MAX_ZIP_BYTES // 2**20} MB.", _SMALLER_ZIP)
    file.seek(max(0, size - _DIRECTORY_END_BYTES - _LONGEST_COMMENT - _ZIP64_LOCATOR_BYTES))
    end = file.read()
    at = _end_record(end)
    count = int.from_bytes(end[at + 10 : at + 12], "little") if at >= 0 else 0
    is_zip64 = end[max(0, at - _ZIP64_LOCATOR_BYTES) : at].startswith(_ZIP64_LOCATOR)
    length = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if count > MAX_ENTRIES or is_zip64 or length > MAX_ENTRIES * 1024:
        raise _too_many(name)


def _end_record(end: bytes) -> int:
    """Where in the last bytes of a zip its end record begins, as zipfile finds it; -1 where there is none."""
    plain = end[-_DIRECTORY_END_BYTES:]
    if plain.startswith(_DIRECTORY_END) and plain.endswith(b"\0\0"):
        return len(end) - len(plain)
    return end.rfind(_DIRECTORY_END)


def _require_plain(entry: zipfile.ZipInfo, name: str) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise UnreadablePhoto(f"{name} leads out of the zip.", "Pack the folder anew.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnreadablePhoto(f"{name} is a link, and links are not followed.", "Pack the file itself.")
    if entry.flag_bits & 1:
        raise UnreadablePhoto(f"{name} is encrypted.", "Pack it without a password.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadablePhoto(f"{name} is packed in a way that is not read here.", "Pack it as an ordinary zip.")


def _too_many(name: str) -> UnreadablePhoto:
    return UnreadablePhoto(f"{name} has more than {MAX_ENTRIES:,} files.", _SMALLER_ZIP)


def _is_hidden(name: str) -> bool:
    """Whether a path has a part that systems keep out of sight: ".DS_Store", "__MACOSX/..."."""
    parts = name.replace("\\", "/").split("/")
    return any(part == _MAC_FOLDER or (part.startswith(".") and part not in (".", "..")) for part in parts)
