"""report, export: what is known of runs, and their models, as files for others."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from jobs.cli import completion
from jobs.cli.parameters import file_path, run_argument, runs_argument, text
from jobs.cli.parsing import command
from jobs.reports.report_files import FORMATS, report, report_recipes
from jobs.results.seed_groups import find_group
from jobs.running.background import open_here
from jobs.store.new_files import require_new, write_file
from jobs.store.queries import find_run
from jobs.store.store import Store

IDS_IN_NAME = 3


@command("report")
@runs_argument
@click.option("--groups", is_flag=True, help="Compare recipes: each RUN names a group of seeds.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="html", help="HTML (default) or Markdown.")
@click.option(
    "-o",
    "--output",
    "target",
    type=text,
    metavar="FILE",
    shell_complete=completion.files,
    help="The file; - prints the report (default: report-ID.html in this folder).",
)
@click.option("--replace", is_flag=True, help="Replace the file if it exists.")
def write_report(runs: Sequence[str], groups: bool, form: str, target: str | None, replace: bool) -> None:
    """Write a report of a run, or of a comparison.

    It is one self-contained file: of one run, or of several compared with the first, the baseline.
    """
    store = open_here()
    ids, write = _groups(store, runs) if groups else _runs(store, runs)
    if target == "-":
        sys.stdout.write(write(form))
        return
    path = Path(target or _file_name(ids, form))
    if not replace:
        require_new(path)
    content = write(form)
    write_file(path, content, replace=replace)
    print(f"The report is {path} ({len(content.encode()) / 1000:.0f} kB).", file=sys.stderr)


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


@command("export")
@run_argument
@click.argument("folder", metavar="FOLDER", type=file_path, shell_complete=completion.files)
@click.option("--without-onnx", is_flag=True, help="Leave out the ONNX file and its check.")
def export(run: str, folder: Path, without_onnx: bool) -> None:
    """Write a run's model, model card and tables to a folder.

    FOLDER must not exist yet. It gets safetensors, ONNX (checked against PyTorch), a model card and CSV tables.
    """
    # Torch takes seconds to import and only this command needs it.
    from jobs.tasks import export_files

    store = open_here()
    agreement = export_files.export(store, find_run(store, run), folder, onnx=not without_onnx)
    for path in sorted(folder.iterdir()):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    if agreement is not None:
        checked = f"{agreement.images:,} test images: largest difference {agreement.largest_difference:.1e}"
        print(f"ONNX and PyTorch agree on {checked}.", file=sys.stderr)
