"""Locks that the operating system frees when the process that holds them is gone, however it went.

They answer "is it alive?": no pid that could be somebody else's by now, no heartbeat to guess from.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RETRY_S = 0.01


class Held(Exception):
    """Another process holds the lock."""


def acquire(path: Path, patience_s: float = 1.0) -> int:
    """Take the exclusive lock on a file and return its descriptor; close that to let go. Raise Held.

    `is_held` takes the lock for an instant to ask, so a first refusal is tried again for `patience_s` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Held(str(path)) from None
        time.sleep(_RETRY_S)


@contextmanager
def holding(path: Path, patience_s: float = 1.0) -> Iterator[int]:
    """Hold the exclusive lock on a file within the block; a process that got its descriptor holds it on. Raise Held."""
    lock = acquire(path, patience_s)
    try:
        yield lock
    finally:
        os.close(lock)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock on this file; a file that cannot be looked at counts as free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
