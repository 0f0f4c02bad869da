"""A run store that somebody else may have written, read without trust: only rows that a store can hold come through.

Nothing of the file itself is put in the place of the run store. Its rows are read one by one, each value is held
against what its column may hold, and they are written into a new database that this version's own migrations have made;
triggers, views and whatever else a file may bring along stay behind with it.
"""

import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, String, Table

from core.classes import CLASS_COUNT
from core.config import FASHION_MNIST
from core.data.data_facts import DataFacts
from core.datasets.readers.class_spelling import MOST_CLASSES
from core.texts import tidied
from jobs.copies.rows import plain_type
from jobs.people import Role
from jobs.settings import sqlite_url
from jobs.store import blobs, migration, queue_settings, schema
from jobs.store.ids import is_id
from jobs.store.records import STATUSES, ReviewState, data_facts
from jobs.store.store import Store, connect
from jobs.store.store_errors import StoreError, StoreNewer
from jobs.team.comments import About

LONGEST_TEXT = 1_000_000
MOST_IMAGES = 1_000_000
_SPLIT = re.compile(r"test|validation|photos-[a-z0-9]{1,16}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LABEL = range(CLASS_COUNT)
_AT_ONCE = 1_000


class _Refused(Exception):
    """What is wrong with the file, in words that follow its name."""


@contextmanager
def checked_copy(source: Path, beside: Path) -> Iterator[Path]:
    """A new store with the rows of the store in `source`, in a folder beside `beside` that is gone afterwards.

    It has the schema revision of the source. Raise StoreError for what is no whole run store, of a newer Lookbook, or
    with values that no run store has; the message says which.
    """
    if not source.is_file():
        words = "is no file" if source.exists() else "does not exist"
        raise StoreError(f"{source} {words}.", "Name a file that `python -m jobs backup` wrote.")
    with TemporaryDirectory(prefix=".restore-", dir=beside.parent) as folder:
        try:
            yield _copied(source, Path(folder) / "runs.db")
        except _Refused as refused:
            raise StoreError(f"{source} is no run store that can be restored: {refused}.", _ADVICE) from refused
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise StoreError(f"{source} is not an undamaged run store ({error}).", _ADVICE) from error


_ADVICE = "Name another backup."


def _copied(source: Path, target: Path) -> Path:
    with closing(_opened(source)) as reader:
        revision = _revision(reader)
        if revision not in migration.known_revisions():
            raise StoreNewer(
                f"{source} was written by a newer Lookbook (schema {revision[:20]}; this one knows up to "
                f"{schema.REVISION}).",
                "Update Lookbook, then restore it.",
            )
        migration.upgrade(Store(connect(sqlite_url(target)), target.parent), None, revision)
        with closing(sqlite3.connect(target)) as writer:
            _require_only_tables_of(reader, writer)
            _require_whole(reader)
            with writer:
                for table in schema.metadata.sorted_tables:
                    _copy_rows(reader, writer, table)
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if broken := writer.execute("PRAGMA foreign_key_check").fetchone():
                raise _Refused(f"a row of {broken[0]} belongs to a row of {broken[2]} that is not there")
    return target


def _opened(source: Path) -> sqlite3.Connection:
    """The file, open to be read, with nothing in it trusted; all is read as of one moment."""
    connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    for setting in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("BEGIN")
    return connection


def _revision(reader: sqlite3.Connection) -> str:
    objects = dict(reader.execute("SELECT name, type FROM sqlite_master").fetchall())
    if objects.get("alembic_version") != "table":
        raise _Refused("it has no schema of a run store")
    rows = reader.execute("SELECT version_num FROM alembic_version").fetchmany(2)
    if len(rows) != 1 or not isinstance(rows[0][0], str):
        raise _Refused("it does not say which schema it has")
    return str(rows[0][0])


def _require_only_tables_of(reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
    """Refuse what this schema revision does not have: other tables, columns, triggers, views, computed columns."""
    expected = {name for (name,) in writer.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    triggers = set(writer.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
    for kind, name, sql in reader.execute("SELECT type, name, sql FROM sqlite_master WHERE type <> 'index'"):
        if str(name).startswith("sqlite_") or (kind == "trigger" and (name, sql) in triggers):
            continue
        if kind != "table" or name not in expected or not str(sql).upper().lstrip().startswith("CREATE TABLE"):
            raise _Refused(f"it has a {kind} {str(name)[:50]!r}, which no run store of this schema has")
        expected.discard(name)
        ours, theirs = (_columns(each, name) for each in (writer, reader))
        if ours != theirs:
            raise _Refused(f"the columns of its table {name} are not those of its schema")
    missing = sorted(name for name in expected if not name.startswith("sqlite_"))
    if missing:
        raise _Refused(f"it has no table {missing[0]}")


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, bool]]:
    """The names of a table's columns, and whether each is an ordinary one."""
    columns = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,))
    return sorted((name, hidden == 0) for name, hidden in columns)


def _require_whole(reader: sqlite3.Connection) -> None:
    verdict = reader.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise _Refused(f"it is damaged ({verdict})")


