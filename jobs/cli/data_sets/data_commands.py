"""data: Fashion-MNIST as it comes, and data sets of one's own: add, list, show, repair, correct, delete, fetch."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from core.data import fashion_mnist, kept_fronts
from core.datasets import importing, opening, repairing, versions
from core.datasets.health import findings
from core.datasets.importing import Colour, Options, Plan
from core.datasets.pixels.squares import LEAST_SIDE, MOST_SIDE
from core.datasets.readers.listing import Listing
from core.datasets.readers.published import LICENCES, NAMES, fetch_published
from core.datasets.splitting import DEFAULT_SHARE
from core.files import shown
from core.statistics import wording
from core.statistics.wording import counted
from jobs.cli import completion, output
from jobs.cli.data_sets import correction_commands
from jobs.cli.data_sets.confirming import agreed, name_argument, yes_option
from jobs.cli.parameters import file_path, json_option, text
from jobs.cli.parsing import command
from jobs.reports import data_tables
from jobs.results.data_users import require_unused
from jobs.running.background import open_here
from jobs.settings import settings
from jobs.tasks.data_changes import delete_version, store_version

_MOST_TOLD = 20


@click.group("data", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def data(ctx: click.Context) -> None:
    """Download Fashion-MNIST and verify it; keep data sets.

    Without a command: download Fashion-MNIST if it is missing, and verify it. NAME is the name of a data set, a version
    of it (name@number) or the beginning of its hash.
    """
    if ctx.invoked_subcommand is not None:
        return
    folder = settings().data
    fashion_mnist.fetch(folder, ProgressLine().show)
    fashion_mnist.verify(folder)
    print(f"Fashion-MNIST is complete and verified in {folder}.", file=sys.stderr)


class ProgressLine:
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


@command("add")
@name_argument
@click.argument("path", metavar="PATH", type=file_path, shell_complete=completion.files)
@click.option("--labels", type=file_path, metavar="CSV", help="A table of files and labels, perhaps splits and groups.")
@click.option("--groups", type=text, metavar="COLUMN", help="The column of what must not straddle a split.")
@click.option("--side", type=int, metavar="PIXELS", help=f"Side of the stored images, {LEAST_SIDE} to {MOST_SIDE}.")
@click.option(
    "--colour", type=click.Choice(("auto", "grey", "colour")), default="auto", help="Default: grey where all are grey."
)
@click.option("--cut-out", is_flag=True, help="Each picture is one item: cut it out of its surroundings.")
@click.option(
    "--test-share",
    type=float,
    metavar="SHARE",
    help=f"Share of each class for the test, also of what a later version adds (default {DEFAULT_SHARE}).",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Decides which images are for the test.")
@click.option("--licence", type=text, default="", help="A note on who may use the pictures.")
@yes_option
def add(
    name: str,
    path: Path,
    labels: Path | None,
    groups: str | None,
    side: int | None,
    colour: Colour,
    cut_out: bool,
    test_share: float | None,
    seed: int,
    licence: str,
    yes: bool,
) -> int:
    """Import pictures as a new version of a data set.

    PATH is a folder with a folder for each class (perhaps below train, val and test), a table of files and labels, a
    folder of IDX or parquet files, or a zip of any of these.
    """
    options = Options(labels, groups, side, colour, test_share, seed, licence, cut_out)
    versions.checked_name(name)
    listing = importing.read_source_of(path, options)
    return _import(name, listing, shown(path.absolute().name), options, yes)


@command("fetch")
@click.argument("name", metavar="NAME", type=click.Choice(NAMES))
@yes_option
def fetch(name: str, yes: bool) -> int:
    """Download mnist, kmnist or cifar10 and import it."""
    listing = fetch_published(name, settings().data)
    return _import(name, listing, f"{name} by torchvision", Options(licence=LICENCES[name]), yes)


def _import(name: str, listing: Listing, source: str, options: Options, yes: bool) -> int:
    folder = settings().data
    with importing.planned(folder, name, listing, source, options, ProgressLine().show) as plan:
        _say_plan(plan)
        if plan.same is not None:
            print(f"These images are stored already, as {plan.same.label}.", file=sys.stderr)
            print(plan.same.label)
            return 0
        if not agreed(yes, "Store them?", "Nothing is stored yet. Add --yes to store it; nothing is decoded again."):
            return 1
        stored = store_version(open_here(), plan)
    size = wording.size(versions.bytes_used(folder, stored))
    print(f"{counted(stored.size, 'image')} stored as {stored.label} ({stored.id}, {size}).", file=sys.stderr)
    print(stored.label)
    return 0


def _say_plan(plan: Plan) -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(output.table(data_tables.class_table(plan.version)), file=sys.stderr)
    print(file=sys.stderr)
    for sentence in plan.findings:
        print(sentence, file=sys.stderr)
    refused = plan.version.refused_files[:_MOST_TOLD]
    for file in refused:
        print(f"Left out: {file.name} {file.reason}.", file=sys.stderr)
    rest = sum(plan.version.refused.values()) - len(refused)
    if rest > 0:
        print(f"{rest:,} more are left out.", file=sys.stderr)


@command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the data sets."""
    stored = versions.list_versions(settings().data)
    if as_json:
        print(output.as_json([version.model_dump(mode="json", exclude={"refused_files"}) for version in stored]))
    else:
        print(output.table(data_tables.version_table(stored)))


