"""Photos from outside, decoded apart: whatever a file does to its decoder, this process only hears of it.

A process decodes pictures, one after the other, within limits of memory and time (decoder_process). A picture that
ends it, or takes longer, is refused, and the next one gets a new process. Where several threads read photos there are
as many processes, up to one per core, each with these limits.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing import Pipe
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np

from core.errors import LookbookError
from core.machine.threads import most_at_once
from core.photos.decoder_process import READY, SECONDS
from core.photos.picture import SMALLER, Photo, UnreadablePhoto, check_bytes

PATIENCE_S = 1.5 * SECONDS
"""How long a picture may take by the clock, which goes on while others have the processor."""

START_S = 60.0
"""How long the process that decodes may take to start."""

_NOT_STARTED = "The program that decodes photos cannot start: {reason}."
_START_ADVICE = "The photos are not at fault. Check free memory and the installation."
_ROOT = Path(__file__).resolve().parents[2]


class DecoderNotStarted(LookbookError):
    """No photo can be read at all, for the process that decodes them does not start."""


def read_photo(data: bytes, name: str = "The file") -> Photo:
    """The photo in the bytes of a file, told by its content and not by its name.

    Raises UnreadablePhoto, with what to do, for anything that is no whole picture within the limits of picture
    and core.photos.decoder_process; DecoderNotStarted where no photo at all can be read.
    """
    check_bytes(data, name)
    with _free_decoder() as decoder:
        return decoder.read(data, name)


def start() -> None:
    """Start a process that decodes, so that the first photo does not wait for it."""
    with _free_decoder() as decoder:
        decoder.start()


class _Decoder:
    """A process that decodes, started when it is needed and again after one that had to end; for one thread at once."""

    def __init__(self) -> None:
        self._started: ProcessApart | None = None

    def start(self) -> None:
        self._alive()

    def read(self, data: bytes, name: str) -> Photo:
        started = self._alive()
        complete = False
        try:
            started.wait_until_ready()
            answer = started.ask(data, name)
            complete = True
        finally:
            if not complete:
                self._end()
        return _photo(name, *answer)

    def _alive(self) -> "ProcessApart":
        if self._started is not None and self._started.process.poll() is not None:
            self._end()
        if self._started is None:
            self._started = ProcessApart()
        return self._started

    def _end(self) -> None:
        if self._started is not None:
            self._started.end()
        self._started = None


class ProcessApart:
    """One process that decodes, with the connection to it and what it has to say about its own trouble.

    It runs a module that answers as core.photos.decoder_process does.
    """

    def __init__(self, module: str = "core.photos.decoder_process") -> None:
        self._ready = False
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        self._connection, theirs = Pipe()
        with theirs:
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", module, str(theirs.fileno())],
                    cwd=_ROOT,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._complaints,
                )
            except OSError as error:
                self._connection.close()
                raise DecoderNotStarted(_NOT_STARTED.format(reason=error.strerror or error), _START_ADVICE) from error

    def wait_until_ready(self) -> None:
        """Raise DecoderNotStarted for a process that ends, or says nothing, before it has seen any photo."""
        if self._ready:
            return
        try:
            greeting = self._connection.recv_bytes() if self._connection.poll(START_S) else b""
        except (EOFError, OSError):
            greeting = b""
        if greeting != READY:
            raise DecoderNotStarted(_NOT_STARTED.format(reason=self._last_complaint()), _START_ADVICE)
        self._ready = True

    def ask(self, data: bytes, name: str, shown: str = "") -> tuple[dict[str, Any], list[bytes]]:
        """The header of an answer and the pictures behind it; raise UnreadablePhoto where the photo prevents one.

        The message calls the photo `shown`, by its name unless that is a request of more than one photo.
        """
        shown = shown or name
        late = threading.Event()
        # Only its end frees whoever waits for a process that neither takes nor gives a byte any more.
        alarm = threading.Timer(PATIENCE_S, _kill, [self.process, late])
        alarm.daemon = True
        alarm.start()
        try:
            self._connection.send_bytes(name.encode(errors="replace"))
            self._connection.send_bytes(data)
            header = json.loads(self._connection.recv_bytes())
            return header, [self._connection.recv_bytes() for _ in range(header["pictures"])]
        except (EOFError, OSError) as error:
            if late.is_set():
                raise UnreadablePhoto(f"{shown} takes more than {SECONDS} s to decode.", SMALLER) from error
            raise UnreadablePhoto(f"{shown} is damaged: it ended the program that decodes it.", SMALLER) from error
        finally:
            alarm.cancel()
            alarm.join()
            if late.is_set():
                self.process.wait()

    def end(self) -> None:
        """End the process and let go of all that belongs to it."""
        self._connection.close()
        self._complaints.close()
        self.process.kill()
        self.process.wait()

    def _last_complaint(self) -> str:
        """The last line that the process wrote to standard error, or how it ended."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended or hung without a word (status {self.process.poll()})"


def _kill(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


@contextmanager
def _free_decoder() -> Iterator[_Decoder]:
    """A decoder that no other thread has, once there is one."""
    decoder = _decoders().get()
    try:
        yield decoder
    finally:
        _decoders().put(decoder)


@cache
def _decoders() -> LifoQueue[_Decoder]:
    """The decoders that nobody has now; the one that was used last comes first, so one thread starts one process."""
    decoders: LifoQueue[_Decoder] = LifoQueue()
    for _ in range(most_at_once()):
        decoders.put(_Decoder())
    return decoders


def _photo(name: str, header: dict[str, Any], pictures: list[bytes]) -> Photo:
    """The photo of an answer; raise UnreadablePhoto where it is a refusal."""
    if "refused" in header:
        raise UnreadablePhoto(*header["refused"])
    height, width = header["size"]
    pixels = np.frombuffer(pictures[0], np.uint8).reshape(height, width, 3)
    opacity = np.frombuffer(pictures[1], np.uint8).reshape(height, width) if pictures[1:] else None
    return Photo(name, pixels, opacity, tuple(header["notes"]), tuple(header["original"]))
