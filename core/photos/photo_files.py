"""The photos in files, folders and zips, one at a time; what cannot be taken from there is named with the reason."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal
from zipfile import ZipFile

from core.photos.archives import (
    COPY_AGAIN,
    ZIP_ERRORS,
    Entry,
    Room,
    content_of,
    entries_of,
    is_hidden,
    is_zip,
    other_archive,
)
from core.photos.picture import MAX_BYTES, UnreadablePhoto
from core.texts import clean_name

_PICTURE_STARTS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*|....ftyp(?:avi[fs]|hei[cfmsx]|hev[cmsx]|mif1|msf1)"
    rb"|\0\0\0\x0cjP  |\xff\x4f\xff\x51|8BPS|qoif",
    re.DOTALL,
)
_PICTURE_NAMES = re.compile(
    r".*\.(jpe?g|jpe|jfif|mpo|a?png|webp|gif|bmp|dib|tiff?|avif|hei[cf]|hif|jp2|j2k|jpx|p[bgnp]m|tga|pcx|sgi|qoi|ico|psd)",
    re.IGNORECASE,
)
_RAW_NAMES = re.compile(r".*\.(cr[23w]|nef|nrw|arw|sr2|dng|orf|rw2|raf|pef|srw|x3f|3fr|thm|lrv)", re.IGNORECASE)
"""What cameras write beside their photos, with the bytes of a TIFF or a JPEG at the start."""
_TABLE_NAMES = re.compile(r".*\.(csv|tsv|jsonl)", re.IGNORECASE)
_ARCHIVE_ADVICE = "Unpack it, and use the photos or a zip of them."


@dataclass(frozen=True)
class PhotoFile:
    """A file as a person knows it, "summer.zip/Bag/1.jpg", with its bytes, or with the error that says why not.

    Beside photos in folders and zips lie a "table", which may hold their labels, and what is "other" and not read.
    """

    name: str
    content: bytes = b""
    error: UnreadablePhoto | None = None
    kind: Literal["photo", "table", "other"] = "photo"


def gather(paths: Iterable[Path]) -> Iterator[PhotoFile]:
    """Every file named, in the folders named and in the zips among both, in order; hidden files are left out.

    Links inside folders are refused and not followed: they may lead anywhere.
    """
    for path in paths:
        if path.is_dir():
            yield from _or_nothing(clean_name(str(path)), _within(path))
        else:
            yield from _from_file(path)


def is_table(name: str, content: bytes) -> bool:
    """Whether a file is a CSV: its name says so, and its content is no picture."""
    return _TABLE_NAMES.fullmatch(name) is not None and not _PICTURE_STARTS.match(content)


def as_photo(name: str, content: bytes) -> PhotoFile:
    """A file that somebody gave by itself: a table by its name, a photo otherwise, or the reason against it."""
    if kind := other_archive(content[:300]):
        refusal = UnreadablePhoto(f"{name} is {kind}, which is not supported.", _ARCHIVE_ADVICE)
        return PhotoFile(name, error=refusal)
    return PhotoFile(name, content, kind="table" if is_table(name, content) else "photo")


def unpack(name: str, file: IO[bytes], room: Room | None = None) -> Iterator[PhotoFile]:
    """The files of a zip in its order, without folders and hidden files; of a refused zip only the reason.

    Refused are too large or damaged zips and empty ones; among the entries links, encrypted ones, zips and paths that
    lead out of the zip.
    """
    try:
        opened, entries = entries_of(name, file, room or Room())
        with opened:
            yield from _or_nothing(name, (_from_entry(opened, entry, name) for entry in entries))
    except UnreadablePhoto as error:
        yield PhotoFile(name, error=error)
    except ZIP_ERRORS:
        yield PhotoFile(name, error=UnreadablePhoto(f"{name} is a damaged zip.", COPY_AGAIN))


def _within(folder: Path) -> Iterator[PhotoFile]:
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(each for each in folders if not is_hidden(each))
        for name in sorted(names + [each for each in folders if Path(parent, each).is_symlink()]):
            path = Path(parent, name)
            if path.is_symlink():
                shown, advice = clean_name(name), "Name the file itself."
                refusal = UnreadablePhoto(f"{shown} is a link, and links are not followed.", advice)
                yield PhotoFile(clean_name(str(path)), error=refusal)
            elif not is_hidden(name):
                yield from map(_sorted_out, _from_file(path))
    for error in closed:
        refusal = UnreadablePhoto(f"The folder cannot be read: {error.strerror}.")
        yield PhotoFile(clean_name(error.filename), error=refusal)


def _or_nothing(name: str, files: Iterator[PhotoFile]) -> Iterator[PhotoFile]:
    """What was found in a folder or zip, or the refusal of one in which nothing was."""
    first = next(files, None)
    yield first or PhotoFile(name, error=UnreadablePhoto(f"{name} holds no files.", "Add photos to it."))
    yield from files


def _sorted_out(file: PhotoFile) -> PhotoFile:
    """The file with what it is, for one that nobody named by itself: what is no picture lies beside the photos."""
    name = PurePosixPath(file.name).name
    if _RAW_NAMES.fullmatch(name):
        return PhotoFile(file.name, kind="other")
    if file.error or _PICTURE_STARTS.match(file.content) or _PICTURE_NAMES.fullmatch(name):
        return file
    return replace(file, kind="table") if is_table(name, file.content) else PhotoFile(file.name, kind="other")


def _from_file(path: Path) -> Iterator[PhotoFile]:
    name = clean_name(str(path))
    try:
        # Asked before it is opened: opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(path.stat().st_mode):
            yield PhotoFile(name, error=UnreadablePhoto("This is not a file.", "Name a picture, a folder or a zip."))
            return
        with path.open("rb") as file:
            if is_zip(file.read(4)):
                yield from unpack(name, file)
                return
            file.seek(0)
            yield as_photo(name, file.read(MAX_BYTES + 1))
    except OSError as error:
        yield PhotoFile(name, error=UnreadablePhoto(f"The file cannot be read: {error.strerror}."))


def _from_entry(opened: ZipFile, entry: Entry, within: str) -> PhotoFile:
    shown = entry.shown
    name = f"{within}/{shown}"
    if refusal := entry.refusal():
        return PhotoFile(name, error=refusal)
    try:
        content = content_of(opened, entry)
    except ZIP_ERRORS:
        return PhotoFile(name, error=UnreadablePhoto(f"{shown} is damaged in the zip.", COPY_AGAIN))
    if is_zip(content):
        refusal = UnreadablePhoto(f"{shown} is a zip inside a zip, which is not supported.", "Unpack it first.")
        return PhotoFile(name, error=refusal)
    return _sorted_out(PhotoFile(name, content))
