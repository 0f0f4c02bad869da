"""The tables of labelled photos: intervals over sources, folds of sources, sets by the photos of other sources."""

import numpy as np
import pytest

from core.statistics.conformal import class_sets, set_threshold
from core.statistics.intervals import accuracy_interval
from tests.benchmarks.photo_tables import (
    Answers,
    by_source,
    folds_of,
    print_sets,
    sets_by_other_sources,
    share_interval,
    sources_of,
)


def test_photos_of_many_sources_have_the_interval_of_a_mean_over_sources() -> None:
    random = np.random.default_rng(1)
    shares = random.beta(6, 3, 200)
    sources = np.repeat(np.arange(200), 10)
    hits = random.random(2000) < np.repeat(shares, 10)
    means = hits.reshape(200, 10).mean(axis=1)
    reach = 1.96 * means.std() / np.sqrt(200)
    low, high = share_interval(hits, sources)
    assert (low, high) == pytest.approx((hits.mean() - reach, hits.mean() + reach), abs=0.005)
    assert high - low > 1.2 * np.diff(accuracy_interval(int(hits.sum()), 2000))[0]


def test_sources_whose_photos_are_all_alike_count_as_single_photos() -> None:
    hits = np.repeat(np.arange(40) % 4 > 0, 25)
    low, high = share_interval(hits, np.repeat(np.arange(40), 25))
    assert (low, high) == pytest.approx(accuracy_interval(30, 40), abs=0.03)
    assert share_interval(hits, np.repeat(np.arange(40), 25)) == (low, high)


@pytest.mark.parametrize("sources", [None, np.zeros(8, dtype=int)])
def test_without_sources_and_of_a_single_source_the_interval_is_over_photos(sources: np.ndarray | None) -> None:
    assert share_interval(np.arange(8) < 5, sources) == accuracy_interval(5, 8)


def test_photos_that_are_all_right_have_an_interval_none_the_less() -> None:
    assert share_interval(np.ones(8, bool), np.arange(8)) == accuracy_interval(8, 8)


def test_no_source_is_in_two_folds_and_folds_are_as_even_as_sources_allow() -> None:
    sources = np.repeat(np.arange(12), [40, 9, 9, 9, 9, 5, 5, 4, 4, 3, 2, 1])
    folds = folds_of(sources)
    assert all(len(set(folds[sources == source])) == 1 for source in range(12))
    assert np.bincount(folds).tolist() == [40, 15, 14, 16, 15]


def test_small_sources_stand_together_and_no_photo_is_lost() -> None:
    sources = np.repeat(["tiny", "large", "small", "medium"], [1, 30, 9, 10])
    groups = by_source(sources)
    assert list(groups) == ["large", "medium", "2 other sources"]
    assert [int(members.sum()) for members in groups.values()] == [30, 10, 10]


def test_sources_are_known_only_where_every_photo_has_one() -> None:
    assert sources_of([{"repo": "a"}, {"repo": ""}]) is None
    assert sources_of([{}]) is None


def answers_of_two_sources() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels (n,) and probabilities (n, 3) of 60 photos that are easy and 60 that are not, and their sources."""
    sources = np.repeat(["easy", "hard"], 60)
    truth = np.where(sources == "easy", 0.8, 0.3) + np.random.default_rng(0).uniform(-0.1, 0.1, 120)
    return np.zeros(120, dtype=int), np.stack([truth, 0.6 * (1 - truth), 0.4 * (1 - truth)], axis=1), sources


def test_the_sets_of_a_source_come_from_the_photos_of_all_others() -> None:
    labels, shares, sources = answers_of_two_sources()
    sets = sets_by_other_sources(labels, shares, sources)
    assert sets is not None
    for source, other in (("easy", "hard"), ("hard", "easy")):
        threshold = set_threshold(labels[sources == other], shares[sources == other], 0.9)
        assert threshold is not None
        assert np.array_equal(sets[sources == source], class_sets(shares[sources == source], threshold))
    assert sets_by_other_sources(labels[20:], shares[20:], sources[20:]) is None


def test_coverage_and_classes_of_sets_are_told_by_source(capsys: pytest.CaptureFixture[str]) -> None:
    labels, shares, sources = answers_of_two_sources()
    sets = sets_by_other_sources(labels, shares, sources)
    assert sets is not None
    print_sets(Answers(labels, sources, {"ours": shares}, np.array([""] * 120), {"x": sets}), by_source(sources), "by")
    _, head, easy, hard = capsys.readouterr().out.splitlines()
    assert head.split()[-4:] == ["x", "classes", "n", "sources"]
    covered = 100 * sets[60:, 0].mean()
    assert hard.split()[:2] == ["hard", f"{covered:.1f}"]
    assert hard.split()[-3:] == [f"{sets[60:].sum(axis=1).mean():.2f}", "60", "1"]
    assert easy.split()[1] == "100.0"
