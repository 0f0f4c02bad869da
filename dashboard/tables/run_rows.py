"""The table of runs: one row of display strings per run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from core.statistics import wording
from dashboard import page_wording, style
from jobs.results import run_wording
from jobs.store.records import IN_PROGRESS, Run, RunStatus


@dataclass(frozen=True)
class RunRow:
    """One run as it is listed; every field but id and progress is shown as it stands."""

    id: str
    name: str
    sign: str
    """The marker of the run on charts, drawn in its colour."""
    colour: str
    state_sign: str
    state: str
    state_colour: str
    review_sign: str
    review: str
    """What its review came to; empty for a run without one."""
    review_colour: str
    since: str
    since_when: str
    """The same without the state: "for 3 min", "2 h ago"."""
    progress: float | None
    """Share of the work that is done, 0 to 1; None for a run that is not at work."""
    model: str
    owner: str | None
    """What is called who launched it; None where nobody has signed in."""
    started: str
    started_full: str
    duration: str
    epochs: str
    validation: str
    validation_interval: str
    validation_epoch: str
    accuracy: str
    interval: str
    seed: str
    tags: tuple[str, ...]
    pinned: bool
    archived: bool


def run_row(run: Run, now: float, where: tzinfo, names: Mapping[str, str] | None = None) -> RunRow:
    """A run as a row, with times in that zone as of `now`; `names` are those of who has signed in, by id."""
    look, state, since = page_wording.STATE_LOOKS[run.state], run_wording.state(run), page_wording.status(run, now)
    reviewed = page_wording.REVIEW_LOOKS[run.review] if run.review else None
    drawn = style.run_style(run.id)
    accuracy, _, interval = run_wording.accuracy(run).partition(" (")
    validation, _, validation_interval = run_wording.validation_accuracy(run).partition(" (")
    return RunRow(
        id=run.id,
        name=run.name,
        sign=drawn.sign,
        colour=drawn.colour,
        state_sign=look.sign,
        state=state,
        state_colour=look.colour,
        review_sign=reviewed.sign if reviewed else "",
        review=run.review or "",
        review_colour=reviewed.colour if reviewed else "",
        since=since,
        since_when=since.removeprefix(state).removeprefix(";").strip(),
        progress=round(run.fraction_done, 4) if run.status in IN_PROGRESS else None,
        model=run.model,
        owner=names.get(run.owner, run.owner) if names and run.owner else wording.NOTHING if names else None,
        started=wording.moment(run.started_at, where),
        started_full=wording.moment_anywhere(run.started_at, where),
        duration=wording.duration(run.work_s or None),
        epochs=_epochs(run),
        validation=validation,
        validation_interval=validation_interval.removesuffix(")"),
        validation_epoch=f"epoch {run.best_epoch}" if run.best_epoch else "",
        accuracy=accuracy,
        interval=interval.removesuffix(")"),
        seed=str(run.seed),
        tags=run.tags,
        pinned=run.pinned,
        archived=run.archived_at is not None,
    )


def run_rows(runs: Sequence[Run], now: float, where: tzinfo, names: Mapping[str, str] | None = None) -> list[RunRow]:
    """A row for each run, in their order."""
    return [run_row(run, now, where, names) for run in runs]


def _epochs(run: Run) -> str:
    """Epochs done of those planned; a finished run that stopped early has done fewer."""
    done = run.epoch if run.status == RunStatus.FINISHED or run.batch == run.batches else max(run.epoch - 1, 0)
    return f"{done}/{run.epochs}"
