"""Postgres: a database of a server, which several machines may share."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

_WRITERS_LOCK = 0x6C6F6F6B626F6F6B
"""The advisory lock that every writing transaction holds, of this database alone: the letters of "lookbook"."""
_CONNECTING_S = 10
_PROBED_AFTER_S = 30
"""How long a connection is quiet before the other side is asked whether it is still there."""
_READER_SILENT_S, _WRITER_SILENT_S = 60.0, 10.0
"""A transaction whose process says nothing for so long, suspended or cut off, is ended; on a writer others wait."""
_UNANSWERED_MS = 10_000
"""A connection is given up when what was sent has not arrived for so long: the network may be cut."""
_KEPT, _MOST_BESIDE = 5, 15
"""Connections that a process keeps open, and how many more it may open at once."""


def engine_of(address: URL, patience_s: float, from_json: Callable[[bytes], Any]) -> Engine:
    """An engine for the database that the address names; a transaction waits so many seconds for a lock.

    What the address itself says of connecting goes before what is chosen here.
    """
    connecting = {
        "application_name": "lookbook",
        "client_encoding": "utf8",
        "connect_timeout": _CONNECTING_S,
        "keepalives_idle": _PROBED_AFTER_S,
        "tcp_user_timeout": _UNANSWERED_MS,
    }
    engine = create_engine(
        address,
        connect_args={name: value for name, value in connecting.items() if name not in address.query},
        isolation_level="READ COMMITTED",
        json_deserializer=from_json,
        # A server that was started again is connected to anew.
        pool_pre_ping=True,
        pool_size=_KEPT,
        max_overflow=_MOST_BESIDE,
        pool_timeout=patience_s,
    )
    reading = f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; {_limits(patience_s, _READER_SILENT_S)}"
    beating = _limits(patience_s, _WRITER_SILENT_S)
    # Each later statement sees all that was committed before the lock was had, and nobody else writes from then on.
    writing = f"{beating}; SELECT pg_advisory_xact_lock({_WRITERS_LOCK})"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(
            reading if options.get("reading") else beating if options.get("beating") else writing
        )

    return engine


def _limits(patience_s: float, silent_s: float) -> str:
    """How long a transaction waits for a lock, and how long its process may say nothing."""
    return (
        f"SET LOCAL lock_timeout = {round(patience_s * 1000)}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {round(silent_s * 1000)}"
    )
