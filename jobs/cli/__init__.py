"""The command line, by the same functions as the pages: each command reads, asks or shows, and says what it did."""

import sys
from collections.abc import Sequence

import click

from core.errors import LookbookError
from core.files import shown
from jobs.cli import (
    comparing,
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
    studying,
)
from jobs.cli.cluster import cluster_commands
from jobs.cli.data_sets import data_commands
from jobs.cli.parameters import MOST_SHOWN
from jobs.cli.parsing import Program
from jobs.cli.team import team_commands
from jobs.running.environment import code_version

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
SECTIONS = {
    "Train": (reading.show_presets, launching.launch, launching.clone, queueing.stop, queueing.resume),
    "Follow": (reading.list_, reading.show, reading.log),
    "Queue": (queueing.show_queue, queueing.move, queueing.pause, queueing.go_on, queueing.slots, keeping.worker),
    "Analyse": (comparing.compare, faults.suspects, faults.duplicates, faults.faults, studying.study),
    "Photos": (predicting.predict, photo_set_commands.photo_set),
    "Share": (reporting.write_report, reporting.export),
    "Organise": (
        *(organising.rename, organising.note, organising.tag, organising.pin, organising.unpin),
        *(organising.archive, organising.bring_back, organising.delete),
    ),
    "Review": (organising.comment, organising.show_comments, organising.review),
    "Data": (data_commands.data,),
    "Server": (team_commands.team, keeping.show_health, keeping.show_deliveries),
    "Cluster": (cluster_commands.node, cluster_commands.machines),
    "Storage": (
        *(keeping.show_space, keeping.clear_checkpoints),
        *(keeping.backup, keeping.restore, keeping.move_store),
    ),
}


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        print(f"Lookbook {code_version()}")
        ctx.exit()


@click.group(
    cls=Program,
    sections=SECTIONS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def lookbook() -> None:
    """Launch, follow and use Fashion-MNIST runs."""


def main(arguments: Sequence[str] | None = None, program: str = "lookbook") -> int:
    """Run one command; return the exit status: 0 only where it worked."""
    with output.made_clean():
        try:
            return lookbook.main(arguments, program, "_LOOKBOOK_COMPLETE", standalone_mode=False) or 0
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else program
            print(f"Error: {_in_one_line(error)} Help: {path} --help", file=sys.stderr)
            return EXIT_USAGE
        except click.Abort:
            print("Interrupted.", file=sys.stderr)
            return EXIT_INTERRUPTED
        except LookbookError as error:
            print(f"Error: {error}", file=sys.stderr)
        except OSError as error:
            print(f"Error: {error.strerror}: {error.filename}", file=sys.stderr)
        return EXIT_FAILED


def _in_one_line(error: click.UsageError) -> str:
    message = " ".join(error.format_message().split())
    if len(message) > MOST_SHOWN:
        message = f"{message[:MOST_SHOWN]}..."
    return shown(message if message.endswith((".", "?")) else f"{message}.")
