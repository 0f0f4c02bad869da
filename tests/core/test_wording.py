"""How core.statistics.wording writes figures."""

from core.statistics import wording


def test_shares_differences_and_probabilities_are_written_alike_everywhere():
    assert wording.percent(0.915) == "91.50 %"
    assert wording.percent_interval(0.9094, 0.9203) == "90.94 to 92.03"
    assert wording.points(-0.0123) == "-1.23 points"
    assert wording.points_interval(-0.0015, 0.0055) == "-0.15 to +0.55"
    assert [wording.p_value(p) for p in (0.00003, 0.0312, 0.274)] == ["p < 0.0001", "p = 0.0312", "p = 0.27"]


def test_a_difference_that_rounds_to_nothing_has_no_sign():
    assert wording.points(-0.000004) == wording.points(0.0) == "0.00 points"


def test_counts_agree_with_their_noun():
    assert wording.counted(1, "image") == "1 image"
    assert wording.counted(2, "class", "classes") == "2 classes"
    assert wording.these(10_000, "image") == "these 10,000 images"
    assert wording.these(1, "image") == "this 1 image"


def test_long_lists_name_the_first_and_count_the_rest():
    assert wording.listed(("a", "b", "c"), 2) == "a, b and 1 more"
    assert wording.listed(("a", "b"), 2) == "a, b"
