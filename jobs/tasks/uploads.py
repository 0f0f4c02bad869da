"""Uploaded pictures on their way to a data set: read by a process of its own, shown, and stored only when told so.

All of an upload lies in one folder among the data sets. Nobody has to stay: whoever comes finds it as it stands, and
after a week without a change the next import clears it away.
"""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from core.datasets import versions
from core.datasets.health import Health
from core.datasets.importing import Options
from core.datasets.versions import Version
from core.errors import DataSetError
from jobs.people import Role
from jobs.running import background
from jobs.running.background import Task, TaskState
from jobs.store import locks
from jobs.store.store import Store
from jobs.team.permission import require

PREFIX = ".upload-"
REQUEST, PLAN, STORED = "request.json", "plan.json", "stored.txt"
FILES, LABELS = "your upload", "labels"
"""Folders of what was sent; the first is what messages call it where it is no zip."""
_ID = re.compile("[0-9a-f]{16}")


class Request(BaseModel):
    """What is to be imported, and how; `path` and the labels of the options lie in the folder of the upload."""

    model_config = ConfigDict(frozen=True)

    name: str
    source: str
    path: Path
    options: Options
    created_at: float


class Prepared(BaseModel):
    """What an upload comes to as a version. `same` is the version that holds the same content already, if any."""

    model_config = ConfigDict(frozen=True)

    version: Version
    health: Health
    same: Version | None


@dataclass(frozen=True)
class Upload:
    """An upload by its folder."""

    folder: Path
    request: Request

    @property
    def id(self) -> str:
        """What names it in an address."""
        return self.folder.name.removeprefix(PREFIX)

    @property
    def path(self) -> Path:
        """The zip, or the folder of the pictures."""
        return self.folder / self.request.path

    @property
    def options(self) -> Options:
        """How it is imported: whatever is decoded of it stays in its folder."""
        labels = self.request.options.labels
        return replace(
            self.request.options, labels=None if labels is None else self.folder / labels, scratch=self.folder
        )

    @property
    def prepared(self) -> Prepared | None:
        """What it comes to; None before that is known."""
        try:
            return Prepared.model_validate_json((self.folder / PLAN).read_bytes())
        except (OSError, ValidationError):
            return None

    @property
    def stored_hash(self) -> str:
        """The hash of the version that it was stored as; empty before."""
        try:
            return (self.folder / STORED).read_text(encoding="ascii").strip()
        except OSError:
            return ""

    @property
    def state(self) -> TaskState:
        """How it stands with reading it, as long as it is not prepared; else with storing it."""
        return self.task.state

    @property
    def task(self) -> Task:
        """The process that reads it, or stores it once it is prepared; there is never more than one."""
        result = STORED if (self.folder / PLAN).exists() else PLAN
        lock, log, failure = (self.folder / name for name in ("lock", "log.txt", "failure.txt"))
        return Task("jobs.tasks.upload_process", self.folder / result, lock, log, failure)


def folder_of(data: Path, upload_id: str) -> Path:
    """The folder of an upload in a data folder."""
    return versions.sets_folder(data) / f"{PREFIX}{upload_id}"


def list_uploads(data: Path) -> list[Upload]:
    """The uploads in a data folder that are not stored, the newest first."""
    folders = versions.sets_folder(data).glob(f"{PREFIX}*")
    uploads = [upload for folder in folders if (upload := read_upload(folder)) is not None and not upload.stored_hash]
    return sorted(uploads, key=lambda upload: (-upload.request.created_at, upload.id))


def get_upload(data: Path, upload_id: str) -> Upload:
    """An upload by its id, stored or not; raise DataSetError where it is not there, or not any more."""
    upload = read_upload(folder_of(data, upload_id)) if _ID.fullmatch(upload_id) else None
    if upload is None:
        raise DataSetError(
            "This import is not here any more: it was discarded, or left for more than a week.",
            "Upload the pictures again.",
        )
    return upload


def read_upload(folder: Path) -> Upload | None:
    """The upload of a folder; None where it is not, or not yet, a whole one."""
    try:
        return Upload(folder, Request.model_validate_json((folder / REQUEST).read_bytes()))
    except (OSError, ValidationError):
        return None


def start_reading(store: Store, upload: Upload) -> bool:
    """Read an upload, or go on where that was interrupted, unless it is being read or has been; tell if it was started.

    Raises OSError where no process can be started.
    """
    require(store, Role.LAUNCH)
    return upload.task.request(
        store, str(upload.folder), is_done=lambda: upload.prepared is not None or read_upload(upload.folder) is None
    )


def start_storing(store: Store, upload: Upload, shown: str) -> bool:
    """Store an upload, if what it comes to still has the hash that somebody was shown; return whether it was started.

    Raises OSError where no process can be started.
    """

    require(store, Role.LAUNCH)

    def is_done() -> bool:
        prepared = upload.prepared
        return bool(upload.stored_hash) or prepared is None or prepared.version.hash != shown

    return upload.task.request(store, str(upload.folder), shown, is_done=is_done)


def discard(store: Store, upload: Upload) -> None:
    """Remove an upload with all that was decoded of it, and end the process that reads it.

    Raises DataSetError while it is being stored.
    """
    require(store, Role.LAUNCH)
    lock = upload.task.lock
    if upload.prepared is None:
        background.end(lock)
    try:
        with locks.holding(lock, patience_s=0.2):
            shutil.rmtree(upload.folder, ignore_errors=True)
    except locks.Held:
        raise DataSetError(
            f"{upload.request.name} is being stored and cannot be discarded now.",
            "Wait until it is stored; then delete the data set.",
        ) from None
