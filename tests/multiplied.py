"""Run stores with very many runs in them: a few realistic ones, copied within the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Table, func, literal, select

from jobs.store.schema import attempts, epochs, predictions, runs, tags
from jobs.store.store import Store
from tests import stores

DIFFERENT = 99
"""How many runs are drawn; all others are copies of these."""
_PREFIX = 3
_DIGITS = "23456789abcdefghjkmnpqrstuvwxyz"
_LATER_S = 1800.0


def fill(store: Store, count: int, epochs_done: int, *, bare: bool = False) -> list[str]:
    """Put so many finished runs in groups of three seeds into the store; return the ids of the newest, oldest first.

    All but those are copies of them, older and slower by the copy, with every epoch and prediction, or `bare` of both.
    """
    ids = stores.fill(store, min(DIFFERENT, count), epochs_done=epochs_done, validated=True)
    with store.writing() as connection:
        for first in range(0, len(ids) - 2, 3):
            group = runs.update().where(runs.c.id.in_(ids[first : first + 3]))
            connection.execute(group.values(group_id=ids[first]))
    copied = (runs, attempts, tags) if bare else (runs, attempts, tags, epochs, predictions)
    for copy, begin in enumerate(range(len(ids), count, len(ids)), start=1):
        with store.writing() as connection:
            for table in copied:
                _copy(connection, table, ids[: count - begin], copy)
    return ids


def _copy(connection: Connection, table: Table, ids: Sequence[str], copy: int) -> None:
    """Add the rows of these runs once more, under ids of their own."""
    # No id that is drawn begins with 0.
    prefix = "0" + "".join(_DIGITS[copy // len(_DIGITS) ** place % len(_DIGITS)] for place in range(_PREFIX))
    changed: dict[str, ColumnElement[Any]] = {
        name: literal(prefix).concat(_tail(table.c[name])) for name in ("id", "run_id", "group_id") if name in table.c
    }
    if table is runs:
        changed |= {
            "seed": runs.c.seed + DIFFERENT * copy,
            "name": runs.c.name + f" of {copy}",
            "created_at": runs.c.created_at - literal(_LATER_S * DIFFERENT * copy, Float),
            "work_s": runs.c.work_s + literal(0.25 * copy, Float),
        }
    key = table.c.id if table is runs else table.c.run_id
    columns = [changed.get(column.name, column) for column in table.columns]
    connection.execute(table.insert().from_select([*table.c.keys()], select(*columns).where(key.in_(ids))))


def _tail(column: ColumnElement[str]) -> ColumnElement[str]:
    return func.substr(column, _PREFIX + 1)
