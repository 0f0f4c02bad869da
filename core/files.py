"""Files that a person names, looked at before they are read: a pipe would wait for ever, a device never ends."""

import os
import stat
from pathlib import Path

from core.errors import LookbookError
from core.wording import size


class FileRefused(LookbookError):
    """A file that was named is not there, is none, is too large, or may not be read."""

    kind = "disk"


def require_regular(path: Path, most_bytes: int | None = None, what: str = "file") -> Path:
    """The path, with ~ resolved, of a regular file of at most so many bytes; raise FileRefused for anything else.

    `what` says in one word what the file should hold.
    """
    try:
        resolved = path.expanduser()
        found = os.stat(resolved)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileRefused(
            f"The {what} {_shown(path)} cannot be read: {reason}.", "Name a file that is there."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a device or a socket"
        raise FileRefused(f"The {what} {_shown(path)} is {kind} and no file.", "Name a file.")
    if most_bytes is not None and found.st_size > most_bytes:
        raise FileRefused(
            f"The {what} {_shown(path)} has {size(found.st_size)}; at most {size(most_bytes)} are read.",
            "Name another file.",
        )
    return resolved


def read_regular(path: Path, most_bytes: int, what: str = "file") -> bytes:
    """The bytes of a regular file of at most so many; raise FileRefused."""
    resolved = require_regular(path, most_bytes, what)
    try:
        with resolved.open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise FileRefused(
            f"The {what} {_shown(path)} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error


def _shown(path: Path) -> str:
    """The path as text that can be shown, whatever bytes it has."""
    return os.fsencode(path).decode(errors="replace")
