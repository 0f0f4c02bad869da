"""Areas of the map of test images: how they are written in the URL, and which points lie inside. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dashboard.whole_numbers import whole_number

SCALE = 1000
"""In the URL places are whole numbers from 0 to this."""

MOST_CORNERS = 60

Area = tuple[tuple[int, int], ...]
"""The corners of a polygon, in thousandths of the map; a box is written by two opposite ones."""


def parse(text: str) -> Area | None:
    """The area written as "x-y-x-y...": two corners of a box, or three and more of a polygon. None if it is neither."""
    values = [value for part in text.split("-") if (value := whole_number(part)) is not None and value <= SCALE]
    if len(values) != text.count("-") + 1 or len(values) % 2:
        return None
    corners = tuple(zip(values[::2], values[1::2], strict=True))
    return corners if 2 <= len(corners) <= MOST_CORNERS else None


def write(corners: Sequence[Sequence[float]]) -> str:
    """Corners (x, y) as they are written in the URL."""
    return "-".join(str(min(max(round(value), 0), SCALE)) for corner in corners for value in corner)


def outline(area: Area) -> Area:
    """The corners of the polygon, also of a box."""
    if len(area) > 2:
        return area
    (left, top), (right, bottom) = area
    return (left, top), (right, top), (right, bottom), (left, bottom)


def inside(area: Area, places: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which places (n, 2), 0 to 1, lie within an area: (n,). By the parity of the sides to the right of each."""
    corners = np.array(outline(area), dtype=float) / SCALE
    x, y = places[:, 0, None], places[:, 1, None]
    (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return np.asarray((crosses & beyond).sum(axis=1) % 2 == 1)
