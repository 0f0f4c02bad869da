"""Files that a person names, looked at before they are read, so that nothing waits for a pipe or fills the memory.

And what was written, put on disk.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import LookbookError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
UNFINISHED = ".part"
_ADVICE = "Name a file that this user can read."


class UnusableFile(LookbookError):
    """A file that was named cannot be read as one: it is not there, of another kind, too large, or closed to us."""

    kind = "disk"


def expanded(path: Path, error: type[LookbookError] = UnusableFile, advice: str = _ADVICE) -> Path:
    """The path with the home folder in the place of ~ or ~user; raise `error` where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError as problem:
        raise error(f"There is no home folder for {shown(path)}.", advice) from problem


def require_regular(
    path: Path, most_bytes: int | None = None, *, error: type[LookbookError] = UnusableFile, advice: str = _ADVICE
) -> Path:
    """The path, with ~ expanded, of a regular file that this user may read and that has at most so many bytes.

    Raise `error`, which says what is there instead and ends with `advice`.
    """
    path = expanded(path, error, advice)
    if reason := _why_not(path, most_bytes):
        raise error(f"{shown(path)} cannot be read: {reason}.", advice)
    return path


def _why_not(path: Path, most_bytes: int | None) -> str:
    """Why a path cannot be read as a file of at most so many bytes; empty if it can."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return "it is a broken link" if path.is_symlink() else "it does not exist"
    except OSError as problem:
        return str(problem.strerror)
    except ValueError:
        return "its name contains a null byte"
    if not stat.S_ISREG(status.st_mode):
        kind = next((words for is_kind, words in _KINDS if is_kind(status.st_mode)), "something else")
        return f"it is {kind}, not a file"
    if most_bytes is not None and status.st_size > most_bytes:
        return f"it has {status.st_size / 1e6:,.1f} MB; the limit is {most_bytes / 1e6:,.0f} MB"
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        return os.strerror(errno.EACCES)
    return ""


def read_start(path: Path, count: int, *, error: type[LookbookError] = UnusableFile, advice: str = _ADVICE) -> bytes:
    """The first so many bytes of such a file, however large it is; raise `error` as `require_regular` does."""
    path = require_regular(path, error=error, advice=advice)
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as problem:
        raise error(f"{shown(path)} cannot be read: {problem.strerror}.", advice) from problem


def read_whole(
    path: Path, most_bytes: int, *, error: type[LookbookError] = UnusableFile, advice: str = _ADVICE
) -> bytes:
    """The content of such a file; raise `error` as `require_regular` does, also where it grows past the limit."""
    require_regular(path, most_bytes, error=error, advice=advice)
    content = read_start(path, most_bytes + 1, error=error, advice=advice)
    if len(content) > most_bytes:
        reason = f"it exceeds the limit of {most_bytes / 1e6:,.0f} MB"
        raise error(f"{shown(path)} cannot be read: {reason}.", advice)
    return content


def free_bytes(folder: Path) -> int:
    """Bytes that are free where a folder is, or would be. Raise OSError."""
    whole = folder.absolute()
    return shutil.disk_usage(next(path for path in (whole, *whole.parents) if path.exists())).free


def sync(path: Path) -> None:
    """Have what was written into a file, or renamed in a folder, on disk before anything goes on; raise OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Where to write a file or folder that takes the place of `path` at one stroke when the block ends well.

    It is gone if the block does not.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield aside
        sync(aside)
        aside.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        aside.unlink(missing_ok=True)


def shown(path: Path | str) -> str:
    """A path as it can be written anywhere: bytes of a name that are no UTF-8 become escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def put_in_place(written: Path, path: Path) -> None:
    """Let a file that was written elsewhere on the disk take the place of `path`; done before, do nothing.

    Raise OSError.
    """
    if written.exists():
        written.replace(path)
        sync(path.parent)
