"""Steering runs in a real browser: what is clicked happens, and a page that refreshes itself keeps what one does."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.config import with_changes
from core.data import fashion_mnist
from core.presets import config_of
from jobs.running import queue
from jobs.settings import settings
from jobs.store import queries, run_files
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store
from tests import stores
from tests.browser.conftest import START_S, Dashboard, OpenPage, running_dashboard, settle, wait_until
from tests.stores import Sample

pytestmark = pytest.mark.browser

LONG = config_of("cnn", epochs=40, train_size=900, batch_size=6, threads=1, patience=0, precision="float32")
"""Takes minutes, so that there is time to stop it, and begins within seconds."""
START_MS = 1000 * START_S


@pytest.fixture
def paused(dashboard: Dashboard) -> Store:
    """The store of the module with its queue paused, so that nothing starts."""
    queue.set_paused(dashboard.store, True)
    return dashboard.store


def mark(page: Page, run_ids: Sequence[str]) -> None:
    """Check the boxes of these runs."""
    for run_id in run_ids:
        page.get_by_label(re.compile(rf"^Select .*\({run_id}\)")).check()
        settle(page)


def choose(page: Page, label: str, heading: str) -> Locator:
    """Choose from the menu of rarer actions, which closes, and return the dialog that opens."""
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name=label).click()
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    return page.get_by_role("dialog", name=heading)


def position(run: Run) -> tuple[int, int]:
    """How far a run is."""
    return run.epoch, run.batch


@pytest.mark.slow
@pytest.mark.skipif(not fashion_mnist.is_present(settings().data), reason="Fashion-MNIST is not in the data folder")
def test_a_run_at_work_is_stopped_and_resumed_where_it_stood(browser: Browser, tmp_path: Path) -> None:
    with running_dashboard(tmp_path) as served, browser.new_context() as context:
        store, page = served.store, context.new_page()
        run_id = queue.launch(store, LONG)
        page.goto(f"{served.address}/runs?run={run_id}")
        expect(page.get_by_text(re.compile(r"epoch \d+ of 40, step \d+"))).to_be_visible(timeout=START_MS)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("■ stopped")).to_be_visible(timeout=START_MS)
        stopped = queries.get_run(store, run_id)
        assert stopped.status == RunStatus.STOPPED
        assert list(run_files.files_of(store, run_id).checkpoints.iterdir())

        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("▶ running").first).to_be_visible(timeout=START_MS)
        wait_until(page, lambda: queries.get_run(store, run_id).work_s > stopped.work_s)
        resumed, (_, second) = queries.get_run(store, run_id), queries.list_attempts(store, run_id)
        assert (resumed.status, resumed.attempt) == (RunStatus.RUNNING, 2)
        assert (second.start_epoch, second.start_batch) >= position(stopped) > (1, 0)
        assert position(resumed) > position(stopped)
        assert "resuming in epoch" in run_files.log_tail(store, run_id)


def test_a_clone_with_one_field_changed_is_launched(paused: Store, open_page: OpenPage) -> None:
    source = queries.get_run(paused, stores.add(paused, Sample(name="original", changes={"epochs": 9})))
    page = open_page(f"runs?run={source.id}")
    page.get_by_role("button", name="Clone").click()
    page.wait_for_url(f"**/launch?clone={source.id}")
    page.get_by_text("Advanced settings").click()
    field = page.get_by_label("Epochs", exact=True)
    expect(field).to_have_value("9")
    field.fill("11")
    field.press("Enter")
    settle(page)
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url("**/runs?run=*")
    made = queries.get_run(paused, re.search(r"run=(\w+)", page.url).group(1))
    assert made.config == with_changes(source.config, epochs=11)
    assert (made.status, made.cloned_from) == (RunStatus.QUEUED, source.id)


def test_marked_runs_are_moved_to_the_front_by_clicking(paused: Store, open_page: OpenPage) -> None:
    ids = [stores.add(paused, Sample(status=RunStatus.QUEUED, name=f"moved {place}")) for place in range(3)]
    page = open_page("runs?search=moved")
    mark(page, ids[1:])
    dialog = choose(page, "Move in the queue", "Move in the queue")
    expect(dialog).to_contain_text("moved 1, moved 2")
    dialog.get_by_role("button", name="Move to the front").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("2 runs moved to the front of the queue.")).to_be_visible()
    assert [run.id for run in queries.active_runs(paused) if run.id in ids] == [ids[1], ids[2], ids[0]]


def test_clicking_twice_on_launch_again_launches_once(paused: Store, open_page: OpenPage) -> None:
    source = stores.add(paused, Sample(name="repeated"))
    page = open_page("runs?search=repeated")
    mark(page, [source])
    dialog = choose(page, "Repeat with several seeds", "Repeat with several seeds")
    dialog.get_by_role("button", name="Launch 1 run").dblclick()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="repeated again")).to_have_count(1)
    settle(page)
    assert [run.cloned_from for run in queries.active_runs(paused)].count(source) == 1


def test_a_live_refresh_keeps_scroll_and_marks(paused: Store, open_page: OpenPage) -> None:
    for place in range(30):
        stores.add(paused, Sample(status="stopped", epochs_done=1, name=f"kept {place}"))
    working = stores.add(paused, Sample(status="running", epochs_done=2, name="kept at work"))
    marked = stores.add(paused, Sample(name="kept and marked", created_at=time.time() - 60))
    with stores.at_work(paused, working):
        page = open_page("runs?search=kept")
        mark(page, [marked])
        # What appears above moves the page on, once: the action bar.
        expect(page.locator(".st-key-action_bar").get_by_role("button", name="Compare")).to_be_visible()
        settle(page)
        main = page.get_by_test_id("stMain")
        main.evaluate("element => element.scrollTo(0, 400)")
        row = page.get_by_role("row").filter(has_text="kept at work")
        before = row.inner_text()
        # Its "for 4 s" is another at each refresh.
        for _ in range(2):
            expect(row).not_to_have_text(before, use_inner_text=True)
            before = row.inner_text()
        assert main.evaluate("element => element.scrollTop") == 400
        expect(page.get_by_label(f"Select kept and marked ({marked})")).to_be_checked()
        assert "search=kept" in page.url


def test_the_action_bar_follows_a_marked_run_that_has_stopped_meanwhile(paused: Store, open_page: OpenPage) -> None:
    working = stores.add(paused, Sample(status="running", epochs_done=2, name="followed"))
    other = stores.add(paused, Sample(status="running", epochs_done=2, name="followed too"))
    with stores.at_work(paused, working), stores.at_work(paused, other):
        page = open_page("runs?search=followed")
        mark(page, [working])
        expect(page.get_by_role("button", name="Resume")).to_have_count(0)
        page.locator(".st-key-action_bar").get_by_role("button", name="Stop").click()
        expect(page.get_by_text("◧ stopping").last).to_be_visible()
        with paused.writing() as connection:
            connection.exec_driver_sql("UPDATE runs SET status = 'stopped' WHERE id = ?", (working,))
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
