"""On a cluster the pages say which machine does what, and why a run waits; names of machines are for admins."""

import pytest
from streamlit.testing.v1 import AppTest

from core.presets import config_of
from jobs.machines.shared_folder import write_mark
from jobs.people import Role
from jobs.running import queue
from jobs.running.attempts import report_start
from jobs.settings import settings
from jobs.store import queue_settings
from jobs.store.store import Store
from jobs.supervising import cluster_claims
from tests.colleagues import BEN
from tests.dashboard.app import OpenPage, texts
from tests.dashboard.test_launch_page import facts
from tests.dashboard.visitors import look_as, team
from tests.jobs.configs import TINY
from tests.jobs.leased import MACHINE, report

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def on_cluster(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_RAY_ADDRESS", "http://127.0.0.1:9")
    monkeypatch.setenv("LOOKBOOK_SUPERVISOR_HERE", "no")
    settings.cache_clear()
    store.artifacts.mkdir(exist_ok=True)


def read_on(app: AppTest) -> str:
    """What a person reads on a page."""
    return texts(app).replace("\\", "")


def report_well(store: Store) -> None:
    report(store, mark=write_mark(store, MACHINE), cpu_slots=1)


def start_one(store: Store) -> str:
    report_well(store)
    run_id = queue.launch(store, TINY, "the first")
    place = cluster_claims.next_place(store, [MACHINE])
    assert place is not None
    attempt = cluster_claims.claim(store, place, [MACHINE])
    assert attempt is not None
    report_start(attempt, 4711, {}, [], None, 5)
    return run_id


def test_the_queue_says_which_machine_works_and_why_others_wait(store: Store, open_page: OpenPage) -> None:
    start_one(store)
    queue.launch(store, TINY, "the second")
    queue.launch(store, config_of("cnn", device="cuda"), "the third")
    app = open_page("runs")
    read = read_on(app)
    assert f"on {MACHINE}" in read
    assert "waits for a slot: all are taken" in read
    assert "needs a GPU: no machine has one" in read
    assert "1 machine with 1 slot." in read
    (table,) = [frame.value for frame in app.dataframe if "Busy cores" in frame.value]
    assert table["Runs"].tolist() == ["the first"]


def test_a_run_says_on_its_page_where_it_works_or_why_it_waits(store: Store, open_page: OpenPage) -> None:
    first = start_one(store)
    second = queue.launch(store, TINY, "the second")
    assert f"on {MACHINE}" in read_on(open_page("runs", run=first))
    assert "It waits for a slot: all are taken." in read_on(open_page("runs", run=second))


def test_who_is_no_admin_sees_how_many_machines_there_are_and_no_names(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_one(store)
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    read = read_on(open_page("runs"))
    assert "1 machine with 1 slot." in read
    assert MACHINE not in read
    assert "Busy cores" not in read


def test_before_a_launch_it_is_said_where_the_run_would_begin_or_why_it_would_wait(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "position 1 in the queue; waits for a machine: none of the cluster is there" in facts(open_page("launch"))
    report_well(store)
    assert f"starts immediately on {MACHINE}" in facts(open_page("launch"))
    start_one(store)
    read = facts(open_page("launch"))
    assert "position 1 in the queue; waits for a slot: all are taken" in read
    assert "of this machine" not in read
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    assert MACHINE not in facts(open_page("launch"))


def test_without_a_machine_the_page_says_how_to_start_one(store: Store, open_page: OpenPage) -> None:
    queue.launch(store, TINY)
    read = read_on(open_page("runs"))
    assert "No machine of the cluster is there" in read
    assert "none of the cluster is there" in read


def test_a_head_that_does_not_answer_is_told(store: Store, open_page: OpenPage) -> None:
    report_well(store)
    queue.launch(store, TINY)
    queue_settings.record(store, queue_settings.ENGINE_PROBLEM, "The head of the Ray cluster does not answer.")
    read = read_on(open_page("runs"))
    assert "The head of the Ray cluster does not answer." in read
    assert "waits for the head of the cluster" in read
