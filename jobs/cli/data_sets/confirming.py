"""What the commands for data sets have in common: the name, and asking before anything is done."""

import sys

import click

from jobs.cli import completion
from jobs.cli.parameters import text

name_argument = click.argument("name", metavar="NAME", type=text, shell_complete=completion.data_sets)
yes_option = click.option("--yes", is_flag=True, help="Do it; without it, say what would be done, and ask.")


def agreed(yes: bool, question: str, otherwise: str) -> bool:
    """Whether somebody says so now or has before; where nobody can be asked, say what to do."""
    if yes:
        return True
    if sys.stdin.isatty() and sys.stderr.isatty():
        return click.confirm(question, err=True)
    print(otherwise, file=sys.stderr)
    return False
