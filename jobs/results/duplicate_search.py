"""The near-duplicates among the 70,000 images: searched once by a process of its own, kept in a file of the artifacts.

What is so follows from the file and the lock alone: the file is there when the search is done, and the lock is held
while somebody searches. Run as `python -m jobs.results.duplicate_search LOCK` it searches in the background.
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
from core.data.fashion_mnist import FashionMNIST
from core.errors import LookbookError
from core.statistics.near_duplicates import LOOK_ALIKE, NEAR_DUPLICATE, Pairs, find_pairs
from jobs.running import background
from jobs.settings import settings
from jobs.store import locks
from jobs.store.new_files import write_file
from jobs.store.store import Store

METHOD = 1
"""Number of the method; a file of another one is searched anew."""
NICENESS = 10
"""A search leaves the cores to runs that are at work."""

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
        found = self.pairs.second[self.across & (self.pairs.similarity >= least)] - self.train_count
        mask = np.zeros(self.test_count, dtype=bool)
        mask[found] = True
        return mask


@dataclass(frozen=True)
class Search:
    """Whether somebody searches now, how far it is if it says so, and why the last search did not end well."""

    at_work: bool
    progress: float | None = None
    problem: str = ""


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


def search_state(store: Store) -> Search:
    """The search in the background as it is now."""
    path = _log(store)
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    last = next((line for line in reversed(lines) if line), "")
    if locks.is_held(_lock(store)):
        share = last.removesuffix(" %")
        return Search(True, int(share) / 100 if share.isdecimal() else None)
    return Search(False, problem=last.removeprefix("Error: ") if last.startswith("Error: ") else "")


def start_search(store: Store) -> bool:
    """Search in the background unless somebody does; return whether a search was started. Raises OSError."""
    return background.start_in_background(store, "jobs.results.duplicate_search", _lock(store), _log(store))


def find(store: Store, progress: Callable[[float], None] = lambda _: None) -> NearDuplicates:
    """What was found before, else search now. Raises DataError, NotWritten, or SearchedElsewhere."""
    known = read(store)
    if known is not None:
        return known
    try:
        lock = locks.acquire(_lock(store))
    except locks.Held:
        raise SearchedElsewhere("Another process is already searching.", "Try again in a few minutes.") from None
    try:
        return search(store, fashion_mnist.load(settings().data), progress)
    finally:
        os.close(lock)


class SearchedElsewhere(LookbookError):
    """Near-duplicates are being searched by another process."""

    kind = "run"


def search(store: Store, data: FashionMNIST, progress: Callable[[float], None] = lambda _: None) -> NearDuplicates:
    """Search all images and keep what is found; to be called with the lock held. Raises NotWritten."""
    start = time.monotonic()
    pairs = find_pairs(np.concatenate([data.train_images, data.test_images]), LOOK_ALIKE, progress)
    found = NearDuplicates(pairs, len(data.train_images), len(data.test_images), time.monotonic() - start)
    packed = io.BytesIO()
    facts = {
        "train_count": found.train_count,
        "test_count": found.test_count,
        "seconds": found.seconds,
        "method": METHOD,
    }
    arrays = {name: np.asarray(value) for name, value in {**vars(pairs), **facts}.items()}
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_file(_file(store), packed.getvalue(), replace=True)
    return found


def main(store: Store) -> int:
    """Search, and say on standard output how far it is; 0 if it ended well."""
    os.nice(NICENESS)
    said = -1

    def say(share: float) -> None:
        nonlocal said
        if int(100 * share) > said:
            said = int(100 * share)
            print(f"{said} %", flush=True)

    try:
        search(store, fashion_mnist.load(settings().data), say)
    except LookbookError as error:
        print(f"Error: {error}", flush=True)
        return 1
    print("done", flush=True)
    return 0


def _file(store: Store) -> Path:
    return store.artifacts / "near-duplicates.npz"


def _lock(store: Store) -> Path:
    return store.artifacts / "near-duplicates.lock"


def _log(store: Store) -> Path:
    return store.artifacts / "near-duplicates.log"


if __name__ == "__main__":
    # The lock is held for as long as this process has its descriptor open.
    sys.exit(main(background.open_here()))
