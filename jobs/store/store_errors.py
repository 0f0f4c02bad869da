"""Why a run store cannot be used, in words that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from core.errors import LookbookError


class StoreError(LookbookError):
    """The run store cannot be used as asked; the message says why."""

    kind = "store"


class StoreReadOnly(StoreError):
    """The run store, its folder or its disk does not take writes."""


class StoreFull(StoreError):
    """There is no room left on the disk of the run store."""


class StoreBusy(StoreError):
    """Another program has held the run store locked for longer than a write waits."""


class StoreNewer(StoreError):
    """The run store was written by a newer Lookbook."""


class StoreDamaged(StoreError):
    """The file is not a run store or is damaged."""


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what the database driver says into a StoreError that says what to do."""
    try:
        yield
    except DatabaseError as error:
        raise _explain(place, error) from error


def _explain(place: str, error: DatabaseError) -> StoreError:
    reason = str(error.orig)
    folder = Path(place).parent
    if "unable to open" in reason and not folder.is_dir():
        return StoreReadOnly(
            f"The folder {folder} of the run store does not exist.",
            "Make it, or correct LOOKBOOK_DATABASE_URL, where a % of a path is written %25 and a ? is written %3F.",
        )
    if "readonly" in reason or "unable to open" in reason:
        return StoreReadOnly(
            f"The run store {place} cannot be written ({reason}).",
            "Give this user write access to the file and its folder, or point LOOKBOOK_DATABASE_URL elsewhere.",
        )
    if "disk is full" in reason or "disk I/O error" in reason:
        return StoreFull(
            f"The disk of the run store {place} is full or failing ({reason}).", "Free disk space, then try again."
        )
    if "locked" in reason:
        return StoreBusy(
            f"Another program has locked the run store {place}.",
            "Close it, or wait until it is done, then try again.",
        )
    if "malformed" in reason or "not a database" in reason:
        return StoreDamaged(
            f"The run store {place} is damaged ({reason}).",
            "Move it aside and restore a backup with: python -m jobs restore FILE",
        )
    return StoreError(f"The run store {place} answered: {reason}.", "If it happens again, please report it.")
