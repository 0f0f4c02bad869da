"""Files and folders for people to keep: complete when they appear, and never in the place of what was there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import LookbookError
from core.files import written_aside


class NotWritten(LookbookError):
    """A file or folder for the reader could not be written, or exists already."""

    kind = "disk"


def write_file(path: Path, content: str | bytes, *, replace: bool = False) -> None:
    """Write a file at one stroke; raise NotWritten if it exists and shall not be replaced, or cannot be written."""
    if not replace:
        require_new(path)
    with _explained(path), written_aside(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill aside, which gets its name when the block ends well and is gone if it does not.

    Raise NotWritten if the name is taken by anything but an empty folder, or if nothing can be written.
    """
    if not (path.is_dir() and not any(path.iterdir())):
        require_new(path)
    with _explained(path), written_aside(path) as aside:
        aside.mkdir()
        yield aside


def require_new(path: Path) -> None:
    """Raise NotWritten if there is something of this name."""
    if path.exists() or path.is_symlink():
        raise NotWritten(f"{path} exists already.", "Choose another name.")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise NotWritten(f"{path} could not be written: {reason}.", "Check its folder and disk space.") from error
