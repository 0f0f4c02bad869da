"""How figures of runs, durations and times are written on the command line and in reports."""

from datetime import UTC, datetime

from core.statistics import wording
from core.statistics.intervals import accuracy_interval
from jobs.store.records import INTERRUPTED, QueueState, Run

NOTHING = "-"


def state(run: Run) -> str:
    """The state as a person reads it: a run whose trainer is gone heals itself."""
    return "interrupted, resuming" if run.state == INTERRUPTED else run.state


def model(run: Run) -> str:
    """Its architecture, and whether its answers are those to an image and its mirror image."""
    return f"{run.model}, with test-time flips" if run.answers_with_flips else run.model


def queue_words(queue: QueueState) -> str:
    """The queue in one sentence: "1 run at work on 1 slot, 3 waiting", and whether it is paused."""
    at_work, slots = wording.counted(queue.at_work, "run"), wording.counted(queue.slots, "slot")
    words = f"{at_work} at work on {slots}, {count(queue.queued)} waiting."
    return f"{words} The queue is paused: nothing new starts." if queue.paused else words


def percent(share: float | None) -> str:
    """0.915 -> "91.50 %"; of nothing a dash."""
    return NOTHING if share is None else wording.percent(share)


def accuracy(run: Run) -> str:
    """The test accuracy with its 95 % interval, "91.50 % (90.94 to 92.03)", or a dash."""
    return share_of(run.test_accuracy, run.test_count)


def share_of(share: float | None, count: int | None) -> str:
    """A share of so many images with its 95 % interval, or a dash."""
    if share is None or not count:
        return NOTHING
    low, high = accuracy_interval(round(share * count), count)
    return f"{wording.percent(share)} ({wording.percent_interval(low, high)})"


def best_validation(run: Run) -> str:
    """The validation accuracy of the best epoch and which that was, "91.20 % (90.46 to 91.89), epoch 7"."""
    if run.best_val_accuracy is None:
        return NOTHING
    return f"{share_of(run.best_val_accuracy, validation_count(run))}, epoch {run.best_epoch}"


def validation_count(run: Run) -> int:
    """How many validation images the run has; a fold may have one more."""
    return run.config.validation_images


def difference(value: float | None, low: float | None, high: float | None) -> str:
    """A difference of shares in points with its interval, "+0.42 (-0.10 to +0.94)", or a dash."""
    if value is None or low is None or high is None:
        return NOTHING
    return f"{wording.points(value).removesuffix(' points')} ({wording.points_interval(low, high)})"


def p_value(p: float) -> str:
    """A p as sentences have it, without the letter, for tables: "0.0312", "< 0.0001"."""
    return wording.p_value(p).removeprefix("p ").removeprefix("= ")


def number(value: float | None, places: int = 4) -> str:
    """A loss or the like, or a dash."""
    return NOTHING if value is None else f"{value:.{places}f}"


def count(value: int | None) -> str:
    """54,000, or a dash."""
    return NOTHING if value is None else f"{value:,}"


def setting(value: object) -> str:
    """A value of a config or an environment."""
    if value is None or value in ("", [], ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def duration(seconds: float | None) -> str:
    """3 min 12 s; 1 h 04 min; 12 s; a dash for None."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(timestamp: float | None) -> str:
    """Local date and time to the minute, or a dash."""
    return NOTHING if timestamp is None else datetime.fromtimestamp(timestamp).strftime("%Y-%m-%d %H:%M")


def moment_anywhere(timestamp: float | None) -> str:
    """Date and time to the minute in UTC, for readers in other places, or a dash."""
    return NOTHING if timestamp is None else datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")
