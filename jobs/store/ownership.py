"""Which folder of artifacts belongs to which run store: no two stores ever work on the files of the same runs.

A store has an id, and one that is a file remembers its folder; the folder remembers, for each id, the store. Both by
relative paths, so that a project may be renamed, moved or copied whole. A copy of a store has the id of its original,
and is told from it by where it lies. Of a store on a server, which machines may reach by several names, the folder
remembers only that it is on one.
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
_SERVER = "on a server"
"""What a folder remembers instead of a path."""


class StoreMisplaced(StoreError):
    """The store and the artifacts folder do not belong together."""


def tie(store: Store) -> None:
    """Remember that the store and its artifacts folder belong together; raise StoreMisplaced if they do not.

    What cannot be remembered, because nothing can be written, is not: then nobody works there either.
    """
    folder, known = store.artifacts.resolve(), queue_settings.recorded(store, (ID, FOLDER))
    if ID in known:
        _refuse_copy(store, folder, known[ID])
        if store.is_local:
            _refuse_other_folder(Path(store.place).resolve(), folder, known[ID], known.get(FOLDER))
    with contextlib.suppress(StoreBusy, StoreFull, StoreReadOnly, NotWritten, OSError):
        take_over(store)


def take_over(store: Store) -> None:
    """Remember that the store and its artifacts folder belong together, whatever store the folder belonged to before.

    Raise StoreError, NotWritten or OSError where that cannot be written.
    """
    folder = store.artifacts.resolve()
    identity = queue_settings.record_missing(store, ID, secrets.token_hex(8))
    if not store.is_local:
        _sign(folder, identity, _SERVER)
        return
    database = Path(store.place).resolve()
    path = os.path.relpath(folder, database.parent)
    if queue_settings.recorded(store, (FOLDER,)).get(FOLDER) != path:
        queue_settings.record(store, FOLDER, path)
    _sign(folder, identity, os.path.relpath(database, folder))


def _refuse_copy(store: Store, folder: Path, identity: str) -> None:
    if store.is_local and _is_of_server(folder, identity):
        raise StoreMisplaced(
            f"{store.place} is a copy of a run store on a database server, and both would work on the files of the "
            f"same runs in {folder}.",
            "Open that one (LOOKBOOK_DATABASE_URL), or give the copy a folder of its own (LOOKBOOK_ARTIFACTS=FOLDER). "
            f"If that one is gone for good, delete {signature(folder, identity)}.",
        )
    owner = _owner(folder, identity)
    if owner is not None and not (store.is_local and owner.samefile(store.place)):
        raise StoreMisplaced(
            f"{store.place} is a copy of the run store {owner}, and both would work on the files of the same runs in "
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
    """The file of that id to which a folder belongs, None if there is none, or it is not there any more."""
    try:
        path = (folder / signature(folder, identity).read_text(encoding="utf-8")).resolve()
    except OSError:
        return None
    return path if path.is_file() and _identity_of(path) == identity else None


def _is_of_server(folder: Path, identity: str) -> bool:
    with contextlib.suppress(OSError):
        return signature(folder, identity).read_text(encoding="utf-8") == _SERVER
    return False


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


def _sign(folder: Path, identity: str, words: str) -> None:
    path = signature(folder, identity)
    if not path.exists() or path.read_text(encoding="utf-8") != words:
        make_artifacts(folder)
        write_file(path, words, replace=True)


def signature(folder: Path, identity: str) -> Path:
    """The file by which a folder remembers the store of that id."""
    return folder / f"store-{identity}.txt"
