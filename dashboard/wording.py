"""How figures, times and states are written, the same on every page. Pure: no Streamlit."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from os.path import commonprefix
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.statistics import wording
from core.statistics.intervals import accuracy_interval
from core.texts import TURNED
from jobs.store.records import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED, STOPPING, Run, RunCosts, RunName

NOTHING = "–"
LABEL_ROOM = 26
"""Characters of a name in a field of a phone, its id behind it."""
LONGEST_FILE_NAME = 100
_JOINER = "\u200d"


@dataclass(frozen=True)
class StateWords:
    """A state as a person reads it: a sign, a word and one of Streamlit's colour names, so colour is never alone."""

    sign: str
    word: str
    colour: Literal["gray", "blue", "orange", "red", "green"]


STATES = {
    QUEUED: StateWords("◌", "queued", "gray"),
    RUNNING: StateWords("▶", "running", "blue"),
    STOPPING: StateWords("◧", "stopping", "orange"),
    INTERRUPTED: StateWords("↻", "interrupted, resuming", "orange"),
    STOPPED: StateWords("■", "stopped", "gray"),
    FAILED: StateWords("✕", "failed", "red"),
    FINISHED: StateWords("✓", "finished", "green"),
}


def share(value: float | None, places: int = 2) -> str:
    """A share of 1 as per cent: 0.915 -> "91.50 %"; of nothing a dash."""
    return NOTHING if value is None else f"{100 * value:.{places}f} %"


def accuracy(value: float | None, count: int | None = None) -> str:
    """An accuracy with its 95 % interval where the number of images is known: "91.50 % (90.94 to 92.03)"."""
    if value is None or not count:
        return share(value)
    low, high = accuracy_interval(round(value * count), count)
    return f"{share(value)} ({wording.percent_interval(low, high)})"


def test_accuracy(run: Run | RunCosts) -> str:
    """The test accuracy of a run with its interval, or a dash."""
    return accuracy(run.test_accuracy, run.test_count)


def best_validation(run: Run) -> str:
    """The validation accuracy of the best epoch, and which that was: "91.20 % (90.46 to 91.89) at epoch 7"."""
    if run.best_val_accuracy is None:
        return NOTHING
    return f"{validation_accuracy(run)} at epoch {run.best_epoch}"


def validation_accuracy(run: Run) -> str:
    """The validation accuracy of the best epoch with its interval, or a dash."""
    return accuracy(run.best_val_accuracy, validation_count(run))


def validation_count(run: Run) -> int:
    """How many validation images the run has; a fold may have one more."""
    return run.config.validation_images


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points, with its sign: 0.0042 -> "+0.42 points"."""
    return NOTHING if difference is None else wording.points(difference)


def loss(value: float | None) -> str:
    """A cross-entropy in nats, four places."""
    return NOTHING if value is None else f"{value:.4f}"


def number(value: float) -> str:
    """A setting as short as it can be: 0.001, 1e-05, 64."""
    return f"{value:g}"


def count(value: int | None) -> str:
    """A whole number with commas: 54,000."""
    return NOTHING if value is None else f"{value:,}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """A number and its noun: "1 run", "1,200 runs"."""
    return wording.counted(value, noun, plural)


def duration(seconds: float | None) -> str:
    """A span of time in at most two units: "0.4 s", "42 s", "3 min 12 s", "1 h 04 min", "2 d 3 h"."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    seconds = max(0.0, seconds)
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def rough_duration(seconds: float | None) -> str:
    """An estimate: whole minutes, so that it does not look exacter than it is."""
    if seconds is None:
        return NOTHING
    if seconds < 90:
        return "about a minute" if seconds > 30 else "under a minute"
    return f"about {duration(60 * round(seconds / 60)).removesuffix(' 00 s')}"


def ago(then: float | None, now: float) -> str:
    """How long something is past: "3 min ago", "yesterday" is left to the date."""
    if then is None:
        return NOTHING
    passed = max(0.0, now - then)
    if passed < 5:
        return "just now"
    return f"{duration(passed).split(' ')[0]} {duration(passed).split(' ')[1]} ago"


def zone(name: str | None) -> tzinfo:
    """The time zone of that name, UTC if there is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def date(timestamp: float | None, where: tzinfo, now: float | None = None) -> str:
    """A local date and time: "14:05" today, "3 Mar, 14:05" this year, "3 Mar 2025, 14:05" before."""
    if timestamp is None:
        return NOTHING
    local = datetime.fromtimestamp(timestamp, where)
    today = datetime.now(where) if now is None else datetime.fromtimestamp(now, where)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


def full_date(timestamp: float | None, where: tzinfo) -> str:
    """A date to the second with its zone: "3 March 2026, 14:05:09 CET"."""
    if timestamp is None:
        return NOTHING
    local = datetime.fromtimestamp(timestamp, where)
    return f"{local.day} {local:%B %Y, %H:%M:%S %Z}"


def size(count_of_bytes: int) -> str:
    """Bytes in decimal units: "820 B", "44.8 MB"."""
    return wording.size(count_of_bytes)


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
    found: dict[str, str] = {}
    for one, own in by_short.items():
        found |= {own[0]: one} if len(own) == 1 else _told_apart(own, room)
    return found


def _told_apart(names: Sequence[str], room: int) -> dict[str, str]:
    part = _seam(names[0], max(0, len(commonprefix(list(names))) - room // 8), -1)
    found = {name: f"{short(name[:part], room // 4)}{short(name[part:], room)}" for name in names}
    return found if len(set(found.values())) == len(names) else {name: name for name in names}


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
    words = STATES[run.state].word
    if run.state in (QUEUED, RUNNING, STOPPING):
        return f"{words} for {duration(now - run.status_since)}"
    if run.state == INTERRUPTED:
        return f"{words}; last progress {ago(run.progress_at or run.status_since, now)}"
    return f"{words} {ago(run.status_since, now)}"


def progress(run: Run) -> str:
    """Where a run is: "epoch 3 of 20", "epoch 3 of 20, step 120 of 844"."""
    if run.epoch == 0:
        return f"{run.epochs} epochs to go" if run.is_active else f"0 of {run.epochs} epochs"
    where = f"epoch {run.epoch} of {run.epochs}"
    return f"{where}, step {run.batch:,} of {run.batches:,}" if run.is_active and run.batches else where
