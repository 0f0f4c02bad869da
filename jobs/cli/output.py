"""How the command line writes JSON and tables."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from jobs import wording
from jobs.comparing import LeftOut
from jobs.records import QUEUED, Run


def as_json(value: Any) -> str:
    """Indented JSON that refuses NaN, which is no JSON."""
    return json.dumps(value, indent=2, allow_nan=False)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by their widest cell."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def say_left_out(left_out: Sequence[LeftOut]) -> None:
    """Tell on standard error who takes no part, and why."""
    for one in left_out:
        print(one.sentence, file=sys.stderr)


def run_table(found: Sequence[Run]) -> str:
    """The runs as the Runs page lists them."""
    header = ("ID", "STATUS", "SINCE", "NAME", "MODEL", "STARTED", "AT WORK", "EPOCH", "BEST VALIDATION")
    return table((*header, "TEST ACCURACY", "SEED"), [_row(run) for run in found])


def queue_table(active: Sequence[Run]) -> str:
    """The runs at work, then those that wait in their order, with their places."""
    at_work = sum(run.status != QUEUED for run in active)
    places = ["-"] * at_work + [str(place) for place in range(1, len(active) - at_work + 1)]
    rows = [(place, *_row(run)[:5], _epoch(run), _left(run)) for place, run in zip(places, active, strict=True)]
    return table(("PLACE", "ID", "STATUS", "SINCE", "NAME", "MODEL", "EPOCH", "LEFT AT MOST"), rows)


def _row(run: Run) -> tuple[str, ...]:
    return (
        run.id,
        wording.state(run),
        wording.moment(run.status_since),
        run.name,
        run.model,
        wording.moment(run.started_at),
        wording.duration(run.work_s) if run.work_s else "-",
        _epoch(run),
        wording.best_validation(run),
        wording.accuracy(run),
        str(run.seed),
    )


def _epoch(run: Run) -> str:
    return f"{run.epoch}/{run.epochs}"


def _left(run: Run) -> str:
    return wording.duration(run.seconds_left)
