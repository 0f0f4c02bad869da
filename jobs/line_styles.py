"""The line style of each run: the same on every page and in every report, and no two alike side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

COLOURS = 7
DASHES = 5
MARKS = 7


@dataclass(frozen=True)
class LineStyle:
    """The places of a run's colour, dash and mark in their lists, so that colour is never alone."""

    colour: int
    dash: int
    mark: int


def line_styles(run_ids: Sequence[str]) -> dict[str, LineStyle]:
    """A style for each run: that of its id, unless two of these runs want the same one.

    Each run has a place of its own by its id; where it is taken, the next free one is used, in the order given.
    """
    taken: dict[int, int] = {}
    styles = {}
    for run_id in dict.fromkeys(run_ids):
        wanted = crc32(run_id.encode()) % COLOURS
        fewest = min(taken.get(place, 0) for place in range(COLOURS))
        steps = ((wanted + step) % COLOURS for step in range(COLOURS))
        place = next(place for place in steps if taken.get(place, 0) == fewest)
        styles[run_id] = LineStyle(place, fewest % DASHES, (place + fewest) % MARKS)
        taken[place] = fewest + 1
    return styles
