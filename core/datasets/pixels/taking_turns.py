"""A file that one process holds at a time: an import is never done twice at once, nor a number given twice."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import DataSetError


@contextmanager
def held(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the file while the block runs, after whoever holds it; raise DataSetError instead of waiting if told so."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            message = "Another process is importing the same pictures."
            raise DataSetError(message, "Wait until it has ended, then list the data sets.") from error
        yield
