"""Photos from outside, decoded apart: whatever a file does to its decoder, this process only hears of it.

One process decodes all pictures, one after the other, within limits of memory and time (core.reader). A picture that
ends it, or takes longer, is refused, and the next one gets a new process.
"""

import json
import subprocess
import sys
import threading
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from core.reader import SECONDS
from core.reading import SMALLER, Photo, UnreadablePhoto, check_bytes

PATIENCE_S = 1.5 * SECONDS
"""How long a picture may take by the clock, which goes on while others have the processor."""

_ROOT = Path(__file__).resolve().parent.parent


def read_photo(data: bytes, name: str = "The file") -> Photo:
    """The photo in the bytes of a file, told by its content and not by its name.

    Raises UnreadablePhoto, with what to do, for anything that is no whole picture within the limits of core.reading
    and core.reader.
    """
    check_bytes(data, name)
    return _reader().read(data, name)


def start() -> None:
    """Start the process that decodes, so that the first photo does not wait for it."""
    _reader().start()


class _Reader:
    """The process that decodes, started when it is needed and again after one that had to end."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def start(self) -> None:
        with self._turn:
            self._connected()

    def read(self, data: bytes, name: str) -> Photo:
        with self._turn:
            connection, complete = self._connected(), False
            try:
                connection.send_bytes(name.encode(errors="replace"))
                connection.send_bytes(data)
                answer = _received(connection)
                complete = True
            except TimeoutError as error:
                raise UnreadablePhoto(f"{name} takes more than {SECONDS} s to decode.", SMALLER) from error
            except (EOFError, OSError) as error:
                raise UnreadablePhoto(f"{name} is damaged: it ended the program that decodes it.", SMALLER) from error
            finally:
                if not complete:
                    self._end()
        return _photo(name, *answer)

    def _connected(self) -> Connection:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._connection is None:
            self._connection, theirs = Pipe()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "core.reader", str(theirs.fileno())],
                    cwd=_ROOT,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
        return self._connection

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None


@cache
def _reader() -> _Reader:
    return _Reader()


def _received(connection: Connection) -> tuple[dict[str, Any], list[bytes]]:
    """The header of an answer and the pictures behind it; raise TimeoutError, EOFError or OSError."""
    if not connection.poll(PATIENCE_S):
        raise TimeoutError
    header = json.loads(connection.recv_bytes())
    return header, [connection.recv_bytes() for _ in range(header["pictures"])]


def _photo(name: str, header: dict[str, Any], pictures: list[bytes]) -> Photo:
    """The photo of an answer; raise UnreadablePhoto where it is a refusal."""
    if "refused" in header:
        raise UnreadablePhoto(*header["refused"])
    height, width = header["size"]
    pixels = np.frombuffer(pictures[0], np.uint8).reshape(height, width, 3)
    opacity = np.frombuffer(pictures[1], np.uint8).reshape(height, width) if pictures[1:] else None
    return Photo(name, pixels, opacity, tuple(header["notes"]))
