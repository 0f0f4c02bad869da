"""How core.statistics.wording writes figures."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.statistics import wording

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC).timestamp()


def test_shares_differences_and_probabilities_are_written_alike_everywhere() -> None:
    assert wording.percent(0.915) == "91.50 %"
    assert wording.percent_interval(0.9094, 0.9203) == "90.94 to 92.03"
    assert wording.points(-0.0123) == "-1.23 points"
    assert wording.points_interval(-0.0015, 0.0055) == "-0.15 to +0.55"
    assert [wording.p_value(p) for p in (0.00003, 0.0312, 0.274)] == ["< 0.0001", "0.0312", "0.27"]
    assert [wording.p_stated(p) for p in (0.00003, 0.0312)] == ["p < 0.0001", "p = 0.0312"]
    assert wording.difference(0.0042, -0.001, 0.0094) == "+0.42 (-0.10 to +0.94)"
    assert wording.difference(0.0042, None, None) == wording.NOTHING


def test_a_share_of_a_known_number_of_images_carries_its_wilson_interval() -> None:
    assert wording.share_of(0.915, 10_000) == "91.50 % (90.94 to 92.03)"
    assert wording.share_of(0.915, None) == "91.50 %"


def test_what_is_not_known_is_a_dash_whatever_it_would_be() -> None:
    written = [
        *(wording.percent(None), wording.share_of(None, 10_000), wording.points(None), wording.p_value(None)),
        *(wording.difference(None, None, None), wording.number(None), wording.count(None)),
        *(wording.duration(None), wording.duration(float("inf")), wording.rough_duration(None)),
        *(wording.moment(None), wording.moment_anywhere(None)),
    ]
    assert set(written) == {wording.NOTHING}


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert wording.points(-0.000004) == wording.points(0.0) == "0.00 points"


def test_counts_agree_with_their_noun() -> None:
    assert wording.counted(1, "image") == "1 image"
    assert wording.counted(2, "class", "classes") == "2 classes"
    assert wording.these(10_000, "image") == "these 10,000 images"
    assert wording.these(1, "image") == "this 1 image"


def test_long_lists_name_the_first_and_count_the_rest() -> None:
    assert wording.listed(("a", "b", "c"), 2) == "a, b and 1 more"
    assert wording.listed(("a", "b"), 2) == "a, b"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (192, "3 min 12 s"),
        (3_840, "1 h 04 min"),
        (184_000, "2 d 3 h"),
        (-3, "0.0 s"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, written: str) -> None:
    assert wording.duration(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(20, "under a minute"), (80, "about a minute"), (840, "about 14 min"), (7_000, "about 1 h 57 min")],
)
def test_an_estimate_does_not_look_exact(seconds: float, written: str) -> None:
    assert wording.rough_duration(seconds) == written


def test_a_date_is_written_to_the_minute_and_with_its_zone_for_readers_elsewhere() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert wording.moment(NOON, berlin) == "2026-03-14 13:00"
    assert wording.moment_anywhere(NOON) == "2026-03-14 12:00 UTC"
    assert wording.moment_anywhere(NOON, berlin) == "2026-03-14 13:00 CET"


def test_sizes_are_in_decimal_units() -> None:
    assert [wording.size(n) for n in (0, 999, 44_800_000, 3_100_000_000_000)] == ["0 B", "999 B", "44.8 MB", "3.1 TB"]
