"""How the command line writes: JSON, tables, and nothing that commands the terminal."""

import io
import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

from core.statistics import wording
from core.texts import clean_lines, clean_name
from jobs.reports.document import Table
from jobs.results import run_wording
from jobs.results.comparisons import LeftOut
from jobs.store.records import Run, RunStatus


class _Clean:
    """A stream that shows what would command the terminal as �; lines and tabs stay."""

    def __init__(self, stream: TextIO) -> None:
        self.raw = stream

    def write(self, text: str) -> int:
        """Write the text as it can be shown."""
        return self.raw.write(clean_lines(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


@contextmanager
def made_clean() -> Iterator[None]:
    """Nothing that is printed within commands the terminal, or is more than its encoding can show."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    with redirect_stdout(cast(TextIO, _Clean(sys.stdout))), redirect_stderr(cast(TextIO, _Clean(sys.stderr))):
        yield


def overwrite(text: str, *, end: str = "") -> None:
    """Write a line of progress on a terminal over the one before."""
    stream = sys.stderr.raw if isinstance(sys.stderr, _Clean) else sys.stderr
    stream.write(f"\r{clean_name(text)}\033[K{end}")
    stream.flush()


def width(text: str) -> int:
    """The columns of a terminal that a text takes: two for wide signs, none for those that go into the one before."""
    total, joined = 0, False
    for letter in text:
        if letter == "\u200d":
            joined = True
            continue
        is_part = unicodedata.category(letter) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= letter <= "\U0001f3ff"
        if not (joined or is_part and total):
            total += 0 if is_part else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        joined = False
    return total


def as_json(value: Any) -> str:
    """Indented JSON that refuses NaN, which is no JSON."""
    return json.dumps(value, indent=2, allow_nan=False)


def table(shown: Table) -> str:
    """The caption, then columns aligned by their widest cell, their headers in capitals; each cell in one line."""
    lines = [
        [clean_name(" ".join(cell.split())) for cell in line] for line in (map(str.upper, shown.header), *shown.rows)
    ]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    aligned = [
        "  ".join(cell + " " * (most - width(cell)) for cell, most in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([shown.caption, *aligned] if shown.caption else aligned)


def say_left_out(left_out: Sequence[LeftOut]) -> None:
    """Tell on standard error who takes no part, and why."""
    for run in left_out:
        print(run.sentence, file=sys.stderr)


def run_table(runs: Sequence[Run]) -> str:
    """The runs as the Runs page lists them."""
    header = (
        *("Id", "Status", "Since", "Name", "Model", "Started", "Training time", "Epoch"),
        *("Best validation", "Test accuracy", "Seed"),
    )
    return table(Table("", header, tuple(map(_row, runs))))


def queue_table(active: Sequence[Run]) -> str:
    """The running runs, then the queued ones in their order, with their positions."""
    running = sum(run.status != RunStatus.QUEUED for run in active)
    rows = tuple(
        (
            wording.NOTHING if run.status != RunStatus.QUEUED else str(place - running),
            *_row(run)[:5],
            _epoch(run),
            wording.duration(run.seconds_left),
        )
        for place, run in enumerate(active, start=1)
    )
    return table(Table("", ("Position", "Id", "Status", "Since", "Name", "Model", "Epoch", "Left at most"), rows))


def _row(run: Run) -> tuple[str, ...]:
    return (
        run.id,
        run_wording.state(run),
        wording.moment(run.status_since),
        run.name,
        run.model,
        wording.moment(run.started_at),
        wording.duration(run.work_s or None),
        _epoch(run),
        run_wording.best_validation(run),
        run_wording.accuracy(run),
        str(run.seed),
    )


def _epoch(run: Run) -> str:
    return f"{run.epoch}/{run.epochs}"
