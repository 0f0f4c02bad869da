"""Zips of photos, as Windows, macOS, phones and network drives make them, within limits of what is really unpacked.

Nothing is unpacked to disk, so no name in a zip is ever the name of a file here.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from core.photos.picture import MAX_BYTES, UnreadablePhoto
from core.photos.pixels import DECODING_ERRORS
from core.texts import clean_name

MAX_ZIP_BYTES = 100 * 2**20
MAX_ENTRIES = 1_000
"""Files that a zip may hold; folders and what systems hide are not counted."""
MAX_LISTED = 20 * MAX_ENTRIES
"""Entries of any kind that a zip may list."""
MAX_UNPACKED = 100 * 2**20
"""Bytes that all entries of a zip may have together, and all entries of the zips that somebody uploads."""

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
_END64, _END64_BYTES, _LOCATOR64, _LOCATOR64_BYTES = b"PK\x06\x06", 56, b"PK\x06\x07", 20
_LOCAL_BYTES = 30
"""Of the header before the data of an entry, without its name."""
_LISTED_BYTES = 512
"""So long are entries of the directory at most, on the average."""
_UNICODE_PATH = 0x7075
"""Extra field with the name in UTF-8 (APPNOTE 4.6.9), as Info-ZIP writes it beside one in an old code page."""
_UTF8_NAMES = 0x800
ZIP_ERRORS = (*DECODING_ERRORS, zipfile.BadZipFile)
_OTHER_ARCHIVES = (
    (re.compile(rb"Rar!\x1a\x07"), "a RAR archive"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive"),
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar", re.DOTALL), "a tar, gzip or similar archive"),
)
_HIDDEN = {"__macosx", "@eadir", "@synoresource", "@recycle", "#recycle", "$recycle.bin", "system volume information"}
"""Folders of systems and network drives: resource forks, thumbnails, what was thrown away."""

SMALLER_ZIP = "Split it into smaller zips, or unpack it and run python -m jobs predict on the folder."
COPY_AGAIN = "Copy or download it again."


@dataclass(frozen=True)
class Limits:
    """What a zip may be at most: in bytes, in files that are not hidden, in bytes unpacked; `advice` for one beyond."""

    zip_bytes: int = MAX_ZIP_BYTES
    files: int = MAX_ENTRIES
    unpacked: int = MAX_UNPACKED
    advice: str = SMALLER_ZIP

    @property
    def listed(self) -> int:
        """Entries of any kind that a zip may list."""
        return MAX_LISTED // MAX_ENTRIES * self.files


PHOTOS = Limits()


@dataclass
class Room:
    """What zips may still unpack to, in files and bytes; one for all that are held at the same time."""

    files: int = MAX_ENTRIES
    bytes: int = MAX_UNPACKED
    limits: Limits = PHOTOS

    def take(self, name: str, entries: Sequence["Entry"]) -> None:
        """Make room for the entries of a zip; raise UnreadablePhoto where there is too little."""
        size = sum(entry.info.file_size for entry in entries)
        if len(entries) > self.files:
            raise _too_many(name, self.limits)
        if size > self.bytes:
            most = self.limits.unpacked
            already = "" if self.bytes == most else " together with those before it"
            raise UnreadablePhoto(f"{name} unpacks to more than {most // 2**20:,} MB{already}.", self.limits.advice)
        self.files, self.bytes = self.files - len(entries), self.bytes - size


@dataclass(frozen=True)
class Entry:
    """A file in a zip, by its path with forward slashes, whatever the system that packed it."""

    path: str
    info: zipfile.ZipInfo

    @property
    def shown(self) -> str:
        """The path, fit to be shown."""
        return clean_name(self.path)

    def refusal(self) -> UnreadablePhoto | None:
        """Why this entry is not read, None where it may be."""
        parts = self.path.split("/")
        if self.path.startswith("/") or ".." in parts or ":" in parts[0]:
            return UnreadablePhoto(f"{self.shown} points outside the zip.", "Create the zip again.")
        if stat.S_ISLNK(self.info.external_attr >> 16):
            return UnreadablePhoto(f"{self.shown} is a link, and links are not followed.", "Pack the file itself.")
        if self.info.flag_bits & 1:
            return UnreadablePhoto(f"{self.shown} is encrypted.", "Pack it without a password.")
        if self.info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return UnreadablePhoto(f"{self.shown} uses an unsupported compression method.", "Create an ordinary zip.")
        return None


def is_zip(start: bytes) -> bool:
    """Whether a file that begins with these bytes is a zip, whatever its name."""
    return start.startswith(_ZIP_STARTS)


def other_archive(start: bytes) -> str:
    """What kind of archive that is no zip a file is that begins with these bytes (262 or more); empty if none."""
    return next((kind for pattern, kind in _OTHER_ARCHIVES if pattern.match(start)), "")


def is_hidden(path: str) -> bool:
    """Whether a path has a part that systems keep out of sight: ".DS_Store", "__MACOSX/...", "@eaDir/..."."""
    parts = path.replace("\\", "/").split("/")
    return any(
        part.lower() in _HIDDEN or part == "Icon\r" or (part.startswith(".") and part not in (".", ".."))
        for part in parts
    )


def entries_of(name: str, file: IO[bytes], room: Room) -> tuple[zipfile.ZipFile, list[Entry]]:
    """The zip, opened, and its files in their order, without folders and what is hidden; they take their room.

    Raises UnreadablePhoto for more bytes than the limits of the room, more than there is room for, and entries that
    overlap; one of ZIP_ERRORS for a damaged zip.
    """
    _require_within_limits(name, file, room.limits)
    opened = zipfile.ZipFile(file)
    listed = [Entry(_path(info), info) for info in opened.infolist()]
    entries = [entry for entry in listed if not (entry.path.endswith("/") or is_hidden(entry.path))]
    room.take(name, entries)
    _require_apart(name, [entry.info for entry in listed])
    return opened, entries


def content_of(opened: zipfile.ZipFile, entry: Entry) -> bytes:
    """The bytes of an entry, cut where a photo would be too large anyway; raise one of ZIP_ERRORS if it is damaged."""
    with opened.open(entry.info) as file:
        return file.read(MAX_BYTES + 1)


def _path(info: zipfile.ZipInfo) -> str:
    """The path of an entry with forward slashes and without empty parts; a folder's ends with a slash."""
    name = _decoded_name(info).replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return ("/" if name.startswith("/") else "") + "/".join(parts) + ("/" if name.endswith("/") else "")


