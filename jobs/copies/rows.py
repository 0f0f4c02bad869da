"""The rows of every table, put from one database into another of any kind, and compared there one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Table, Text, TypeDecorator, cast, select, text
from sqlalchemy import type_coerce as as_type
from sqlalchemy.types import TypeEngine

from jobs.store import schema
from jobs.store.store_errors import StoreDamaged, StoreError

_AT_ONCE = 100
"""Rows in memory at a time: of predictions one has some hundred kilobytes."""
_MOST = 2**256

Row = tuple[Any, ...]


@dataclass
class _Tally:
    """How many rows there are, and the sum of their hashes: equal for the same rows in any order."""

    rows: int = 0
    total: int = 0

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += len(rows)
        self.total = (self.total + sum(map(_hash_of, rows))) % _MOST


def copy_rows(source: Connection, target: Connection) -> None:
    """Put every row into the empty tables of the target, within the callers' transactions, and read them there again.

    Raise StoreDamaged if any row is another there, StoreError for what Postgres cannot keep.
    """
    for table in schema.metadata.sorted_tables:
        read, written = _Tally(), _Tally()
        insert = _insert_into(target, table)
        for rows in _rows_of(source, table):
            read.add(rows)
            _require_readable(target, table, rows)
            target.exec_driver_sql(insert, rows)
        for rows in _rows_of(target, table):
            written.add(rows)
        if read != written:
            raise StoreDamaged(
                f"{read.rows:,} rows of the table {table.name} were copied, and they are not the same there "
                f"({written.rows:,} rows); nothing was changed.",
                "Try again; if it happens again, please report it.",
            )
        count_on(target, table)


def is_empty(connection: Connection) -> bool:
    """Whether no table of the store has a row."""
    return not any(connection.execute(select(table).limit(1)).first() for table in schema.metadata.sorted_tables)


def empty_tables(connection: Connection) -> None:
    """Empty every table of a store in Postgres, within the caller's transaction.

    By TRUNCATE, since triggers keep every single row of the record of changes.
    """
    names = ", ".join(table.name for table in schema.metadata.sorted_tables)
    connection.execute(text(f"TRUNCATE {names}"))


def plain_type(column: Column[Any]) -> TypeEngine[Any]:
    """What the database itself holds; texts are cleaned only when they are read."""
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def _rows_of(connection: Connection, table: Table) -> Iterator[list[Row]]:
    """All rows as they are stored, JSON as its text, some at a time."""
    query = select(*(_as_stored(column) for column in table.columns))
    for rows in connection.execute(query, execution_options={"yield_per": _AT_ONCE}).partitions():
        yield [tuple(row) for row in rows]


def _as_stored(column: Column[Any]) -> ColumnElement[Any]:
    plain = plain_type(column)
    return cast(column, Text) if isinstance(plain, JSON) else as_type(column, plain)


def _insert_into(connection: Connection, table: Table) -> str:
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([mark] * len(table.columns))})'


def _require_readable(target: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Refuse JSON that Postgres would keep and then fail to search."""
    if target.dialect.name != "postgresql":
        return
    for number, column in enumerate(table.columns):
        if isinstance(column.type, JSON) and any("\\u0000" in (row[number] or "") for row in rows):
            raise StoreError(
                f"A row of {table.name} has the character NUL in its {column.name}, which Postgres cannot search.",
                "Delete that run, or keep the store in SQLite.",
            )


def count_on(connection: Connection, table: Table) -> None:
    """Let ids that the database counts itself go on after the highest there is; SQLite does so by itself."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    highest = f'SELECT coalesce(max("{column.name}"), 0) + 1 FROM "{table.name}"'
    sequence = f"pg_get_serial_sequence('\"{table.name}\"', '{column.name}')"
    connection.exec_driver_sql(f"SELECT setval({sequence}, ({highest}), false)")


def _hash_of(row: Row) -> int:
    values = [sha256(value).digest() if isinstance(value, bytes) else value for value in row]
    return int.from_bytes(sha256(repr(values).encode("utf-8", "surrogatepass")).digest())
