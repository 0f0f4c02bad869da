"""Axes, lines and marks as SVG; colours come from classes of report.css, so that one drawing suits light and dark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from jobs.line_styles import line_styles

WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 44
Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """How a line is drawn, never by colour alone: the names of its colour and dash, and which mark it has."""

    colour: str
    dash: str
    mark: int


QUIET = Look("quiet", "dash1", 0)


def looks(run_ids: Sequence[str]) -> dict[str, Look]:
    """The look of each run, which is that of the dashboard."""
    return {
        run_id: Look(f"run{line.colour}", f"dash{line.dash}", line.mark)
        for run_id, line in line_styles(run_ids).items()
    }


@dataclass(frozen=True)
class Frame:
    """Where values lie in a drawing: the range of x and y, and its size."""

    x: tuple[float, float]
    y: tuple[float, float]
    height: int = HEIGHT
    left: int = LEFT

    def across(self, value: float) -> float:
        """Pixels from the left of a value of x."""
        return self.left + (WIDTH - RIGHT - self.left) * (value - self.x[0]) / (self.x[1] - self.x[0])

    def down(self, value: float) -> float:
        """Pixels from the top of a value of y."""
        return self.height - BOTTOM - (self.height - BOTTOM - TOP) * (value - self.y[0]) / (self.y[1] - self.y[0])


def drawing(parts: Sequence[str], height: int = HEIGHT) -> str:
    """The whole SVG."""
    return f'<svg viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{"".join(parts)}</svg>'


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) from low to high, about so many."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10 ** math.floor(math.log10(span / about))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= about + 1.5)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def room_around(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds the values with some room; one of its own where they are all the same or none."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or abs(low) * 0.05 or 0.05
    return low - room, high + room


def y_axis(frame: Frame, form: Callable[[float], str], title: str = "") -> str:
    """Grid lines with their values, and what they are at the top."""
    parts = []
    for value in ticks(*frame.y):
        y = frame.down(value)
        parts.append(f'<line class="grid" x1="{frame.left}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end">{form(value)}</text>')
    if title:
        middle = (TOP + frame.height - BOTTOM) / 2
        parts.append(f'<text transform="translate(12 {middle:.0f}) rotate(-90)" text-anchor="middle">{title}</text>')
    return "".join(parts)


def x_axis(frame: Frame, values: Sequence[float], form: Callable[[float], str], title: str) -> str:
    """Values below the drawing, and what they are."""
    bottom = frame.height - BOTTOM
    parts = [f'<line class="grid" x1="{frame.left}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>']
    for value in values:
        parts.append(f'<text x="{frame.across(value):.1f}" y="{bottom + 18}" text-anchor="middle">{form(value)}</text>')
    middle = (frame.left + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{frame.height - 6}" text-anchor="middle">{escape(title)}</text>')
    return "".join(parts)


def line(points: Sequence[Point], drawn: Look) -> str:
    """A line through points given in pixels."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="drawn {drawn.colour} {drawn.dash}" points="{path}"/>'


def reach(start: Point, end: Point, drawn: Look) -> str:
    """A bar from one end of an interval to the other, in pixels."""
    return (
        f'<line class="reach {drawn.colour}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" '
        f'x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'
    )


def mark(at: Point, drawn: Look, size: float = 4, kind: str = "") -> str:
    """Circle, square, diamond, triangle, cross or star at a point in pixels; `kind` may be "open" or "best"."""
    x, y = at
    classes = f"mark {drawn.colour} {kind}".strip()
    if drawn.mark == 0:
        return f'<circle class="{classes}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}"/>'
    corners = _CORNERS[drawn.mark]
    path = " ".join(f"{x + size * right:.1f},{y + size * below:.1f}" for right, below in corners)
    return f'<polygon class="{classes}" points="{path}"/>'


_CORNERS: dict[int, tuple[Point, ...]] = {
    1: ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    2: ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    3: ((0, -1.25), (1.2, 0.9), (-1.2, 0.9)),
    4: (
        *((0, -0.45), (0.7, -1.15), (1.15, -0.7), (0.45, 0), (1.15, 0.7), (0.7, 1.15)),
        *((0, 0.45), (-0.7, 1.15), (-1.15, 0.7), (-0.45, 0), (-1.15, -0.7), (-0.7, -1.15)),
    ),
    5: tuple(
        (radius * math.sin(turn * math.pi / 5), -radius * math.cos(turn * math.pi / 5))
        for turn, radius in enumerate((1.4, 0.6) * 5)
    ),
    6: ((0, 1.25), (1.2, -0.9), (-1.2, -0.9)),
}


def sign(drawn: Look, *, marked: bool = True) -> str:
    """A piece of the line with its mark, for a legend."""
    parts = line([(0, 7), (34, 7)], drawn) + (mark((17, 7), drawn) if marked else "")
    return f'<svg viewBox="0 0 34 14" aria-hidden="true">{parts}</svg>'
