"""Data sets and weights copied once from where all machines see them into a folder of this one, and verified there."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from core.config import RunConfig, with_changes
from core.data.idx import FILES, raw_folder
from core.datasets import opening, versions
from core.datasets.versions import Version, folder_of
from core.errors import LookbookError
from core.files import written_aside
from jobs.running.process_log import logger
from jobs.settings import settings
from jobs.store import locks

WAIT_S = 3_600.0
"""For so long another trainer of this machine may copy what this one needs too."""
_SUM = ".sha256"


class CacheUnusable(LookbookError):
    """What a run needs could not be copied into the folder for it on this machine."""

    kind = "disk"


def data_folder(version: Version) -> Path:
    """The data folder to learn from a version: that of the settings, or the copy of this machine.

    Raise DataSetError or DataError where the version is damaged where all see it, CacheUnusable where it cannot be
    copied.
    """
    shared, cache = settings().data, settings().node_cache
    if cache is None:
        opening.verify(shared, version)
        return shared
    path = raw_folder if version.is_built_in else (lambda folder: folder_of(folder, version))

    def is_whole() -> bool:
        try:
            opening.verify(cache, version)
        except LookbookError:
            return False
        return version.is_built_in or versions.with_hash(cache, version.hash) == version

    if not _copied_once(path(shared), path(cache), is_whole):
        opening.verify(shared, version)
        raise CacheUnusable(f"The copy of {version.label} in {cache} is damaged.", "Check the disk of this machine.")
    return cache


def with_weights_here(config: RunConfig) -> RunConfig:
    """The configuration with the copy of this machine in the place of its file of weights. Raise CacheUnusable."""
    cache = settings().node_cache
    source = Path(config.weights_file) if config.weights_file else None
    # What is not there is explained where it is read.
    if cache is None or source is None or not source.is_file():
        return config
    status = source.stat()
    key = hashlib.sha256(f"{source}\n{status.st_size}\n{status.st_mtime_ns}".encode()).hexdigest()[:16]
    target = cache / "weights" / f"{source.stem}-{key}{source.suffix}"
    if not _copied_once(source, target, lambda: _has_its_sum(target)):
        raise CacheUnusable(f"The copy of {source} in {cache} is damaged.", "Check the disk of this machine.")
    return with_changes(config, weights_file=str(target))


def _copied_once(source: Path, target: Path, is_whole: Callable[[], bool]) -> bool:
    """Copy a file or folder where there is no whole copy yet; return whether there is one then."""
    try:
        with locks.holding(target.with_name(f"{target.name}.lock"), patience_s=WAIT_S):
            if is_whole():
                return True
            shutil.rmtree(target, ignore_errors=True)
            target.unlink(missing_ok=True)
            logger.info(f"copying {source} to {target}")
            with written_aside(target) as aside:
                _copy(source, aside, target)
            return is_whole()
    except (OSError, shutil.Error, locks.Held) as error:
        raise CacheUnusable(
            f"{source} cannot be copied to {target}: {error}.",
            "Make room there, or name another folder by LOOKBOOK_NODE_CACHE.",
        ) from error


def _copy(source: Path, aside: Path, target: Path) -> None:
    if source.is_dir():
        # What else is kept beside a version, such as what frozen layers make of it, may be written to just now.
        shutil.copytree(source, aside, ignore=lambda _, names: [name for name in names if not _is_data(name)])
        return
    shutil.copyfile(source, aside)
    # Of what was read, so that a copy that was written wrongly shows.
    target.with_name(target.name + _SUM).write_text(_sum(source), encoding="ascii")


def _is_data(name: str) -> bool:
    return name in versions.FILES or name in {file.name for file in FILES}


def _has_its_sum(path: Path) -> bool:
    try:
        return _sum(path) == path.with_name(path.name + _SUM).read_text(encoding="ascii")
    except OSError:
        return False


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
