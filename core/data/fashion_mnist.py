"""Fashion-MNIST on disk: fetched, verified and loaded."""

import errno
import fcntl
import gzip
import os
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.classes import CLASS_NAMES
from core.config import FASHION_MNIST
from core.data import by_hand, idx
from core.data.data_set import DataSet
from core.data.idx import FILES, IdxFile, raw_folder
from core.data.sources import SOURCES, Progress, Source, SourceFailed
from core.errors import DataError
from core.files import sync

NAME = "Fashion-MNIST"


def load(folder: Path) -> DataSet:
    """Open the data set; images are memory-mapped, so this is fast and costs no memory.

    Sizes and headers are checked, sums are not (see verify). Raises DataError that names the file and what to do.
    """
    raw = raw_folder(folder)
    train_images, train_labels, test_images, test_labels = (idx.read(raw / file.name, file) for file in FILES)
    return DataSet(
        FASHION_MNIST,
        NAME,
        CLASS_NAMES,
        train_images,
        train_labels.astype(np.int64),
        test_images,
        test_labels.astype(np.int64),
    )


def is_present(folder: Path) -> bool:
    """Whether load would succeed: every file is there with the right size and header."""
    try:
        for file in FILES:
            idx.check_quickly(raw_folder(folder) / file.name, file)
    except DataError:
        return False
    return True


def stamps(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Path, size and time of the last change of each file that is there: where they are the same, so are the files."""
    paths = [raw_folder(folder) / file.name for file in FILES]
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.is_file())


def verify(folder: Path) -> None:
    """Compare every byte of the four files by SHA-256; raise DataError that names the file and what to do."""
    for file in FILES:
        idx.check_fully(raw_folder(folder) / file.name, file)


def _silent(_message: str, _share: float | None) -> None:
    """Progress that nobody watches."""


def fetch(
    folder: Path,
    progress: Progress = _silent,
    *,
    files: Sequence[IdxFile] = FILES,
    sources: Sequence[Source] = SOURCES,
) -> None:
    """Make the data folder hold every file, verified, from the first source that works.

    What is there already stays, and what was put there by hand is taken. A file appears under its name only when it is
    whole. Several processes may call this at once: one fetches, the others wait. Raises DataError with the reason of
    each source if none works, or if the folder cannot be written.
    """
    progress("Checking the data folder", None)
    if not _unusable(folder, files):
        return
    try:
        with _sole_fetcher(folder, progress):
            _fetch_missing(folder, progress, files, sources)
    except OSError as error:
        raise _not_writable(folder, error) from error


def _unusable(folder: Path, files: Sequence[IdxFile]) -> list[IdxFile]:
    return [file for file in files if not idx.is_whole(raw_folder(folder) / file.name, file)]


@contextmanager
def _sole_fetcher(folder: Path, progress: Progress) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".fetch.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another process that fetches the data", None)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_missing(folder: Path, progress: Progress, files: Sequence[IdxFile], sources: Sequence[Source]) -> None:
    reasons, wrong = [], _take_by_hand(folder, progress, files)
    for complaint in wrong:
        progress(f"Left out: {complaint}", None)
    for source in sources:
        missing = _unusable(folder, files)
        if not missing:
            return
        progress(f"Trying {source.title}", None)
        try:
            with _scratch_folder(folder) as scratch:
                _take(source, missing, scratch, raw_folder(folder), progress)
            return
        except SourceFailed as failure:
            reasons.append(f"{source.title}: {failure}")
            progress(f"No data from {reasons[-1]}", None)
    unusable = _unusable(folder, files)
    if not unusable:
        return
    names = ", ".join(file.name for file in unusable)
    raise DataError(
        "Fashion-MNIST could not be fetched. " + "; ".join([*wrong, *reasons]) + ".",
        f"Connect to the network and try again (python -m jobs data), or copy the missing or damaged files ({names}) "
        f"to {raw_folder(folder)}, unpacked or as .gz, and run python -m jobs data again.",
    )


def _take_by_hand(folder: Path, progress: Progress, files: Sequence[IdxFile]) -> list[str]:
    """Take what somebody has put into the data folder, each file for itself; return what lies there and is wrong."""
    missing, wrong = _unusable(folder, files), []
    with _scratch_folder(folder) as scratch:
        for number, file in enumerate(missing):
            progress("Looking for manually added files", number / len(missing))
            wrong += by_hand.bring(folder, file, scratch / file.name)
            if (scratch / file.name).exists():
                _settle(scratch / file.name, raw_folder(folder) / file.name)
    return wrong


def _settle(unpacked: Path, place: Path) -> None:
    """Give a verified file its place, durably."""
    sync(unpacked)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(unpacked, place)


@contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    """An empty folder on the same disk, so that a rename is enough in the end. What a killed fetch left is removed."""
    scratch = folder / ".fetch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _take(source: Source, files: Sequence[IdxFile], scratch: Path, raw: Path, progress: Progress) -> None:
    brought = source.bring([file.name for file in files], scratch, progress)
    for number, file in enumerate(files):
        progress(f"Unpacking and verifying {file.name}", number / len(files))
        unpacked = scratch / file.name
        _unpack(brought / f"{file.name}.gz", unpacked)
        if not idx.is_whole(unpacked, file):
            raise SourceFailed(f"its {file.name} is not the published one (SHA-256 differs)")
        _settle(unpacked, raw / file.name)
    progress("All files are unpacked and verified", 1.0)


def _unpack(packed: Path, target: Path) -> None:
    with packed.open("rb") as opened, target.open("wb") as written:
        try:
            shutil.copyfileobj(gzip.GzipFile(fileobj=opened), written, 1 << 20)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise SourceFailed(f"its {packed.name} is damaged: {error}") from error


def _not_writable(folder: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Free about 100 MB there, or choose another folder with LOOKBOOK_DATA."
    else:
        advice = "Make the folder writable, or choose another one with LOOKBOOK_DATA."
    return DataError(f"The data folder {folder} cannot be written: {error.strerror or error}.", advice)
