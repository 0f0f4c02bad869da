"""SQLite: a file of this machine."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError

_REST_S = 0.01
"""Between two tries to change the journal mode."""


def engine_of(address: URL, patience_s: float, from_json: Callable[[str], Any], *, foreign_keys: bool) -> Engine:
    """An engine for the file that the address names; a transaction waits so many seconds for a lock."""
    database = str(address.database)
    connecting = {"isolation_level": None, "timeout": patience_s}
    # Each session of a page has a thread that may wait for a lock: they must not run out of connections meanwhile.
    engine = create_engine(address, connect_args=connecting, max_overflow=-1, json_deserializer=from_json)

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


def _set_up(driver: Any, patience_s: float, foreign_keys: bool) -> None:
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
