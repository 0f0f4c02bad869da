"""The files of a folder or of a zip, by paths with forward slashes, without links and what is hidden."""

import errno
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

from core.datasets.readers.listing import Refusal
from core.errors import DataSetError
from core.files import require_regular, shown
from core.photos.archives import ZIP_ERRORS, Entry, Limits, Room, entries_of, is_hidden, is_zip
from core.photos.picture import UnreadablePhoto
from core.texts import clean_name

MAX_FILES = 2_000_000
ZIP_LIMITS = Limits(50 * 2**30, MAX_FILES, 200 * 2**30, "Unpack it and run python -m jobs data add on the folder.")
MAX_PICTURE_BYTES = 64 * 2**20
_SYSTEM_FILES = {"thumbs.db", "desktop.ini"}
_PATH_ADVICE = "Name a folder, a zip, a table of files and labels, or a folder with IDX or parquet files."


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file by its path in the tree; `stamp` changes when it does."""

    path: str
    size: int
    stamp: int

    @property
    def parts(self) -> list[str]:
        """The folders and the name."""
        return self.path.split("/")


class Tree(Protocol):
    """A folder or a zip, listed."""

    name: str
    files: list[TreeFile]
    refused: list[Refusal]
    empty_folders: list[str]

    def read(self, file: TreeFile, most: int) -> bytes:
        """The first `most` bytes of a file; raise OSError or one of ZIP_ERRORS."""

    def opened(self, file: TreeFile) -> IO[bytes]:
        """The file, opened on disk where one can go to and fro in it; raise OSError or one of ZIP_ERRORS."""


def stamp_of(files: list[TreeFile], *more: str) -> str:
    """Changes when a file, its size or time, or any of the other words does."""
    digest = sha256("\0".join(more).encode(errors="surrogateescape"))
    for file in files:
        digest.update(f"{file.path}\0{file.size}\0{file.stamp}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def open_tree(path: Path, limits: Limits = ZIP_LIMITS) -> Tree:
    """The tree of a folder or zip; raise DataSetError where there is neither, or it cannot be read."""
    if path.is_dir():
        return Folder(path)
    require_regular(path, error=DataSetError, advice=_PATH_ADVICE)
    try:
        with path.open("rb") as file:
            zipped = is_zip(file.read(4))
        if zipped:
            return Zip(path, limits)
    except UnreadablePhoto as error:
        raise DataSetError(error.message, error.advice) from error
    except ZIP_ERRORS as error:
        raise DataSetError(f"{shown(path)} is a damaged zip: {error}.", "Copy or download it again.") from error
    raise DataSetError(f"{shown(path)} is neither a folder nor a zip.", _PATH_ADVICE)


@dataclass
class Folder:
    """The files below a folder."""

    root: Path
    files: list[TreeFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    empty_folders: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = clean_name(self.root.resolve().name)
        # Not by recursion: a path may have more folders than Python has room for calls.
        waiting = [""]
        while waiting:
            waiting += self._list(waiting.pop())
        self.files.sort(key=lambda file: file.path)
        self.empty_folders.sort()
        self.refused.sort(key=lambda file: file.name)

    def read(self, file: TreeFile, most: int) -> bytes:
        """The first `most` bytes of a file; raise OSError."""
        with self.opened(file) as opened:
            return opened.read(most)

    def opened(self, file: TreeFile) -> IO[bytes]:
        """The file, opened; raise OSError, also where there is a link or a pipe by now."""
        descriptor = os.open(self.root / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is no file any more")
        return os.fdopen(descriptor, "rb")

    def _list(self, within: str) -> list[str]:
        """Take what lies in a folder; return the folders there."""
        try:
            entries = list(os.scandir(self.root / within))
        except OSError as error:
            if not within:
                raise DataSetError(f"{shown(self.root)} cannot be read: {error.strerror}.", _PATH_ADVICE) from error
            self.refused.append(Refusal(clean_name(within), f"cannot be read: {error.strerror}"))
            return []
        visible = [entry for entry in entries if _is_visible(entry.name)]
        if within and not visible:
            self.empty_folders.append(within)
        paths = [(entry, f"{within}/{entry.name}" if within else entry.name) for entry in visible]
        for entry, path in paths:
            self._take(entry, path)
        return [path for entry, path in paths if entry.is_dir(follow_symlinks=False)]

    def _take(self, entry: os.DirEntry[str], path: str) -> None:
        if entry.is_dir(follow_symlinks=False):
            return
        if entry.is_symlink():
            self.refused.append(Refusal(clean_name(path), "is a link, and links are not followed"))
        elif not entry.is_file(follow_symlinks=False):
            self.refused.append(Refusal(clean_name(path), "is not a file"))
        else:
            status = entry.stat(follow_symlinks=False)
            # Archives give files any time of the last change; that of the last change of the inode is the system's own.
            self.files.append(TreeFile(path, status.st_size, status.st_ctime_ns))
            if len(self.files) > MAX_FILES:
                raise DataSetError(f"{shown(self.root)} has more than {MAX_FILES:,} files.", "Import a part of it.")


class Zip:
    """The files of a zip, none of which is ever written under its name."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.name = clean_name(path.stem)
        self.refused: list[Refusal] = []
        self.empty_folders: list[str] = []
        self.files: list[TreeFile] = []
        self._entries: dict[str, Entry] = {}
        self._zip, entries = entries_of(path.name, path.open("rb"), Room(limits.files, limits.unpacked, limits))
        for entry in sorted(entries, key=lambda entry: entry.path):
            self._take(entry)
        self._note_empty_folders()

    def read(self, file: TreeFile, most: int) -> bytes:
        """The first `most` bytes of an entry; raise one of ZIP_ERRORS."""
        with self._zip.open(self._entries[file.path].info) as opened:
            return opened.read(most)

    def opened(self, file: TreeFile) -> IO[bytes]:
        """The entry, unpacked to a file without a name; raise OSError or one of ZIP_ERRORS."""
        unpacked = tempfile.TemporaryFile()  # noqa: SIM115
        with self._zip.open(self._entries[file.path].info) as packed:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        unpacked.flush()
        unpacked.seek(0)
        return unpacked

    def _take(self, entry: Entry) -> None:
        if not _is_visible(entry.path.rpartition("/")[2]):
            return
        if refusal := entry.refusal():
            self.refused.append(Refusal(entry.shown, _without_name(refusal.message, entry.shown)))
        elif entry.path in self._entries:
            self.refused.append(Refusal(entry.shown, "is in the zip twice"))
        else:
            self._entries[entry.path] = entry
            self.files.append(TreeFile(entry.path, entry.info.file_size, entry.info.CRC))

    def _note_empty_folders(self) -> None:
        filled = {"/".join(file.parts[:depth]) for file in self.files for depth in range(1, len(file.parts))}
        for info in self._zip.infolist():
            path = info.filename.replace("\\", "/").rstrip("/")
            if info.is_dir() and path not in filled and not is_hidden(path):
                self.empty_folders.append(path)


def _without_name(message: str, name: str) -> str:
    return message.removeprefix(name).strip().rstrip(".")


def _is_visible(name: str) -> bool:
    return not is_hidden(name) and name.casefold() not in _SYSTEM_FILES


def contents_of(tree: Tree, files: list[TreeFile], most: int) -> Iterator[bytes | Refusal]:
    """The bytes of each file, or why it cannot be read; no more than one byte beyond `most` is read."""
    for file in files:
        try:
            yield tree.read(file, most + 1)
        except zipfile.BadZipFile:
            yield Refusal(clean_name(file.path), "is damaged in the zip")
        except OSError as error:
            yield Refusal(clean_name(file.path), f"cannot be read: {error.strerror or error}")
        except ZIP_ERRORS:
            yield Refusal(clean_name(file.path), "is damaged in the zip")


def close_quietly(file: IO[bytes]) -> None:
    """Let go of a file that was only read."""
    with suppress(OSError):
        file.close()
