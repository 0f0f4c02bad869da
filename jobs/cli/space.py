"""space, clear-checkpoints: the room that the files of runs take, and having some of it back."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from core.errors import ConfigurationError
from core.statistics import wording
from jobs.cli import output
from jobs.cli.selection import do_on_each
from jobs.running import run_edits
from jobs.running.background import open_here
from jobs.store.disk_space import space_of_runs, space_words


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "clear-checkpoints", help="delete the checkpoints of finished runs; figures and models stay"
    )
    parser.add_argument("runs", metavar="RUN", nargs="*", help="id, beginning of an id, or name")
    parser.add_argument("--all", action="store_true", help="of all finished runs")
    parser.set_defaults(do=_clear_checkpoints)
    parser = commands.add_parser("space", help="show the room that the files of each run take, and that of all")
    parser.add_argument("--json", action="store_true", help="print JSON, sizes in bytes")
    parser.set_defaults(do=_space)


def _clear_checkpoints(chosen: argparse.Namespace) -> int:
    if bool(chosen.runs) == chosen.all:
        raise ConfigurationError("It is not said whose checkpoints shall go.", "Name runs, or say --all.")
    store = open_here()
    words = [one.run_id for one in space_of_runs(store) if one.clearable] if chosen.all else chosen.runs
    freed: list[int] = []

    def clear(run_id: str) -> None:
        freed.append(run_edits.clear_checkpoints(store, run_id))

    status = do_on_each(store, words, clear, "checkpoints deleted")
    print(f"{wording.size(sum(freed))} freed.", file=sys.stderr)
    return status


def _space(chosen: argparse.Namespace) -> int:
    found = space_of_runs(open_here())
    if chosen.json:
        print(output.as_json([asdict(one) for one in found]))
        return 0
    rows = [(one.run_id, one.status, wording.size(one.used), wording.size(one.clearable), one.name) for one in found]
    print(output.table(("ID", "STATUS", "FILES", "CAN BE CLEARED", "NAME"), rows))
    print(f"\n{space_words(found)}")
    return 0
