"""How figures, times and states are written."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard import wording
from jobs.results.wording import queue_words
from jobs.store import queries
from jobs.store.records import QueueState
from tests import stores
from tests.stores import Sample

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC).timestamp()


def test_an_accuracy_carries_its_wilson_interval():
    assert wording.accuracy(0.915, 10_000) == "91.50 % (90.94 to 92.03)"
    assert wording.accuracy(0.915) == "91.50 %"
    assert wording.accuracy(None, 10_000) == "–"


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
        (None, "–"),
        (float("inf"), "–"),
        (-3, "0.0 s"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds, written):
    assert wording.duration(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(20, "under a minute"), (80, "about a minute"), (840, "about 14 min"), (7_000, "about 1 h 57 min")],
)
def test_an_estimate_does_not_look_exact(seconds, written):
    assert wording.rough_duration(seconds) == written


@pytest.mark.parametrize(
    ("then", "written"),
    [
        (NOON - 60, "12:59"),
        (NOON - 86_400, "13 Mar, 13:00"),
        (NOON - 400 * 86_400, "7 Feb 2025, 13:00"),
        (None, "–"),
    ],
)
def test_a_date_is_local_and_as_short_as_it_can_be(then, written):
    assert wording.date(then, wording.zone("Europe/Berlin"), NOON) == written


def test_a_full_date_names_its_zone():
    assert wording.full_date(NOON, wording.zone("Europe/Berlin")) == "14 March 2026, 13:00:00 CET"


@pytest.mark.parametrize("name", [None, "", "No/Such_Zone", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_utc(name):
    assert wording.zone(name) == UTC


def test_sizes_are_in_decimal_units():
    assert [wording.size(n) for n in (0, 999, 44_800_000, 3_100_000_000_000)] == ["0 B", "999 B", "44.8 MB", "3.1 TB"]


def test_how_long_ago_has_one_unit():
    assert wording.ago(NOON - 2, NOON) == "just now"
    assert wording.ago(NOON - 192, NOON) == "3 min ago"
    assert wording.ago(NOON + 50, NOON) == "just now"


def test_a_state_says_since_when(store):
    run = queries.get_run(store, stores.add(store, Sample(status="running", epochs_done=2, created_at=NOON)))
    alive = replace(run, alive=True, status_since=NOON)
    assert wording.status(alive, NOON + 192) == "running for 3 min 12 s"
    assert wording.status(replace(alive, alive=False, progress_at=NOON), NOON + 60).startswith("interrupted, resuming")
    assert wording.status(replace(alive, status="stopped"), NOON + 7_300) == "stopped 2 h ago"
    assert wording.progress(alive) == "epoch 3 of 20, step 300 of 844"


def test_a_paused_queue_is_said():
    assert "paused" in queue_words(QueueState(queued=2, at_work=1, slots=1, paused=True, supervised=True))
