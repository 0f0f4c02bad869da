"""How pages write states and times, and that page, command line and reports write the same."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import page_wording
from dashboard.tables.run_rows import run_row
from jobs.cli import main
from jobs.results import run_wording
from jobs.store import queries
from jobs.store.records import QueueState, RunStatus
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage
from tests.stores import Sample

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("name", [None, "", "No/Such_Zone", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_utc(name: str | None) -> None:
    assert page_wording.zone(name) == UTC


def test_how_long_ago_has_one_unit() -> None:
    assert page_wording.ago(NOON - 2, NOON) == "just now"
    assert page_wording.ago(NOON - 192, NOON) == "3 min ago"
    assert page_wording.ago(NOON + 50, NOON) == "just now"


def test_a_state_says_since_when(store: Store) -> None:
    run = queries.get_run(store, stores.add(store, Sample(status="running", epochs_done=2, created_at=NOON)))
    alive = replace(run, alive=True, status_since=NOON)
    assert page_wording.status(alive, NOON + 192) == "running for 3 min 12 s"
    gone = replace(alive, alive=False, progress_at=NOON)
    assert page_wording.status(gone, NOON + 60).startswith("interrupted, resuming")
    assert page_wording.status(replace(alive, status=RunStatus.STOPPED), NOON + 7_300) == "stopped 2 h ago"
    assert page_wording.progress(alive) == "epoch 3 of 20, step 300 of 844"


def test_a_paused_queue_is_said() -> None:
    assert "paused" in run_wording.queue_words(QueueState(queued=2, at_work=1, slots=1, paused=True, supervised=True))


@pytest.fixture
def day_long(store: Store) -> list[str]:
    """A run and one to hold it against; what is recorded of it is known, and its test loss is missing."""
    reached = {"test_accuracy": 0.915, "test_count": 10_000, "best_val_accuracy": 0.912, "best_epoch": 7}
    columns = {**reached, "work_s": 93_800.0, "test_loss": None}
    return [stores.add(store, Sample(seed=seed, columns=columns)) for seed in range(2)]


def on_the_page_compare(ids: list[str], open_page: Callable[..., AppTest], _capsys: pytest.CaptureFixture[str]) -> str:
    tables = (element.value for element in open_page("compare", run=ids).table)
    return "\n".join(f"{name} {cells}" for table in tables for name, cells in table.iloc[:, 0].items())


def in_show(ids: list[str], _open_page: OpenPage, capsys: pytest.CaptureFixture[str]) -> str:
    main(["show", ids[0]])
    return capsys.readouterr().out


def in_the_report_of_the_run(ids: list[str], _open_page: OpenPage, capsys: pytest.CaptureFixture[str]) -> str:
    main(["report", ids[0], "--format", "md", "-o", "-"])
    return capsys.readouterr().out


def in_the_report_of_the_comparison(ids: list[str], _open_page: OpenPage, capsys: pytest.CaptureFixture[str]) -> str:
    main(["report", *ids, "--format", "md", "-o", "-"])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "rendered", [on_the_page_compare, in_show, in_the_report_of_the_run, in_the_report_of_the_comparison]
)
def test_a_run_is_written_in_the_same_words_wherever_it_is_shown(
    rendered: Callable[[list[str], OpenPage, pytest.CaptureFixture[str]], str],
    day_long: list[str],
    open_page: OpenPage,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = rendered(day_long, open_page, capsys)
    assert "1 d 2 h" in text
    assert "91.50 % (90.94 to 92.03)" in text
    assert "91.20 % (90.46 to 91.89) at epoch 7" in text
    assert "–" in text or rendered is in_show  # which leaves out what is not known
    assert not re.search(r"[|:] -( |$)", text, re.MULTILINE)


def test_a_row_of_the_runs_page_and_a_line_of_the_list_have_the_same_words(
    store: Store, day_long: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["list"])
    printed = capsys.readouterr().out
    row = run_row(queries.get_run(store, day_long[0]), NOON, UTC)
    for words in (row.duration, f"{row.validation} ({row.validation_interval}) at {row.validation_epoch}", row.state):
        assert words in printed
    assert f"{row.accuracy} ({row.interval})" in printed
