"""worker, data, backup, restore: keeping the shop."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from core.data import fashion_mnist
from jobs.cli import output
from jobs.running import restore, supervisor
from jobs.running.background import open_here
from jobs.settings import settings
from jobs.store import copying

MEGABYTE = 1e6


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser("worker", help="supervise runs in the foreground until interrupted")
    parser.set_defaults(do=lambda _chosen: supervisor.main(stay=True))
    parser = commands.add_parser("data", help="fetch Fashion-MNIST if it is missing, and verify it")
    parser.set_defaults(do=_data)
    parser = commands.add_parser("backup", help="copy the run store to a new file, also while runs write to it")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.set_defaults(do=_backup)
    parser = commands.add_parser("restore", help="put a backup in the place of the run store, which is kept aside")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.set_defaults(do=_restore)


def _data(_chosen: argparse.Namespace) -> int:
    folder = settings().data
    fashion_mnist.fetch(folder, _ProgressLine().show)
    fashion_mnist.verify(folder)
    print(f"Fashion-MNIST is complete and verified in {folder}.", file=sys.stderr)
    return 0


class _ProgressLine:
    """One line on a terminal that is written over; elsewhere a line per message."""

    def __init__(self) -> None:
        self._last_message = ""
        self._last_shown = 0.0

    def show(self, message: str, share: float | None) -> None:
        """Show what is being done and, if known, how much of it is done (0 to 1)."""
        if not sys.stderr.isatty():
            if message != self._last_message:
                print(message, file=sys.stderr, flush=True)
            self._last_message = message
            return
        if message == self._last_message and time.monotonic() - self._last_shown < 0.1:
            return
        if self._last_message not in ("", message):
            print(file=sys.stderr)
        bar = "" if share is None else f" [{'#' * round(30 * share):<30}] {share:4.0%}"
        output.overwrite(f"{message}{bar}", end="" if share is not None else "\n")
        self._last_message, self._last_shown = message, time.monotonic()


def _backup(chosen: argparse.Namespace) -> int:
    size = copying.copy_database(open_here(), chosen.file)
    print(f"The run store is copied to {chosen.file} ({size / MEGABYTE:.1f} MB).", file=sys.stderr)
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    kept = restore.restore(chosen.file, settings().database_url, settings().artifacts)
    print(f"The run store is restored from {chosen.file}.", file=sys.stderr)
    if kept is not None:
        print(f"The store that was there is kept as {kept}.", file=sys.stderr)
    return 0
