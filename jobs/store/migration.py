"""Bringing a store to this version's schema, with a backup first."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from jobs.store.copying import copy_database
from jobs.store.schema import REVISION
from jobs.store.store import RESTORE, Store, connect, revision_within
from jobs.store.store_errors import StoreDamaged, StoreError, StoreNewer

_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def upgrade(store: Store, current: str | None, target: str = REVISION) -> None:
    """Migrate the store from revision `current` (None: empty). Raise StoreNewer if this version does not know it.

    Foreign keys are off meanwhile: a table rebuilt with them on would delete the rows that refer to it.
    """
    if current is not None and current not in known_revisions():
        raise StoreNewer(
            f"The run store {store.place} has schema {current}, which is newer than this Lookbook ({REVISION}).",
            "Update Lookbook, or point LOOKBOOK_DATABASE_URL at another store.",
        )
    engine = connect(store.engine.url.render_as_string(hide_password=False), foreign_keys=False)
    try:
        with Store(engine, store.artifacts).writing() as connection:
            # Somebody else may have migrated it while this process waited for the write lock.
            now = revision_within(connection)
            if now == target:
                return
            if now is None:
                make_tables(connection, store.place, target)
                return
            with _backed_up(store, now, target):
                _run(connection, target)
                _check_references(connection, store.place)
    finally:
        engine.dispose()


def make_tables(connection: Connection, place: str, target: str = REVISION) -> None:
    """Make the tables of a revision in an empty database, within the caller's transaction.

    Raise StoreDamaged if there are tables already, StoreError if the database cannot keep every text.
    """
    tables = inspect(connection).get_table_names()
    if tables:
        raise StoreDamaged(
            f"{place} is a database of another program (it has a table {tables[0]}).",
            "Point LOOKBOOK_DATABASE_URL at another one; a file is made if it does not exist.",
        )
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise StoreError(
                f"The database {place} has the encoding {encoding}, which cannot keep every text.",
                "Make it with UTF-8 (createdb --encoding UTF8 --template template0 NAME).",
            )
    _run(connection, target)


def known_revisions() -> set[str]:
    """Every schema revision that this version can bring up to its own."""
    return {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}


def _run(connection: Connection, target: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _check_references(connection: Connection, place: str) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StoreDamaged(
            f"{len(broken)} rows of the run store {place} refer to rows that are gone; nothing was changed.",
            RESTORE,
        )


@contextmanager
def _backed_up(store: Store, current: str, target: str) -> Iterator[None]:
    """Copy the store as it is before it is changed; a change that fails is undone, and then the copy goes too.

    The caller holds the write lock, so that nobody changes or migrates the store meanwhile. Postgres undoes a change
    by itself; who wants a copy makes it before.
    """
    database = store.engine.url.database
    if not store.is_local or not database:
        yield
        return
    path = Path(database)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    copy = path.with_name(f"{path.stem}-before-{target}-from-{current}-{stamp}{path.suffix}")
    copy_database(store, copy)
    try:
        yield
    except BaseException:
        copy.unlink()
        raise
