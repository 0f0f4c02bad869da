"""The files beside a stored data set that keep what frozen layers make of its images, and the room that they take.

Nothing is lost with them: the next run that needs one computes it again.
"""

import contextlib
import os
from hashlib import sha256
from pathlib import Path

import numpy as np

from core.files import written_aside

PREFIX = "fronts-"
MOST_OF_A_RUN = 2**30
"""What a run may keep of frozen layers: of 47,000 images and their mirror images by the preset transfer."""
MOST_BYTES = 2 * MOST_OF_A_RUN
"""What the files of one version may take, so that two settings can take turns."""


def kept_files(folder: Path) -> list[Path]:
    """The files in the folder of a version, the one that was used last first."""
    return sorted(folder.glob(f"{PREFIX}*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)


def bytes_kept(folder: Path) -> int:
    """The disk space that they take, in bytes."""
    return sum(path.stat().st_size for path in kept_files(folder))


def clear(folder: Path, most_bytes: int = 0) -> int:
    """Delete those that were not used for the longest time until the rest fits; return the bytes freed."""
    kept = freed = 0
    for path in kept_files(folder):
        size = path.stat().st_size
        if kept + size <= most_bytes:
            kept += size
        else:
            path.unlink(missing_ok=True)
            freed += size
    return freed


def read(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> np.ndarray | None:
    """The numbers of a shape and type kept in a file, used now; None where there are none, or they are damaged."""
    try:
        with path.open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            checksum = file.read()
    except (OSError, ValueError, EOFError):
        return None
    if stored.shape != shape or stored.dtype != kind or checksum != _checksum(stored):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return stored


def write(path: Path, views: np.ndarray) -> None:
    """Keep what was computed of images, with its checksum, and delete what was kept before it beyond the limit.

    Without room on the disk the next run computes them again, and nothing else is lost.
    """
    with contextlib.suppress(OSError):
        with written_aside(path) as aside:
            with aside.open("wb") as file:
                np.save(file, views)
                file.write(_checksum(views))
            os.chmod(aside, 0o600)
        clear(path.parent, MOST_BYTES)


def _checksum(views: np.ndarray) -> bytes:
    return sha256(np.ascontiguousarray(views).data).digest()
