"""Files that somebody uploads, written into a folder of their own that none of their names leads out of."""

import shutil
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from core.datasets import versions
from core.datasets.importing import Options, require_options
from core.datasets.pixels.disk_room import enough_disk, make_private
from core.datasets.readers.trees import ZIP_LIMITS
from core.errors import DataSetError
from core.photos.archives import Limits, is_zip, other_archive
from core.statistics import wording
from core.texts import clean_name
from jobs.settings import settings
from jobs.tasks.uploads import FILES, LABELS, REQUEST, Request, Upload, folder_of, read_upload

MOST_FILES = 100_000
MOST_UNPACKED = 10_000 * 2**20
"""Bytes that a zip may unpack to."""
COMMAND = "python -m jobs data add NAME PATH"
_ADVICE = f"Copy the pictures to the machine of the dashboard and run {COMMAND}."
_LIMITS = Limits(ZIP_LIMITS.zip_bytes, MOST_FILES, MOST_UNPACKED, _ADVICE)
_START_BYTES = 262
"""So many tell the kind of an archive."""


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent: an id that no other upload has, its name, perhaps with folders, and its bytes."""

    id: str
    name: str
    content: memoryview

    @property
    def path(self) -> PurePosixPath:
        """Where it lies in the folder of the upload: never outside, whatever the name says."""
        parts = unicodedata.normalize("NFC", self.name).replace("\\", "/").split("/")
        inner = [clean_name(part) for part in parts if part not in ("", ".", "..")]
        return PurePosixPath(*inner or ["file"])

    @property
    def is_zip(self) -> bool:
        """Whether it is a zip, whatever its name."""
        return is_zip(bytes(self.content[:4]))


def receive(data: Path, name: str, options: Options, files: Sequence[SentFile], labels: SentFile | None) -> Upload:
    """Keep files, and perhaps a table of their labels, for the import under a name into a data folder.

    Received twice they are one upload. Raises ConfigurationError or DataSetError that says what to do, as for a full
    disk, and keeps nothing then.
    """
    name = versions.checked_name(name)
    require_options(options)
    sent = [*files, labels] if labels else files
    _require_within_limits(sent)
    _require_readable(files)
    ids = [file.id for file in sent]
    folder = folder_of(data, sha256(repr((name, options, ids)).encode()).hexdigest()[:16])
    if (upload := read_upload(folder)) is not None:
        return upload
    shutil.rmtree(folder, ignore_errors=True)
    request = Request(
        name=name,
        source=_source(files),
        path=Path(FILES, files[0].path) if files[0].is_zip else Path(FILES),
        options=replace(options, labels=Path(LABELS, labels.path) if labels else None, limits=_LIMITS),
        created_at=time.time(),
    )
    try:
        _write(folder, request, files, labels)
    except DataSetError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Upload(folder, request)


def _write(folder: Path, request: Request, files: Sequence[SentFile], labels: SentFile | None) -> None:
    with enough_disk(folder, sum(len(file.content) for file in files)):
        make_private(folder.parent)
        make_private(folder)
        for file in files:
            _write_file(folder / FILES / file.path, file)
        if labels:
            _write_file(folder / LABELS / labels.path, labels)
        (folder / REQUEST).write_text(request.model_dump_json(indent=1), encoding="utf-8")


def _write_file(path: Path, file: SentFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)


def _source(files: Sequence[SentFile]) -> str:
    """What the files are called together: the zip, the folder around them, or how many they are."""
    tops = {file.path.parts[0] for file in files}
    return tops.pop() if len(tops) == 1 else wording.counted(len(files), "file")


def _require_within_limits(sent: Sequence[SentFile]) -> None:
    most, total = settings().upload_mb, sum(len(file.content) for file in sent)
    if total > most * 10**6:
        raise DataSetError(f"The upload has {wording.size(total)}; the limit is {most:,} MB.", _ADVICE)
    if len(sent) > MOST_FILES:
        raise DataSetError(f"The upload has {len(sent):,} files; the limit is {MOST_FILES:,}.", _ADVICE)


def _require_readable(files: Sequence[SentFile]) -> None:
    """Raise DataSetError where the files are no zip and no pictures either, or cannot be told from one another."""
    first = files[0]
    if len(files) == 1 and not first.is_zip:
        kind = other_archive(bytes(first.content[:_START_BYTES]))
        if kind or first.path.suffix.lower() == ".zip":
            raise DataSetError(f"{first.path} is {kind or 'no zip'}.", "Pack the pictures as a zip and upload that.")
    if len(files) > 1 and (zips := [str(file.path) for file in files if file.is_zip]):
        raise DataSetError(f"{zips[0]} is a zip beside other files.", "Upload one zip alone, or files without a zip.")
    path, count = Counter(file.path for file in files).most_common(1)[0]
    if count > 1:
        raise DataSetError(
            f"{count:,} files are called {path}.",
            "Upload the folder above them by its button, or pack it as a zip: then folders tell them apart.",
        )
