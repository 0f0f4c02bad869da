"""How figures are written in sentences, the same on every page, in reports and on the command line.

Shares go from 0 to 1 and are written in per cent; differences of shares are written in percentage points with sign.
"""

from collections.abc import Sequence

from core.statistics.intervals import accuracy_interval


def percent(share: float) -> str:
    """0.9123 -> "91.23 %"."""
    return f"{100 * share:.2f} %"


def percent_interval(low: float, high: float) -> str:
    """(0.9094, 0.9203) -> "90.94 to 92.03"."""
    return f"{100 * low:.2f} to {100 * high:.2f}"


def accuracy(right: int, n: int) -> str:
    """An accuracy with its 95 % interval: (9150, 10000) -> "91.50 % (90.94 to 92.03)"."""
    return f"{percent(right / n)} ({percent_interval(*accuracy_interval(right, n))})"


def points(difference: float) -> str:
    """0.011 -> "+1.10 points"."""
    return f"{_signed(difference)} points"


def points_interval(low: float, high: float) -> str:
    """(-0.0015, 0.0055) -> "-0.15 to +0.55"."""
    return f"{_signed(low)} to {_signed(high)}"


def p_value(p: float) -> str:
    """0.00003 -> "p < 0.0001", 0.0312 -> "p = 0.0312", 0.274 -> "p = 0.27"."""
    if p < 0.0001:
        return "p < 0.0001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.4f}"


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


def size(count_of_bytes: int) -> str:
    """Bytes in decimal units: "820 B", "44.8 MB"."""
    value = float(count_of_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _signed(difference: float) -> str:
    rounded = round(100 * difference, 2)
    return f"{rounded + 0.0:+.2f}" if rounded else "0.00"
