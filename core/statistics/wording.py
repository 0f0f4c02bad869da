"""How figures, durations and dates are written: the same on pages, on the command line and in reports.

Shares go from 0 to 1 and are written in per cent; differences of shares are written in percentage points with sign.
What is not known is a dash.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from core.statistics.intervals import accuracy_interval

NOTHING = "–"


def percent(share: float | None, places: int = 2) -> str:
    """0.9123 -> "91.23 %"."""
    return NOTHING if share is None else f"{100 * share:.{places}f} %"


def percent_interval(low: float, high: float) -> str:
    """(0.9094, 0.9203) -> "90.94 to 92.03"."""
    return f"{100 * low:.2f} to {100 * high:.2f}"


def share_of(share: float | None, count: int | None) -> str:
    """A share of so many images with its 95 % interval: (0.915, 10000) -> "91.50 % (90.94 to 92.03)"."""
    if share is None or not count:
        return percent(share)
    return f"{percent(share)} ({percent_interval(*accuracy_interval(round(share * count), count))})"


def points(difference: float | None) -> str:
    """0.011 -> "+1.10 points"."""
    return NOTHING if difference is None else f"{_signed(difference)} points"


def points_interval(low: float, high: float) -> str:
    """(-0.0015, 0.0055) -> "-0.15 to +0.55"."""
    return f"{_signed(low)} to {_signed(high)}"


def difference(value: float | None, low: float | None, high: float | None) -> str:
    """A difference with its 95 % interval, for columns that say "points": "+0.42 (-0.10 to +0.94)"."""
    if value is None or low is None or high is None:
        return NOTHING
    return f"{_signed(value)} ({points_interval(low, high)})"


def p_value(p: float | None) -> str:
    """A p value for columns that say so: 0.00003 -> "< 0.0001", 0.0312 -> "0.0312", 0.274 -> "0.27"."""
    if p is None:
        return NOTHING
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.4f}"


def p_stated(p: float) -> str:
    """A p value for sentences: "p < 0.0001", "p = 0.0312"."""
    return f"p {p_value(p)}" if p < 0.0001 else f"p = {p_value(p)}"


def number(value: float | None, places: int = 4) -> str:
    """A loss or the like: 0.2513."""
    return NOTHING if value is None else f"{value:.{places}f}"


def count(value: int | None) -> str:
    """54000 -> "54,000"."""
    return NOTHING if value is None else f"{value:,}"


def counted(n: int, noun: str, plural: str = "") -> str:
    """(1, "seed") -> "1 seed", (10000, "image") -> "10,000 images"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def these(n: int, noun: str) -> str:
    """(1, "image") -> "this 1 image", (10000, "image") -> "these 10,000 images"."""
    return f"{'this' if n == 1 else 'these'} {counted(n, noun)}"


def listed(items: Sequence[str], at_most: int) -> str:
    """("a", "b", "c") of which at most 2 are named -> "a, b and 1 more"."""
    rest = len(items) - at_most
    return ", ".join(items[:at_most]) + (f" and {rest} more" if rest > 0 else "")


def setting(value: object) -> str:
    """A value of a config or an environment: "yes", "none", "1e-05", "0.9, 0.999"."""
    if value is None or value in ("", [], ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def size(count_of_bytes: int) -> str:
    """Bytes in decimal units: "820 B", "44.8 MB"."""
    value = float(count_of_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def duration(seconds: float | None) -> str:
    """A span of time in at most two units: "0.4 s", "42 s", "3 min 12 s", "1 h 04 min", "2 d 3 h"."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 1:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def rough_duration(seconds: float | None) -> str:
    """An estimate in whole minutes, so that it does not look more exact than it is: "about 14 min"."""
    if seconds is None:
        return NOTHING
    if seconds < 90:
        return "about a minute" if seconds > 30 else "under a minute"
    return f"about {duration(60 * round(seconds / 60)).removesuffix(' 00 s')}"


def moment(timestamp: float | None, zone: tzinfo | None = None) -> str:
    """A date and time to the minute, "2026-03-14 14:05", in the zone of this machine unless another is given."""
    return NOTHING if timestamp is None else f"{datetime.fromtimestamp(timestamp, zone):%Y-%m-%d %H:%M}"


def moment_anywhere(timestamp: float | None, zone: tzinfo = UTC) -> str:
    """The same with its zone, for readers in other places: "2026-03-14 14:05 UTC"."""
    return NOTHING if timestamp is None else f"{datetime.fromtimestamp(timestamp, zone):%Y-%m-%d %H:%M %Z}"


def _signed(difference: float) -> str:
    rounded = round(100 * difference, 2)
    return f"{rounded + 0.0:+.2f}" if rounded else "0.00"
