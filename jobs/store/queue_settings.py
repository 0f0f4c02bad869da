"""What everybody who uses the store shares: how many runs at once, whether the queue is paused, what store it is."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from jobs.settings import settings
from jobs.store.schema import store_settings
from jobs.store.store import RESTORE, Store, Unreadable
from jobs.store.store_errors import StoreDamaged

MOST_SLOTS = 64
ENGINE_PROBLEM = "engine_problem"
VALUES: dict[str, Callable[[Any], bool]] = {
    "slots": lambda value: type(value) is int and 1 <= value <= MOST_SLOTS,
    "paused": lambda value: type(value) is bool,
    # Of belonging: the id is part of a file's name.
    "id": lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{16}", value) is not None,
    "artifacts": lambda value: isinstance(value, str),
    # Why the cluster starts no trainers, empty where it does.
    ENGINE_PROBLEM: lambda value: isinstance(value, str),
}
"""What each of the settings that a store holds may be."""


def slots(connection: Connection) -> int:
    """How many runs may run at once: as set in the store, else by LOOKBOOK_SLOTS."""
    chosen: int | None = _value(connection, "slots")
    return settings().slots if chosen is None else chosen


def is_paused(connection: Connection) -> bool:
    """Whether the queue is paused: no further run is started, and running ones continue."""
    return bool(_value(connection, "paused"))


def _value(connection: Connection, key: str) -> Any:
    value = connection.execute(select(store_settings.c.value).where(store_settings.c.key == key)).scalar()
    if isinstance(value, Unreadable) or (value is not None and not VALUES[key](value)):
        raise StoreDamaged(f"The setting {key} of the queue is damaged in the run store.", RESTORE)
    return value


def recorded(store: Store, keys: Sequence[str]) -> dict[str, Any]:
    """Those of these values that the store holds."""
    with store.reading() as connection:
        values = {key: _value(connection, key) for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def engine_problem(store: Store) -> str:
    """Why the cluster starts no trainers, as the supervisor last saw it; empty where it does."""
    return str(recorded(store, (ENGINE_PROBLEM,)).get(ENGINE_PROBLEM, ""))


def record(store: Store, key: str, value: Any) -> None:
    """Keep a value in the store."""
    with store.writing() as connection:
        put(connection, key, value)


def record_missing(store: Store, key: str, value: Any) -> Any:
    """Keep a value in the store unless it has one; return the one that it has."""
    with store.reading() as connection:
        present = _value(connection, key)
    if present is not None:
        return present
    with store.writing() as connection:
        present = _value(connection, key)
        if present is None:
            connection.execute(store_settings.insert().values(key=key, value=value))
        return value if present is None else present


def put(connection: Connection, key: str, value: Any) -> None:
    """Keep a value in the store, within the caller's transaction."""
    if connection.execute(store_settings.update().where(store_settings.c.key == key).values(value=value)).rowcount == 0:
        connection.execute(store_settings.insert().values(key=key, value=value))
