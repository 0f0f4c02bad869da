"""The kinds of arguments, and the arguments and options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.files import shown
from jobs.cli import completion

MOST_SHOWN = 300
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def text(value: str) -> str:
    """Words that can be written anywhere."""
    if "\0" in value or shown(value) != value:
        raise click.BadParameter(f"{value[:MOST_SHOWN]!r} is not text in UTF-8")
    return value


def file_path(value: str) -> Path:
    """What can be the name of a file, in UTF-8 or not."""
    if "\0" in value:
        raise click.BadParameter(f"{value[:MOST_SHOWN]!r} contains a null byte")
    return Path(value)


run_argument = click.argument("run", metavar="RUN", type=text, shell_complete=completion.runs)
runs_argument = click.argument(
    "runs", metavar="RUN...", type=text, nargs=-1, required=True, shell_complete=completion.runs
)
any_runs_argument = click.argument("runs", metavar="[RUN]...", type=text, nargs=-1, shell_complete=completion.runs)
photos_argument = click.argument(
    "photos", metavar="PATH...", type=file_path, nargs=-1, required=True, shell_complete=completion.files
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with all rows.")


def tags_option(help: str) -> Decorator:
    """The option --tag, which may be repeated."""
    return click.option(
        "--tag", "tags", type=text, multiple=True, metavar="TAG", shell_complete=completion.tags, help=help
    )
