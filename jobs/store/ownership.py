"""Which folder of artifacts belongs to which run store: no two stores ever work on the files of the same runs.

A store that is a file has an id and remembers its folder; the folder remembers, for each id, the store. Both by
relative paths, so that a project may be renamed, moved or copied whole. A copy of a store has the id of its original,
and is told from it by where it lies.
"""

import contextlib
import json
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from jobs.settings import sqlite_url
from jobs.store import queue_settings
from jobs.store.new_files import NotWritten, write_file
from jobs.store.store import Store, make_artifacts
from jobs.store.store_errors import StoreBusy, StoreError, StoreFull, StoreReadOnly

ID, FOLDER = "id", "artifacts"


class StoreMisplaced(StoreError):
    """The store and the artifacts folder do not belong together."""


def tie(store: Store) -> None:
    """Remember that the store and its artifacts folder belong together; raise StoreMisplaced if they do not.

    What cannot be remembered, because nothing can be written, is not: then nobody works there either.
    """
    if not store.is_local or not store.engine.url.database:
        return
    database, folder = Path(store.place).resolve(), store.artifacts.resolve()
    known = queue_settings.recorded(store, (ID, FOLDER))
    if ID in known:
        _refuse_copy(database, folder, known[ID])
        _refuse_other_folder(database, folder, known[ID], known.get(FOLDER))
    with contextlib.suppress(StoreBusy, StoreFull, StoreReadOnly, NotWritten, OSError):
        identity = queue_settings.record_missing(store, ID, secrets.token_hex(8))
        path = os.path.relpath(folder, database.parent)
        if known.get(FOLDER) != path:
            queue_settings.record(store, FOLDER, path)
        _sign(folder, identity, database)


def _refuse_copy(database: Path, folder: Path, identity: str) -> None:
    owner = _owner(folder, identity)
    if owner is not None and not owner.samefile(database):
        raise StoreMisplaced(
            f"{database} is a copy of the run store {owner}, and both would work on the files of the same runs in "
            f"{folder}.",
            f"Open the original (LOOKBOOK_DATABASE_URL={sqlite_url(owner)}), or give the copy a folder of its own "
            "(LOOKBOOK_ARTIFACTS=FOLDER).",
        )


def _refuse_other_folder(database: Path, folder: Path, identity: str, remembered: str | None) -> None:
    before = (database.parent / remembered).resolve() if remembered is not None else folder
    owner = _owner(before, identity)
    if before != folder and owner is not None and owner.samefile(database):
        raise StoreMisplaced(
            f"The files of the runs in {database} are in {before}, not in {folder}.",
            f"Set LOOKBOOK_ARTIFACTS={before}, or move that folder to {folder}.",
        )


def _owner(folder: Path, identity: str) -> Path | None:
    """The store of that id to which a folder belongs, None if there is none, or it is not there any more."""
    try:
        path = (folder / _signature(folder, identity).read_text(encoding="utf-8")).resolve()
    except OSError:
        return None
    return path if path.is_file() and _identity_of(path) == identity else None


def _identity_of(database: Path) -> str | None:
    """The id of a store, None if it has none or is no store."""
    # In a folder that is closed to this user only what nobody writes can be read.
    for way in ("mode=ro", "immutable=1"):
        with (
            contextlib.suppress(sqlite3.Error, ValueError),
            closing(sqlite3.connect(f"{database.as_uri()}?{way}", uri=True)) as connection,
        ):
            row = connection.execute("SELECT value FROM shop WHERE key = ?", (ID,)).fetchone()
            return str(json.loads(row[0])) if row else None
    return None


def _sign(folder: Path, identity: str, database: Path) -> None:
    path, words = _signature(folder, identity), os.path.relpath(database, folder)
    if not path.exists() or path.read_text(encoding="utf-8") != words:
        make_artifacts(folder)
        write_file(path, words, replace=True)


def _signature(folder: Path, identity: str) -> Path:
    return folder / f"store-{identity}.txt"
