"""Files and folders for others to take along: complete when they appear, and never in the place of what was there."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import LookbookError


class NotWritten(LookbookError):
    """A file or folder for the reader could not be written, or exists already."""

    kind = "disk"


def write_file(path: Path, content: str | bytes, *, replace: bool = False) -> None:
    """Write a file aside and rename it; raise NotWritten if it exists and shall not be replaced, or on no room."""
    if not replace:
        require_new(path)
    with _aside(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)
        aside.replace(path)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill aside, which gets its name when the block ends well and is gone if it does not.

    Raise NotWritten if the name is taken by anything but an empty folder, or if nothing can be written.
    """
    if not (path.is_dir() and not any(path.iterdir())):
        require_new(path)
    with _aside(path) as aside:
        aside.mkdir()
        yield aside
        aside.replace(path)


def require_new(path: Path) -> None:
    """Raise NotWritten if there is something of this name."""
    if path.exists() or path.is_symlink():
        raise NotWritten(f"{path} exists already.", "Choose another name.")


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A name beside `path` that nobody else uses; whatever is left there in the end is removed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(2)}.part")
    try:
        yield aside
    except OSError as error:
        raise NotWritten(
            f"{path} could not be written: {error.strerror or error}.", "Check that its folder exists and has room."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if aside.is_file():
            aside.unlink()
