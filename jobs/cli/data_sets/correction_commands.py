"""data marks, correct, diff: what people say of labels, the version that follows, and how two versions differ."""

import sys
from pathlib import Path

import click
import numpy as np

from core.datasets import correcting, opening, versions
from core.datasets.correcting import CORRECTED
from core.datasets.differing import difference
from core.datasets.storing import Content
from core.statistics.wording import counted
from jobs.cli import completion, output
from jobs.cli.data_sets.confirming import agreed, name_argument, yes_option
from jobs.cli.parameters import csv_option, file_path, json_option, text
from jobs.cli.parsing import command, refuse_both
from jobs.people import system_user
from jobs.reports import csv_tables, data_tables
from jobs.reports.document import Table
from jobs.results import label_marks
from jobs.results.flagged_rows import mark_rows
from jobs.results.label_marks import Review, review_of
from jobs.results.mark_tables import read_marks
from jobs.running.background import open_here
from jobs.settings import settings
from jobs.tasks.data_changes import store_version

_SHOWN_COLUMNS = ("position", "image", "given", "label", "person", "disputed")


@command("marks")
@name_argument
@json_option
@csv_option
def marks(name: str, as_json: bool, as_csv: bool) -> None:
    """List what people have marked in a data set.

    The label that each finds right for an image, or that it is not usable. Nothing is changed by marks; see correct.
    """
    refuse_both(json=as_json, csv=as_csv)
    folder = settings().data
    version = versions.find(folder, name)
    review = review_of(open_here(), version.pinned, version.size, len(version.classes))
    rows = mark_rows(review, opening.read_content(folder, version))
    if as_json:
        print(output.as_json(rows))
    elif as_csv:
        sys.stdout.write(csv_tables.marks(rows))
    elif rows:
        cells = tuple(tuple(str(row[column]) for column in _SHOWN_COLUMNS) for row in rows)
        print(output.table(Table("", _SHOWN_COLUMNS, cells)))
    print(data_tables.review_sentence(review) if rows else "No label is marked.", file=sys.stderr)


@command("correct")
@name_argument
@click.option(
    "--marks",
    "table",
    type=file_path,
    metavar="CSV",
    shell_complete=completion.files,
    help="Marks to keep first: columns position and label (a class, or “not usable”), perhaps person.",
)
@click.option("--as", "new_name", type=text, metavar="NAME", default="", help=f"For Fashion-MNIST; else {CORRECTED}.")
@yes_option
def correct(name: str, table: Path | None, new_name: str, yes: bool) -> int:
    """Store a new version with corrected labels.

    Without the images that are not usable. Where several people have marked an image they must agree, or it stays as it
    is. Every image keeps its split. Marks are made on the pages, or come in a table.
    """
    folder, store = settings().data, open_here()
    version = versions.find(folder, name)
    content = opening.read_content(folder, version)
    new = [] if table is None else read_marks(table, content, system_user())
    review = review_of(store, version.pinned, version.size, len(version.classes)).with_marks(new)
    _say_what_changes(content, review)
    if not agreed(yes, "Store the corrected version?", "Nothing is stored yet. Add --yes to store the new version."):
        return 1
    label_marks.keep_marks(store, version.pinned, new)
    stored = store_version(store, correcting.correct(folder, version, review.corrections, new_name))
    print(f"{counted(stored.size, 'image')} stored as {stored.label} ({stored.id}).", file=sys.stderr)
    print(stored.label)
    return 0


def _say_what_changes(content: Content, review: Review) -> None:
    changes = correcting.changes_of(content, review.corrections)
    print(data_tables.review_sentence(review), file=sys.stderr)
    print(output.table(data_tables.changes_table(content, changes)), file=sys.stderr)


@command("diff")
@click.argument("first", metavar="NAME", type=text, shell_complete=completion.data_sets)
@click.argument("second", metavar="OTHER", type=text, shell_complete=completion.data_sets)
@json_option
def diff(first: str, second: str, as_json: bool) -> None:
    """Show how the data set OTHER differs from NAME.

    Which images were added and taken out, which have another label or split, classes and sizes.
    """
    folder = settings().data
    before, after = (versions.find(folder, words) for words in (first, second))
    old, new = (opening.read_content(folder, version) for version in (before, after))
    parts = difference(old, new, before.form == after.form)
    if as_json:
        relabelled = [
            {"image": new.names[to], "from": old.classes[old.labels[at]], "to": new.classes[new.labels[to]]}
            for at, to in parts.relabelled.tolist()
        ]
        listed = {
            "first": before.label,
            "second": after.label,
            "added": _names(new, parts.added),
            "removed": _names(old, parts.removed),
            "relabelled": relabelled,
            "moved": _names(new, parts.moved[:, 1]),
            "same_by": "pixels" if parts.by_pixels else "name",
        }
        print(output.as_json(listed))
        return
    print("\n".join(data_tables.difference_sentences(before, after, parts)))


def _names(content: Content, places: np.ndarray) -> list[str]:
    return [content.names[place] for place in places.tolist()]
