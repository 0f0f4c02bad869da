"""The log of a process of its own, on its standard output: one line with its time for each record."""

import contextlib
import logging
import os
import sys
from pathlib import Path

logger = logging.getLogger("lookbook")


def log_to_output(process: str = "") -> None:
    """Let this process log to its standard output, each line beginning with its time and what process it is."""
    handler = _OutputHandler()
    handler.setFormatter(logging.Formatter(f"%(asctime)s {process}%(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def write_into(path: Path) -> None:
    """Have all that this process and its libraries say from now on appended to a file. Raise OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


class _OutputHandler(logging.Handler):
    """Writes each record but those that repeat the one before."""

    last_message = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message == self.last_message:
            return
        self.last_message = message
        # On a full disk the line is lost, not the work.
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), f"{self.format(record)}\n".encode())