@command("show")
@name_argument
@click.option("--verify", is_flag=True, help="Compare every byte with the hash.")
@json_option
def show(name: str, verify: bool, as_json: bool) -> None:
    """Show a data set: classes, splits and health."""
    folder = settings().data
    version = versions.find(folder, name)
    health = opening.read_health(folder, version)
    if verify:
        opening.verify(folder, version)
        print("Every byte is as its hash says.", file=sys.stderr)
    if as_json:
        told = None if health is None else health.model_dump(mode="json")
        print(output.as_json({**version.model_dump(mode="json"), "health": told}))
        return
    sentences = [] if health is None else [*version.notes, *findings(version, health)]
    print("\n".join(data_tables.facts(version)))
    print(f"\n{output.table(data_tables.class_table(version))}")
    print("".join(f"\n{sentence}" for sentence in sentences))
    if kept := kept_fronts.bytes_kept(versions.folder_of(folder, version)):
        print(f"\nFeatures of frozen layers take {wording.size(kept)} beside it (see data clear-features).")


@command("repair")
@name_argument
@yes_option
def repair(name: str, yes: bool) -> int:
    """Store a new version without leaks."""
    folder = settings().data
    repaired = repairing.repair(folder, versions.find(folder, name))
    _say_taken_out(repaired.taken_out)
    if not agreed(yes, "Store the new version?", "Nothing is stored yet. Add --yes to store the new version."):
        return 1
    stored = store_version(open_here(), repaired.plan)
    print(f"{counted(stored.size, 'image')} stored as {stored.label} ({stored.id}).", file=sys.stderr)
    print(stored.label)
    return 0


def _say_taken_out(names: Sequence[str]) -> None:
    print(f"{counted(len(names), 'image')} to learn from would be taken out:", file=sys.stderr)
    for name in names[:_MOST_TOLD]:
        print(f"  {name}", file=sys.stderr)
    if len(names) > _MOST_TOLD:
        print(f"  and {len(names) - _MOST_TOLD:,} more", file=sys.stderr)


@command("delete")
@name_argument
@yes_option
def delete(name: str, yes: bool) -> int:
    """Delete a version of a data set that no run needs."""
    folder = settings().data
    version = versions.find(folder, name)
    store = open_here()
    require_unused(store, version)
    what = f"{version.label}: {counted(version.size, 'image')} ({wording.size(versions.bytes_used(folder, version))})"
    if not agreed(yes, f"Delete {what}?", f"This would delete {what}. Add --yes to do it."):
        return 1
    delete_version(store, version)
    print(f"Deleted {what}.", file=sys.stderr)
    return 0


@command("clear-features")
@name_argument
def clear_features(name: str) -> None:
    """Delete the features kept of a data set.

    They are what frozen layers make of its images; the next run that needs them computes them again.
    """
    folder = settings().data
    freed = kept_fronts.clear(versions.folder_of(folder, versions.find(folder, name)))
    print(f"{wording.size(freed)} freed.", file=sys.stderr)


_corrections = (correction_commands.marks, correction_commands.correct, correction_commands.diff)
for _command in (add, list_, show, delete, repair, *_corrections, fetch, clear_features):
    data.add_command(_command)
