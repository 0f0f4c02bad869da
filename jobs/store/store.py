"""The run store: how it is opened, read and written so that no update is lost and no reader waits."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from jobs.people import Person, operator
from jobs.store import schema
from jobs.store.engines import postgres, sqlite
from jobs.store.store_errors import StoreError, explained

PATIENCE_S = 30.0
"""How long a transaction waits for a lock that another process holds before it gives up with StoreBusy."""

RESTORE = "Restore a backup with: python -m jobs restore FILE"
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Store:
    """An open run store and the folder where the files of its runs are."""

    engine: Engine
    artifacts: Path
    by: Person = field(default_factory=operator)
    """Who reads and changes it; jobs.team.permission decides what they may."""

    def acting(self, person: Person) -> "Store":
        """The same store, opened by somebody."""
        return replace(self, by=person)

    @property
    def url(self) -> str:
        """The database URL, without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def is_local(self) -> bool:
        """Whether the store is a file of this machine, so that every running run in it runs here."""
        return self.engine.dialect.name == "sqlite"

    @property
    def place(self) -> str:
        """What to call the store in a message: its file, or its URL without password and options."""
        if self.is_local:
            return self.engine.url.database or self.url
        return self.engine.url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot of one moment to read from; never takes the write lock."""
        with (
            explained(self.place),
            self.engine.connect() as connection,
            connection.execution_options(reading=True).begin(),
        ):
            yield connection

    @contextmanager
    def beating(self) -> Iterator[Connection]:
        """A transaction that waits for no other writer but one of the same row: for signs of life.

        A process that is suspended while it writes must not make all others look dead.
        """
        with (
            explained(self.place),
            self.engine.connect() as connection,
            connection.execution_options(beating=True).begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start: what it reads stays true until it writes."""
        with explained(self.place), self.engine.begin() as connection:
            yield connection


def clock(connection: Connection) -> float:
    """Now, in seconds since 1970: by the clock of the database server, so that those of machines are not compared."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def open_store(url: str, artifacts: Path, *, patience_s: float = PATIENCE_S) -> Store:
    """Open the store, creating it or bringing it up to this version first. Raise StoreError with what to do."""
    store = Store(connect(url, patience_s=patience_s), artifacts)
    make_private(store)
    bring_up_to_date(store)
    return store


def make_private(store: Store) -> None:
    """Make a store that is not there yet so that only its owner can read it; one that is there keeps its rights.

    What cannot be made is explained where it is opened. SQLite gives the files beside a store the rights of the store.
    """
    if store.is_local and store.engine.url.database:
        with contextlib.suppress(OSError):
            make_private_file(Path(store.engine.url.database))


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read; raise OSError where there is something of this name."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def make_artifacts(folder: Path) -> None:
    """Make the artifacts folder, with photos and models in it, so that only its owner can read it, unless it is there.

    Raise OSError where it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def bring_up_to_date(store: Store) -> None:
    """Create the tables of a new store, migrate one of an older version. Raise StoreError with what to do."""
    with explained(store.place):
        current = revision(store.engine)
    if current == schema.REVISION:
        return
    # Alembic takes 0.3 s to import and is needed only here.
    from jobs.store import migration

    migration.upgrade(store, current)


@dataclass(frozen=True)
class Unreadable:
    """Stands in a row for JSON that is damaged, so that all else in the row, and every other row, can be read."""

    text: str


def _from_json(stored: str | bytes) -> Any:
    # A number, which SQLite makes of JSON that is one, is a TypeError here, and SQLAlchemy then takes it as it is.
    text = stored if isinstance(stored, str) else str(stored, "utf-8")
    try:
        return Unreadable(text) if _NO_CHARACTER in text else json.loads(text)
    except (ValueError, RecursionError):
        return Unreadable(text)


def connect(url: str, *, foreign_keys: bool = True, patience_s: float = PATIENCE_S) -> Engine:
    """An engine whose transactions begin with the lock they will need; `foreign_keys=False` is for migrations.

    Raise StoreError if Lookbook knows no such kind of database, or its driver is not installed.
    """
    address = parse_url(url)
    kind, shown = address.get_backend_name(), address.render_as_string(hide_password=True)
    if kind == "sqlite" and address.database in (None, "", ":memory:"):
        raise StoreError("A run store in memory would be found by no other process of Lookbook.", _URL_ADVICE)
    if kind == "postgresql" and address.drivername != _POSTGRES:
        raise StoreError(f"Lookbook reaches Postgres by psycopg, not as {shown} says.", _URL_ADVICE)
    try:
        if kind == "sqlite":
            return sqlite.engine_of(address, patience_s, _from_json, foreign_keys=foreign_keys)
        if kind == "postgresql":
            return postgres.engine_of(address, patience_s, _from_json)
    except ArgumentError as error:
        raise StoreError(f"{shown} cannot be opened ({error}).", _URL_ADVICE) from error
    except ImportError as error:
        raise StoreError(
            f"The database driver psycopg for {shown} is not installed ({error}).",
            'Install it: pip install "psycopg[binary]"; or correct LOOKBOOK_DATABASE_URL.',
        ) from error
    raise StoreError(f"Lookbook knows no kind of database for {shown}.", _URL_ADVICE)


def parse_url(url: str) -> URL:
    """The parts of a database URL, of Postgres with its driver; raise StoreError if it is none."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"LOOKBOOK_DATABASE_URL is no database URL ({error}).", _URL_ADVICE) from error
    return address.set(drivername=_POSTGRES) if address.drivername in ("postgres", "postgresql") else address


_POSTGRES = "postgresql+psycopg"
_URL_ADVICE = "Correct LOOKBOOK_DATABASE_URL, for example to sqlite:///runs.db."


def revision(engine: Engine) -> str | None:
    """The schema revision of the store, None if it holds no tables yet."""
    with engine.connect().execution_options(reading=True) as connection:
        return revision_within(connection)


def revision_within(connection: Connection) -> str | None:
    """The schema revision as this transaction sees it, None if the store holds no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version