def _copy_rows(reader: sqlite3.Connection, writer: sqlite3.Connection, table: Table) -> None:
    present = {name for name, _ in _columns(writer, table.name)}
    columns = [column for column in table.columns if column.name in present]
    if not columns:
        return  # a table that came with a later revision
    names = ", ".join(f'"{column.name}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    rows = reader.execute(f'SELECT {names} FROM "{table.name}"')
    classes = _classes_of_runs(writer) if table is schema.predictions else {}
    while some := rows.fetchmany(_AT_ONCE):
        for row in some:
            _check_row(table, dict(zip(columns, row, strict=True)), classes)
        writer.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', some)


def _classes_of_runs(writer: sqlite3.Connection) -> dict[str, int]:
    """How many classes each run tells apart that says so; the rows of runs have been checked and copied before."""
    if ("data_set", True) not in _columns(writer, "runs"):
        return {}
    rows = writer.execute("SELECT id, data_set FROM runs WHERE data_set IS NOT NULL")
    return {run_id: len(json.loads(facts)["classes"]) for run_id, facts in rows}


def _check_row(table: Table, row: dict[Column[Any], Any], classes: Mapping[str, int]) -> None:
    for column, value in row.items():
        if value is None and column.nullable:
            continue
        place = f"{table.name}.{column.name}"
        if not _fits(column, value):
            raise _Refused(f"{place} holds {_shown(value)}, which is no {_TYPES[_kind(column)]}")
        if (allowed := _ALLOWED.get(place)) and not allowed(value):
            raise _Refused(f"{place} holds {_shown(value)}, which no run store has there")
    if table is schema.predictions:
        values = {column.name: value for column, value in row.items()}
        _check_predictions(values, classes.get(values["run_id"], CLASS_COUNT))
    if table is schema.store_settings:
        _check_setting(*(row[column] for column in (schema.store_settings.c.key, schema.store_settings.c.value)))


def _check_predictions(row: dict[str, Any], classes: int) -> None:
    """Unpack the answers within the size that they are said to have, so that no small file fills the memory."""
    try:
        labels = blobs.decode_labels(row["labels"], row["count"], classes)
        values = blobs.decode_log_probabilities(row["log_probabilities"], row["count"], classes)
    except blobs.Damaged as error:
        raise _Refused(f"the predictions of run {row['run_id']} ({row['split']}) are damaged: {error}") from error
    if len(labels) != len(values) or not (values <= 0).all():
        raise _Refused(f"the predictions of run {row['run_id']} ({row['split']}) are no probabilities")


def _check_setting(key: str, value: str) -> None:
    fits = queue_settings.VALUES.get(key)
    if fits is None or not fits(json.loads(str(value))):
        raise _Refused(f"the setting {_shown(key)} holds {_shown(value)}, which no run store has there")


_TYPES = {
    JSON: "JSON",
    Boolean: "yes or no",
    Float: "number",
    Integer: "whole number",
    String: "text",
    LargeBinary: "data",
}


def _kind(column: Column[Any]) -> type:
    return next(kind for kind in _TYPES if isinstance(plain_type(column), kind))


def _fits(column: Column[Any], value: Any) -> bool:
    kind = _kind(column)
    if kind is JSON:
        # SQLite turns JSON that is a number into a number.
        return not isinstance(value, bytes) and len(str(value)) <= LONGEST_TEXT and _is_json(str(value))
    plain = plain_type(column)
    if isinstance(plain, String):
        longest = plain.length or LONGEST_TEXT
        return isinstance(value, str) and len(value) <= longest and "\0" not in value
    if kind is Boolean:
        return value in (0, 1) and isinstance(value, int)
    if kind is Float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, int if kind is Integer else bytes)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _is_object(text: str) -> bool:
    return isinstance(json.loads(str(text)), dict)


def _is_data_facts(text: str) -> bool:
    return isinstance(data_facts(json.loads(str(text))), DataFacts)


def _within(least: float, most: float, value: float) -> bool:
    return least <= value <= most


def _is_split(words: str) -> bool:
    return _SPLIT.fullmatch(words) is not None


def _is_data(words: str) -> bool:
    return words == FASHION_MNIST or _HASH.fullmatch(words) is not None


def _is_person(words: str) -> bool:
    return bool(words) and words == tidied(words)


_ROLES = {role.word for role in Role}
_COUNT = partial(_within, 0, 10**12)
_ALLOWED: dict[str, Callable[[Any], bool]] = {
    "runs.id": is_id,
    "runs.group_id": is_id,
    "runs.cloned_from": is_id,
    "runs.status": STATUSES.__contains__,
    "runs.config": _is_object,
    "runs.environment": _is_object,
    "runs.data_set": _is_data_facts,
    "runs.epochs": partial(_within, 1, 10**6),
    **{f"runs.{name}": _COUNT for name in ("epoch", "batch", "batches", "attempt", "deaths", "queued_s", "work_s")},
    **{f"{table}.run_id": is_id for table in ("epochs", "predictions", "attempts", "tags", "photo_answers")},
    "epochs.epoch": partial(_within, 1, 10**6),
    "predictions.split": _is_split,
    "predictions.count": partial(_within, 0, MOST_IMAGES),
    "photo_sets.id": is_id,
    "photos.set_id": is_id,
    "photos.position": _COUNT,
    "photos.label": _LABEL.__contains__,
    "photo_answers.set_id": is_id,
    "runs.owner": _is_person,
    **{f"{table}.person": _is_person for table in ("sign_ins", "changes", "comments", "mentions", "reviews")},
    "people.id": _is_person,
    "roles.role": _ROLES.__contains__,
    **{f"{table}.{name}": is_id for table, name in (("changes", "run_id"), ("comments", "id"), ("comments", "thread"))},
    **{f"{table}.{name}": is_id for table, name in (("mentions", "comment_id"), ("reviews", "run_id"))},
    "comments.about": set(About).__contains__,
    "reviews.state": set(ReviewState).__contains__,
    "deliveries.id": is_id,
    "deliveries.tries": _COUNT,
    "label_marks.data": _is_data,
    "label_marks.position": _COUNT,
    "label_marks.label": partial(_within, 0, MOST_CLASSES - 1),
}


def _shown(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 60 else f"{words[:50]}… ({len(words):,} characters)"
