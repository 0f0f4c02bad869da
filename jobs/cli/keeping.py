"""worker, health, deliveries, backup, restore, move-store, clear-checkpoints, space: keeping the installation."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from core.errors import ConfigurationError
from core.statistics import wording
from jobs.cli import completion, output
from jobs.cli.parameters import any_runs_argument, file_path, json_option
from jobs.cli.parsing import command
from jobs.cli.selection import do_on_each
from jobs.copies import backup as backing_up
from jobs.copies import moving
from jobs.copies import restore as restoring
from jobs.reports.document import Table
from jobs.reports.team.team_tables import deliveries_table
from jobs.running import run_edits
from jobs.running.background import ensure_supervisor, open_here
from jobs.settings import anchored_url, settings
from jobs.store.disk_space import space_of_runs, space_words
from jobs.supervising import supervisor
from jobs.team import deliveries, health

file_argument = click.argument("file", metavar="FILE", type=file_path, shell_complete=completion.files)


@command("worker")
def worker() -> int:
    """Supervise runs in the foreground until interrupted."""
    return supervisor.main(stay=True)


@command("health")
@json_option
def show_health(as_json: bool) -> int:
    """Show whether store, supervisor and disks are well.

    The exit status is 0 only if all are.
    """
    parts = health.examine()
    if as_json:
        print(output.as_json({name: asdict(part) for name, part in parts.items()}))
    else:
        rows = tuple((name, part.word, part.detail) for name, part in parts.items())
        print(output.table(Table("", ("Part", "State", "Detail"), rows)))
    return 0 if health.is_well(parts) else 1


@command("deliveries")
@click.option("--retry", is_flag=True, help="Try all that is not delivered again at once.")
@json_option
def show_deliveries(retry: bool, as_json: bool) -> None:
    """Show what is told outside, with what went wrong."""
    store = open_here()
    if retry:
        count = deliveries.retry(store)
        ensure_supervisor(store)
        print(f"{deliveries.counted(count)} to be tried again.", file=sys.stderr)
    listed = deliveries.list_deliveries(store)
    if as_json:
        print(output.as_json([asdict(delivery) for delivery in listed]))
        return
    print(output.table(deliveries_table(listed)))


@command("backup")
@file_argument
def backup(file: Path) -> None:
    """Copy the run store to a new file, even during runs."""
    size = backing_up.backup(open_here(), file)
    print(f"The run store is copied to {file} ({wording.size(size)}).", file=sys.stderr)


@command("restore")
@file_argument
def restore(file: Path) -> None:
    """Replace the run store by a backup; the old one is kept."""
    kept = restoring.restore(file, settings().database_url, settings().artifacts)
    print(f"The run store is restored from {file}.", file=sys.stderr)
    if kept is not None:
        print(f"The store that was there is kept as {kept}.", file=sys.stderr)


@command("move-store")
@click.argument("url", metavar="URL")
def move_store(url: str) -> None:
    """Copy the run store into another, empty database.

    URL is as in LOOKBOOK_DATABASE_URL. Every row is compared, and the files of runs stay where they are.
    """
    source = open_here()
    target = moving.move(source, anchored_url(url))
    print(f"The run store is copied to {target.place}, and every row is the same there.", file=sys.stderr)
    print(
        f"Set LOOKBOOK_DATABASE_URL to it and leave LOOKBOOK_ARTIFACTS as it is. {source.place} stays as it was, but "
        "the files of the runs no longer belong to it.",
        file=sys.stderr,
    )


@command("clear-checkpoints")
@any_runs_argument
@click.option("--all", "of_all", is_flag=True, help="Of all finished runs.")
def clear_checkpoints(runs: Sequence[str], of_all: bool) -> int:
    """Delete the checkpoints of finished runs.

    Their metrics and models stay.
    """
    if bool(runs) == of_all:
        raise ConfigurationError("No runs are named.", "Name runs, or use --all.")
    store = open_here()
    words = [space.run_id for space in space_of_runs(store) if space.clearable] if of_all else runs
    freed: list[int] = []
    clear = run_edits.clear_checkpoints
    status = do_on_each(store, words, lambda store, run_id: freed.append(clear(store, run_id)), "checkpoints deleted")
    print(f"{wording.size(sum(freed))} freed.", file=sys.stderr)
    return status


@command("space")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with sizes in bytes.")
def show_space(as_json: bool) -> None:
    """Show the disk space that the files of runs take."""
    spaces = space_of_runs(open_here())
    if as_json:
        print(output.as_json([asdict(space) for space in spaces]))
        return
    rows = tuple((s.run_id, s.status, wording.size(s.used), wording.size(s.clearable), s.name) for s in spaces)
    print(output.table(Table("", ("Id", "Status", "Files", "Can be cleared", "Name"), rows)))
    print(f"\n{space_words(spaces)}")
