"""The command line, by the same functions as the pages: each command reads, asks or shows, and says what it did."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from core.errors import LookbookError
from core.files import shown
from jobs.cli import (
    comparing,
    exporting,
    faults,
    keeping,
    launching,
    organising,
    output,
    photo_set_commands,
    predicting,
    queueing,
    reading,
    reporting,
    space,
    studying,
)

_MOST_SAID = 300
EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of printing the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        cut = message if len(message) <= _MOST_SAID else f"{message[:_MOST_SAID]}..."
        self.exit(EXIT_USAGE, f"Error: {shown(cut)}. Help: {self.prog} --help\n")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # Of `--` in the place of an argument some versions of Python make an empty list.
        values = super()._get_values(action, arg_strings)
        if action.nargs is None and values == []:
            self.error(f"the following arguments are required: {action.metavar or action.dest}")
        return values


def parser() -> argparse.ArgumentParser:
    """The parser of every command, each of which says with `do` what it does."""
    made = _Parser(prog="python -m jobs", description="Launch, follow and use Fashion-MNIST runs.")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    asking = (launching, reading, comparing, faults, reporting, exporting)
    for module in (*asking, queueing, organising, predicting, photo_set_commands, studying, space, keeping):
        module.add_commands(commands)
    return made


def _words_of(chosen: argparse.Namespace) -> Iterator[str | Path]:
    """Everything that was written on the command line and is neither a number nor a choice."""
    for value in vars(chosen).values():
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str | Path))


def _is_text(words: str | Path) -> bool:
    """Whether this can be written anywhere; of the name of a file only that it can be one."""
    return "\0" not in str(words) and (isinstance(words, Path) or shown(words) == words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 only where it worked."""
    with output.made_clean():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    parsing = parser()
    chosen = parsing.parse_args(arguments)
    for words in _words_of(chosen):
        if not _is_text(words):
            parsing.error(f"{str(words)[:_MOST_SAID]!r} is no text in UTF-8")
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
