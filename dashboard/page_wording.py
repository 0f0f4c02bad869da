"""How pages alone write and mark runs, their states and names. Pure: no Streamlit."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from os.path import commonprefix
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.statistics import wording
from core.texts import TURNED
from jobs.results import run_wording
from jobs.store.records import ReviewState, Run, RunName, RunStatus

LABEL_ROOM = 26
"""Characters of a name in a field of a phone, its id behind it."""
LONGEST_FILE_NAME = 100
_JOINER = "\u200d"


@dataclass(frozen=True)
class StateLook:
    """A sign for a state and one of Streamlit's colour names; the word stands beside them, so colour is never alone."""

    sign: str
    colour: Literal["gray", "blue", "orange", "red", "green"]


STATE_LOOKS = {
    RunStatus.QUEUED: StateLook("◌", "gray"),
    RunStatus.RUNNING: StateLook("▶", "blue"),
    RunStatus.STOPPING: StateLook("◧", "orange"),
    RunStatus.INTERRUPTED: StateLook("↻", "orange"),
    RunStatus.STOPPED: StateLook("■", "gray"),
    RunStatus.FAILED: StateLook("✕", "red"),
    RunStatus.FINISHED: StateLook("✓", "green"),
}
REVIEW_LOOKS = {
    ReviewState.ASKED: StateLook("◇", "blue"),
    ReviewState.ACCEPTED: StateLook("◆", "green"),
    ReviewState.NEEDS_WORK: StateLook("△", "orange"),
}


def ago(then: float | None, now: float) -> str:
    """How long something is past, in one unit: "just now", "3 min ago"."""
    if then is None:
        return wording.NOTHING
    passed = max(0.0, now - then)
    return "just now" if passed < 5 else f"{' '.join(wording.duration(passed).split(' ')[:2])} ago"


def zone(name: str | None) -> tzinfo:
    """The time zone of that name, UTC if there is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def file_name(*parts: str) -> str:
    """A name for a file to take along, safe on every system: ("loss", "cnn seed 0") -> "lookbook-loss-cnn-seed-0"."""
    words = re.sub(r"[^a-z0-9]+", "-", "-".join(("lookbook", *parts)).lower()).strip("-")
    # The end has the ids.
    return words if len(words) <= LONGEST_FILE_NAME else f"{words[:60]}-{words[61 - LONGEST_FILE_NAME :]}"


def short(name: str, room: int) -> str:
    """A name in so many characters at most: its beginning and its end, since long names are often told apart by it."""
    if len(name) <= room:
        return name
    half = room // 2
    return f"{name[: _seam(name, half, -1)]}…{name[_seam(name, len(name) - (room - half - 1), 1) :]}"


def shortened(names: Iterable[str], room: int) -> dict[str, str]:
    """Names that stand beside each other, each made short; those that would look alike from where they part."""
    by_short: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        by_short.setdefault(short(name, room), []).append(name)
    brief: dict[str, str] = {}
    for shared, alike in by_short.items():
        brief |= {alike[0]: shared} if len(alike) == 1 else _told_apart(alike, room)
    return brief


def _told_apart(names: Sequence[str], room: int) -> dict[str, str]:
    part = _seam(names[0], max(0, len(commonprefix(list(names))) - room // 8), -1)
    brief = {name: f"{short(name[:part], room // 4)}{short(name[part:], room)}" for name in names}
    return brief if len(set(brief.values())) == len(names) else {name: name for name in names}


def _seam(name: str, at: int, step: int) -> int:
    """The nearest place that parts no sign from what belongs to it."""
    while 0 < at < len(name) and (_joins(name[at]) or name[at - 1] == _JOINER):
        at += step
    return at


def _joins(letter: str) -> bool:
    return letter == _JOINER or unicodedata.category(letter) in ("Mn", "Me") or "\U0001f3fb" <= letter <= "\U0001f3ff"


def run_label(run: Run | RunName) -> str:
    """A run's name, short as a field has room for it, with its id so that two of one name can be told apart."""
    return f"{label(run.name)} · {run.id}"


def label(name: str) -> str:
    """A name before other words in a field or a list, where there are no elements that could keep it apart."""
    return f"\u2068{short(name, LABEL_ROOM)}\u2069" if TURNED.search(name) else short(name, LABEL_ROOM)


def status(run: Run, now: float) -> str:
    """The state in words and since when: "running for 3 min", "stopped 2 h ago"."""
    words = run_wording.state(run)
    if run.state in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.STOPPING):
        return f"{words} for {wording.duration(now - run.status_since)}"
    if run.state == RunStatus.INTERRUPTED:
        return f"{words}; last progress {ago(run.progress_at or run.status_since, now)}"
    return f"{words} {ago(run.status_since, now)}"


def progress(run: Run) -> str:
    """Where a run is: "epoch 3 of 20", "epoch 3 of 20, step 120 of 844"."""
    if run.epoch == 0:
        return f"{run.epochs} epochs to go" if run.is_active else f"0 of {run.epochs} epochs"
    where = f"epoch {run.epoch} of {run.epochs}"
    return f"{where}, step {run.batch:,} of {run.batches:,}" if run.is_active and run.batches else where
