"""The command line, by the same functions as the pages: each command reads, asks or shows, and says what it did."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from core.errors import LookbookError
from jobs.cli import (
    comparing,
    exporting,
    faults,
    keeping,
    launching,
    organising,
    photo_sets,
    predicting,
    queueing,
    reading,
    reporting,
    space,
    studying,
)

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of printing the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"Error: {message}. Help: {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 only where it worked."""
    parser = _Parser(prog="python -m jobs", description="Launch, follow and use Fashion-MNIST runs.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    asking = (launching, reading, comparing, faults, reporting, exporting)
    for module in (*asking, queueing, organising, predicting, photo_sets, studying, space, keeping):
        module.add_commands(commands)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.do(chosen))
    except LookbookError as error:
        print(f"Error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe, `head` say, has gone: nothing is wrong, and nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as error:
        print(f"Error: {error.strerror}: {error.filename}", file=sys.stderr)
        return EXIT_FAILED
