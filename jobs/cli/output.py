"""How the command line writes JSON and tables."""

import json
from collections.abc import Sequence
from typing import Any

from jobs import wording
from jobs.records import Run


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


def run_table(found: Sequence[Run]) -> str:
    """The runs as the Runs page lists them."""
    header = ("ID", "STATUS", "NAME", "MODEL", "STARTED", "AT WORK", "EPOCH", "BEST VAL (AT)", "TEST ACCURACY", "SEED")
    return table(header, [_row(run) for run in found])


def _row(run: Run) -> tuple[str, ...]:
    best = f"{wording.percent(run.best_val_accuracy)} ({run.best_epoch})" if run.best_epoch else "-"
    return (
        run.id,
        run.state,
        run.name,
        run.model,
        wording.moment(run.started_at),
        wording.duration(run.work_s) if run.work_s else "-",
        f"{run.epoch}/{run.epochs}",
        best,
        wording.accuracy(run),
        str(run.seed),
    )
