"""report: what is known of a run or a comparison as a file to take along."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jobs.reports.report_files import FORMATS, report, report_recipes
from jobs.results.seed_groups import find_group
from jobs.running.background import open_here
from jobs.store.new_files import require_new, write_file
from jobs.store.queries import find_run
from jobs.store.store import Store

IDS_IN_NAME = 3


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "report",
        help="write a report of a run, or of the comparison of several",
        description="Write one self-contained file: of one run, or of several held against the first, the baseline.",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="id, beginning of an id, or name; the baseline first")
    parser.add_argument("--groups", action="store_true", help="compare recipes: each RUN names a group of seeds")
    parser.add_argument("--format", choices=list(FORMATS), default="html", help="html (the default) or md: Markdown")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file; - prints (default: report-ID.html here)")
    parser.add_argument("--replace", action="store_true", help="replace the file if it exists")
    parser.set_defaults(do=_report)


def _report(chosen: argparse.Namespace) -> int:
    store = open_here()
    ids, write = _groups(store, chosen.runs) if chosen.groups else _runs(store, chosen.runs)
    if chosen.output == "-":
        sys.stdout.write(write(chosen.format))
        return 0
    path = Path(chosen.output or _file_name(ids, chosen.format))
    if not chosen.replace:
        require_new(path)
    text = write(chosen.format)
    write_file(path, text, replace=chosen.replace)
    print(f"The report is {path} ({len(text.encode()) / 1000:.0f} kB).", file=sys.stderr)
    return 0


def _file_name(ids: Sequence[str], form: str) -> str:
    """A name that a file system takes, however many runs there are: it has at most three ids."""
    more = [f"and-{len(ids) - IDS_IN_NAME}-more"] if len(ids) > IDS_IN_NAME else []
    return f"report-{'-'.join([*ids[:IDS_IN_NAME], *more])}.{form}"


def _runs(store: Store, named: Sequence[str]) -> tuple[list[str], Callable[[str], str]]:
    runs = [find_run(store, words) for words in named]
    return [run.id for run in runs], partial(report, store, runs)


def _groups(store: Store, named: Sequence[str]) -> tuple[list[str], Callable[[str], str]]:
    groups = [find_group(store, words) for words in named]
    return [group.id for group in groups], partial(report_recipes, store, groups)
