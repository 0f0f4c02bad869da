"""Whether a machine sees the artifacts folder that all others see, by what is written there and read elsewhere."""

import secrets
from pathlib import Path

from jobs.store import queue_settings
from jobs.store.new_files import write_file
from jobs.store.ownership import ID, signature
from jobs.store.store import Store

FOLDER = "machines"


def why_not_shared(store: Store) -> tuple[str, str] | None:
    """Why the artifacts folder here cannot be the one of the store, and what to do; None if it is. Raise StoreError."""
    folder = store.artifacts
    identity = queue_settings.recorded(store, (ID,)).get(ID)
    if identity is None:
        return "The run store has no artifacts folder yet.", "Start the dashboard or the supervisor first."
    if not signature(folder, identity).exists():
        return (
            f"The artifacts folder {folder} of this machine is not the one that the others see.",
            "Mount that one here, and name it by LOOKBOOK_ARTIFACTS.",
        )
    return None


def write_mark(store: Store, name: str) -> str:
    """Write a word of its own into the folder for a machine, and return it. Raise OSError or NotWritten."""
    mark = secrets.token_hex(8)
    path = _path(store, name)
    path.parent.mkdir(exist_ok=True)
    write_file(path, mark, replace=True)
    return mark


def sees_same_folder(store: Store, name: str, mark: str) -> bool:
    """Whether what a machine says that it has written is in the folder as it is seen here."""
    try:
        return _path(store, name).read_text(encoding="utf-8") == mark
    except (OSError, ValueError):
        return False


def _path(store: Store, name: str) -> Path:
    return store.artifacts / FOLDER / f"{name}.txt"
