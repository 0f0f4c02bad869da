"""Room on the disk: asked for before it is needed, and missed in a sentence; what was written, put on disk."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import DataSetError
from core.files import free_bytes, sync
from core.statistics.wording import size as size_words


@contextmanager
def enough_disk(folder: Path, needed: int) -> Iterator[None]:
    """Say in a sentence that a disk is full: before the block where it surely is, and when it turns out in it.

    The folder need not be there yet.
    """
    free = free_bytes(folder)
    if free < needed:
        raise _full(folder, needed, free)
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _full(folder, needed, free_bytes(folder)) from error
        raise DataSetError(
            f"{folder} cannot be written: {error.strerror or error}.", "Check its permissions, or set LOOKBOOK_DATA."
        ) from error


def _full(folder: Path, needed: int, free: int) -> DataSetError:
    return DataSetError(
        f"The data set does not fit into {folder}: it takes {size_words(needed)}, and {size_words(free)} are free.",
        "Free some space, choose another folder with LOOKBOOK_DATA, or import with a smaller --side; started again, "
        "the import goes on where it was.",
    )


def sync_all(folder: Path) -> None:
    """Have every file of a folder, and the folder, on disk; raise OSError."""
    for path in (*folder.iterdir(), folder):
        sync(path)


def make_private(folder: Path) -> None:
    """Make a folder, unless it is there, that only its owner can read: people's own pictures lie in it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
