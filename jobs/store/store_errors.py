"""Why a run store cannot be used, in words that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

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


class StoreUnreachable(StoreBusy):
    """The database server does not answer, or takes no more connections, for now."""


class StoreNewer(StoreError):
    """The run store was written by a newer Lookbook."""


class StoreDamaged(StoreError):
    """The file is not a run store or is damaged."""


class ChangedMeanwhile(LookbookError):
    """Somebody else has changed what an edit began from; `now` is what they wrote."""

    kind = "store"

    def __init__(self, message: str, advice: str, now: str) -> None:
        super().__init__(message, advice)
        self.now = now


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what the database driver says into a StoreError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        explain = _explain if "sqlite" in type(error.orig).__module__ else _explain_postgres
        raise explain(place, str(error.orig), error) from error
    except TimeoutError as error:
        raise StoreUnreachable(f"All connections of this process to {place} are in use.", _LATER) from error


def _explain(place: str, reason: str, _error: DBAPIError) -> StoreError:
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


_LATER = "Try again in a moment; if it lasts, ask whoever runs the database server."


def _explain_postgres(place: str, reason: str, error: DBAPIError) -> StoreError:
    """By the state that the server gives (Postgres, appendix A); of a connection that failed there are only words."""
    state = getattr(error.orig, "sqlstate", None) or next(
        (state for words, state in _STATE_OF_WORDS.items() if words in reason), ""
    )
    reason = " ".join(reason.split())
    for states, kind, message, advice in _POSTGRES:
        if state.startswith(states):
            return kind(message.format(place=place, reason=reason), advice)
    if error.connection_invalidated or (not state and isinstance(error, OperationalError | InterfaceError)):
        return StoreUnreachable(f"The database server of {place} does not answer ({reason}).", _START)
    return StoreError(f"The run store {place} answered: {reason}.", "If it happens again, please report it.")


_START = "Start it, or correct host and port in LOOKBOOK_DATABASE_URL; runs wait for it meanwhile."
_STATE_OF_WORDS = {
    "too many connections": "53300",
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "pg_hba.conf": "28000",
    'role "': "28000",
    'database "': "3D000",
    "database system": "57P03",
    "too many clients": "53300",
    "connection slots": "53300",
    "NUL": "22021",
}
_POSTGRES: tuple[tuple[tuple[str, ...], type[StoreError], str, str], ...] = (
    (
        ("28",),
        StoreError,
        "The database server of {place} does not let this user in ({reason}).",
        "Correct user and password in LOOKBOOK_DATABASE_URL, or keep the password in ~/.pgpass.",
    ),
    (
        ("3D",),
        StoreError,
        "The database of {place} does not exist ({reason}).",
        "Make it (createdb NAME), or correct LOOKBOOK_DATABASE_URL.",
    ),
    (("53300",), StoreUnreachable, "The database server of {place} takes no more connections ({reason}).", _LATER),
    (
        ("53100",),
        StoreFull,
        "The disk of the database server of {place} is full ({reason}).",
        "Free disk space there, then try again.",
    ),
    (
        ("25006", "42501"),
        StoreReadOnly,
        "The run store {place} cannot be written ({reason}).",
        "Make this user the owner of the database, or point LOOKBOOK_DATABASE_URL at a server that takes writes.",
    ),
    (
        ("55P03", "40"),
        StoreBusy,
        "Another program has locked the run store {place}.",
        "Close it, or wait until it is done, then try again.",
    ),
    (
        ("08", "57P", "25P03"),
        StoreUnreachable,
        "The database server of {place} has ended the connection ({reason}).",
        _START,
    ),
    (
        ("22021", "22P05"),
        StoreError,
        "The run store {place} cannot keep a character of this text ({reason}).",
        "Take out what is no letter, digit or sign, and try again.",
    ),
    (("XX001", "XX002"), StoreDamaged, "The run store {place} is damaged ({reason}).", "Restore a backup."),
)
