"""The short forms of the benchmarks that prove what is promised of runs and of their store."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.data.data_set import DataSet
from tests.benchmarks import chaos, load, statistics
from tests.jobs import crowd

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


def test_no_run_is_lost_and_none_differs_when_everything_is_killed_again_and_again(real_data: DataSet) -> None:
    assert len(real_data.train_labels) == 60_000
    # Ten seconds are promised; the tests share the machine with whatever else it does.
    short = ["--minutes", "0.2", "--runs", "3", "--faults", "9", "--seed", "1", "--longest-lock", "4"]
    assert chaos.main([*short, "--within", "30"]) == 0


def test_eight_writers_and_four_readers_lose_nothing_and_meet_no_lock(database: str, tmp_path: Path) -> None:
    place = crowd.Place(database, tmp_path / "artifacts")
    load.prepare(place, finished=20)
    answers = crowd.at_once(load.WRITERS + load.READERS, partial(load.work, seconds=3), place)
    assert [answer.errors for answer in answers] == [[]] * 12
    written = [answer for answer in answers if answer.writes]
    assert sum(len(answer.seconds) for answer in written) > 0
    assert load.lost_updates(place, written) == 0


def test_comparisons_keep_what_they_promise_as_far_as_a_hundred_simulated_pairs_can_tell() -> None:
    pairs = 100
    chance = 4 * (0.05 * 0.95 / pairs) ** 0.5
    for line in statistics.table(pairs, np.random.default_rng(0)):
        low, high = line.target or (0.0, 1.0)
        assert low - chance <= line.share <= high + chance, line.what
