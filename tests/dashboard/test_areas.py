"""Areas of the map: written, read again, and holding the points that lie inside."""

import numpy as np
import pytest

from dashboard.charts import areas

RANDOM = np.random.default_rng(0)
PLACES = RANDOM.random((5000, 2)).astype(np.float32)


def winding_number(corners: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How often the corners run around each place: another way to tell inside from outside."""
    towards = corners[None] - places[:, None]
    angles = np.unwrap(np.arctan2(towards[..., 1], towards[..., 0]), axis=1)
    closing = np.arctan2(towards[:, 0, 1], towards[:, 0, 0]) - angles[:, -1]
    whole = angles[:, -1] - angles[:, 0] + (closing + np.pi) % (2 * np.pi) - np.pi
    return np.rint(whole / (2 * np.pi)).astype(int)


def test_a_box_holds_what_lies_between_its_corners() -> None:
    inside = areas.inside(((200, 300), (700, 400)), PLACES)
    x, y = PLACES.T
    assert np.array_equal(inside, (x > 0.2) & (x < 0.7) & (y > 0.3) & (y < 0.4))
    assert np.array_equal(inside, areas.inside(((700, 400), (200, 300)), PLACES))


def test_a_polygon_holds_what_its_corners_run_around() -> None:
    turns = np.sort(RANDOM.random(17)) * 2 * np.pi
    radii = 120 + 300 * RANDOM.random(17)
    star = np.rint(500 + radii[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])).astype(int)
    area = tuple((int(x), int(y)) for x, y in star)
    expected = winding_number(star / 1000, PLACES.astype(float)) != 0
    assert 0.05 < expected.mean() < 0.6
    assert np.array_equal(areas.inside(area, PLACES), expected)


def test_what_was_written_is_read_again() -> None:
    corners: list[list[float]] = [[120, 30], [400.4, 1000], [999.6, 1004]]
    assert areas.write(corners) == "120-30-400-1000-1000-1000"
    assert areas.parse(areas.write(corners)) == ((120, 30), (400, 1000), (1000, 1000))
    assert areas.write([]) == ""


@pytest.mark.parametrize("text", ["", "1", "1-2", "1-2-3", "a-b-c-d", "1-2-3-1001", "-1-2-3-4", "1--2-3", "1-2-" * 90])
def test_what_is_no_area_is_left_aside(text: str) -> None:
    assert areas.parse(text) is None