def _decoded_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry: as UTF-8 where it is, by an extra field where there is one, else by code page 437.

    macOS and others write UTF-8 without saying so, which zipfile then reads by the code page.
    """
    if info.flag_bits & _UTF8_NAMES:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _unicode_path(info.extra, raw) or info.filename


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name in the extra field, if it belongs to this raw name; empty otherwise."""
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        content, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and int.from_bytes(content[1:5], "little") == zlib.crc32(raw):
            return content[5:].decode("utf-8", errors="replace")
    return ""


def _require_apart(name: str, infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse entries that share bytes: a small zip could then hold any amount of data (Fifield 2019)."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    for before, after in zip(ordered, ordered[1:], strict=False):
        if before.header_offset + _LOCAL_BYTES + before.compress_size > after.header_offset:
            raise UnreadablePhoto(f"{name} is a damaged zip: its entries overlap.", COPY_AGAIN)


def _require_within_limits(name: str, file: IO[bytes], limits: Limits) -> None:
    """Look at the end of a zip before it is opened: a directory of millions of entries would fill the memory."""
    size = file.seek(0, os.SEEK_END)
    if size > limits.zip_bytes:
        raise UnreadablePhoto(f"{name} has more than {limits.zip_bytes // 2**20:,} MB.", limits.advice)
    file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - _LOCATOR64_BYTES - _END64_BYTES))
    count, length = _listed(file.read())
    if count > limits.listed or length > limits.listed * _LISTED_BYTES:
        raise _too_many(name, limits)


def _listed(end: bytes) -> tuple[int, int]:
    """How many entries a zip says that it lists, by its last bytes, and in how many bytes; 0 where it has no end."""
    at = _end_record(end)
    if at < 0:
        return 0, 0
    count, length = int.from_bytes(end[at + 10 : at + 12], "little"), int.from_bytes(end[at + 12 : at + 16], "little")
    record = end[max(0, at - _LOCATOR64_BYTES - _END64_BYTES) : at]
    # Where zipfile looks for it: right before its locator, which is right before the end record.
    if record.startswith(_END64) and record[_END64_BYTES:].startswith(_LOCATOR64):
        return int.from_bytes(record[32:40], "little"), int.from_bytes(record[40:48], "little")
    return count, length


def _end_record(end: bytes) -> int:
    """Where in the last bytes of a zip its end record begins, as zipfile finds it; -1 where there is none."""
    plain = end[-_END_BYTES:]
    if plain.startswith(_END) and plain.endswith(b"\0\0"):
        return len(end) - len(plain)
    return end.rfind(_END)


def _too_many(name: str, limits: Limits) -> UnreadablePhoto:
    return UnreadablePhoto(f"{name} has more than {limits.files:,} files.", limits.advice)
