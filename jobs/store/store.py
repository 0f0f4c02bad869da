"""The run store: how it is opened, read and written so that no update is lost and no reader waits."""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from jobs.people import Person, operator
from jobs.store import schema
from jobs.store.store_errors import StoreError, explained

PATIENCE_S = 30.0
"""How long a transaction waits for a lock that another process holds before it gives up with StoreBusy."""

_REST_S = 0.01
"""Between two tries to change the journal mode."""

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
        """What to call the store in a message: its file, or its URL without the password."""
        return self.engine.url.database or self.url if self.is_local else self.url

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot to read from; never takes the write lock."""
        with (
            explained(self.place),
            self.engine.connect() as connection,
            connection.execution_options(reading=True).begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start: what it reads stays true until it writes."""
        with explained(self.place), self.engine.begin() as connection:
            yield connection


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


def _set_up(driver: Any, patience_s: float, foreign_keys: bool) -> None:
    """Prepare a new connection to SQLite."""
    driver.text_factory = _as_text
    cursor = driver.cursor()
    # The timeout first: changing the journal mode needs a lock that another process may hold.
    cursor.execute(f"PRAGMA busy_timeout={round(patience_s * 1000)}")
    # Setting WAL where it is set already would ask for a lock, and fail on a store that is read-only.
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _set_wal(cursor, time.monotonic() + patience_s)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    cursor.close()


def _set_wal(cursor: sqlite3.Cursor, deadline: float) -> None:
    """Change the journal mode, which SQLite refuses at once, without its timeout, where two do it at the same time."""
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() >= deadline:
                raise
        time.sleep(_REST_S)


def _as_text(content: bytes) -> str:
    # A damaged byte in one text must not keep every row from being read.
    return content.decode("utf-8", errors="replace")


def _from_json(text: str) -> Any:
    try:
        return Unreadable(text) if _NO_CHARACTER in text else json.loads(text)
    except (ValueError, RecursionError):
        return Unreadable(text)


def connect(url: str, *, foreign_keys: bool = True, patience_s: float = PATIENCE_S) -> Engine:
    """An engine whose transactions begin with the lock they will need; `foreign_keys=False` is for migrations.

    Raise StoreError if there is no such kind of database, or its driver is not installed.
    """
    address = parse_url(url)
    if address.get_backend_name() != "sqlite":
        return _create_engine(address, pool_pre_ping=True)
    database = address.database or ""
    if database in ("", ":memory:"):
        raise StoreError("A run store in memory would be found by no other process of Lookbook.", _URL_ADVICE)
    connecting = {"isolation_level": None, "timeout": patience_s}
    # Each session of a page has a thread that may wait for a lock: they must not run out of connections meanwhile.
    engine = _create_engine(address, connect_args=connecting, max_overflow=-1, json_deserializer=_from_json)

    @event.listens_for(engine, "do_connect")
    def _open_without_writing(_dialect: Any, record: Any, arguments: list[Any], parameters: dict[str, Any]) -> None:
        record.info["untouched"] = _nobody_can_write_beside(database)
        if record.info["untouched"]:
            arguments[0] = f"{Path(database).absolute().as_uri()}?immutable=1"
            parameters["uri"] = True

    @event.listens_for(engine, "connect")
    def _prepare(driver: Any, record: Any) -> None:
        _set_up(driver, patience_s, foreign_keys)
        record.info["file"] = _file_identity(database)

    @event.listens_for(engine, "checkout")
    def _refuse_a_file_that_was_replaced(_driver: Any, record: Any, _proxy: Any) -> None:
        # An open connection would go on writing to the file that was there before.
        if record.info["file"] != _file_identity(database):
            raise DisconnectionError("the run store was replaced")
        if record.info["untouched"] and not _nobody_can_write_beside(database):
            raise DisconnectionError("somebody writes into the run store")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")

    return engine


def parse_url(url: str) -> URL:
    """The parts of a database URL; raise StoreError if it is none."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"LOOKBOOK_DATABASE_URL is no database URL ({error}).", _URL_ADVICE) from error


_URL_ADVICE = "Correct LOOKBOOK_DATABASE_URL, for example to sqlite:///runs.db."


def _create_engine(address: URL, **options: Any) -> Engine:
    shown = address.render_as_string(hide_password=True)
    try:
        return create_engine(address, **options)
    except ArgumentError as error:
        raise StoreError(f"Lookbook knows no kind of database for {shown} ({error}).", _URL_ADVICE) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"The database driver {error.name} for {shown} is not installed.",
            f"Install {_PACKAGES.get(str(error.name), error.name)}, or correct LOOKBOOK_DATABASE_URL.",
        ) from error


_PACKAGES = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary"}
"""The packages that bring the drivers of Postgres, by the name of the module."""


def _nobody_can_write_beside(database: str) -> bool:
    """Whether the store lies in a folder closed to this user, with no write-ahead log of another process.

    SQLite cannot open such a file in WAL mode the usual way, since it may not make the files beside it; what nobody
    writes can be read as immutable (https://www.sqlite.org/wal.html#read_only_databases).
    """
    if not Path(database).is_file() or Path(f"{database}-wal").exists():
        return False
    return not os.access(Path(database).parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _file_identity(database: str) -> tuple[int, int] | None:
    try:
        status = os.stat(database)
    except OSError:
        return None
    return status.st_dev, status.st_ino


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
