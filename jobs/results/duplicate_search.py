"""The near-duplicates among the 70,000 images: searched once by a process of its own, kept in a file of the artifacts.

Run as `python -m jobs.results.duplicate_search FAILURE` it searches in the background.
"""

import io
import os
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.errors import LookbookError
from core.statistics.near_duplicates import LOOK_ALIKE, NEAR_DUPLICATE, Pairs, find_pairs
from jobs.people import Role
from jobs.running.background import FailureRecorded, Task, TaskState, open_here, report_progress
from jobs.settings import settings
from jobs.store import locks
from jobs.store.new_files import write_file
from jobs.store.store import Store
from jobs.team.permission import require

METHOD = 1
"""Number of the method; a file of another one is searched anew."""
NICENESS = 10
"""A search leaves the cores to running runs."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class NearDuplicates:
    """The pairs at least as similar as LOOK_ALIKE; positions count the training images first, then the test images."""

    pairs: Pairs
    train_count: int
    test_count: int
    seconds: float

    def place(self, position: int) -> tuple[str, int]:
        """Where an image stands: "train" or "test", and its position in that set."""
        return ("train", position) if position < self.train_count else ("test", position - self.train_count)

    @property
    def in_test(self) -> Mask:
        """Which pairs are within the test set, (m,)."""
        return self.pairs.first >= self.train_count

    @property
    def in_training(self) -> Mask:
        """Which pairs are within the training set, (m,)."""
        return self.pairs.second < self.train_count

    @property
    def across(self) -> Mask:
        """Which pairs are of a training image and a test image, (m,)."""
        return ~self.in_test & ~self.in_training

    def leaked(self, least: float = NEAR_DUPLICATE) -> Mask:
        """Which test images have a near-duplicate in the training set, validation images included; (test images,)."""
        positions = self.pairs.second[self.across & (self.pairs.similarity >= least)] - self.train_count
        mask = np.zeros(self.test_count, dtype=bool)
        mask[positions] = True
        return mask


def read(store: Store) -> NearDuplicates | None:
    """What was found; None if nobody has searched yet, or the file is damaged or of another method."""
    try:
        with np.load(_file(store), allow_pickle=False) as stored:
            if stored["method"] != METHOD:
                return None
            return NearDuplicates(
                Pairs(stored["first"], stored["second"], stored["similarity"], stored["mirrored"]),
                int(stored["train_count"]),
                int(stored["test_count"]),
                float(stored["seconds"]),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def version(store: Store) -> float:
    """Changes when something else is found: for those who keep what they have read. 0 if there is nothing."""
    path = _file(store)
    return path.stat().st_mtime if path.exists() else 0.0


def search_state(store: Store) -> TaskState:
    """How it stands with the search."""
    return _task(store).state


def start_search(store: Store) -> bool:
    """Search in the background unless somebody does or has; return whether a search was started. Raises OSError."""
    require(store, Role.REVIEW)
    return _task(store).request(store, is_done=lambda: read(store) is not None)


def find(store: Store, progress: Callable[[float], None] = lambda _: None) -> NearDuplicates:
    """What was found before, else search now. Raises DataError, NotWritten, or SearchedElsewhere."""
    known = read(store)
    if known is not None:
        return known
    try:
        with locks.holding(_task(store).lock, patience_s=0.2):
            return search(store, fashion_mnist.load(settings().data), progress)
    except locks.Held:
        raise SearchedElsewhere("Another process is already searching.", "Try again in a few minutes.") from None


class SearchedElsewhere(LookbookError):
    """Near-duplicates are being searched by another process."""

    kind = "run"


def search(store: Store, data: DataSet, progress: Callable[[float], None] = lambda _: None) -> NearDuplicates:
    """Search all images and keep what is found; to be called with the lock held. Raises NotWritten."""
    start = time.monotonic()
    pairs = find_pairs(np.concatenate([data.train_images, data.test_images]), LOOK_ALIKE, progress)
    duplicates = NearDuplicates(pairs, len(data.train_images), len(data.test_images), time.monotonic() - start)
    packed = io.BytesIO()
    facts = {
        "train_count": duplicates.train_count,
        "test_count": duplicates.test_count,
        "seconds": duplicates.seconds,
        "method": METHOD,
    }
    arrays = {name: np.asarray(value) for name, value in {**vars(pairs), **facts}.items()}
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_file(_file(store), packed.getvalue(), replace=True)
    return duplicates


def main() -> None:
    """Search, reporting how far it is."""
    os.nice(NICENESS)
    search(open_here(), fashion_mnist.load(settings().data), report_progress)


def _file(store: Store) -> Path:
    return store.artifacts / "near-duplicates.npz"


def _task(store: Store) -> Task:
    start = store.artifacts / "near-duplicates"
    lock, log, failure = (start.with_suffix(suffix) for suffix in (".lock", ".log", ".failure"))
    return Task("jobs.results.duplicate_search", _file(store), lock, log, failure)


if __name__ == "__main__":
    with FailureRecorded(sys.argv[1]):
        main()
