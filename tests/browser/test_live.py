"""Pages that are drawn again by themselves: what has ended moves on without a click."""

import time

import pytest
from playwright.sync_api import expect

from jobs.running import queue
from tests import stores
from tests.browser.conftest import Dashboard, OpenPage
from tests.stores import Sample

pytestmark = pytest.mark.browser


def test_a_run_that_ends_beside_another_moves_from_the_queue_to_the_latest_runs(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    queue.set_paused(dashboard.store, True)
    ending, _ = (
        stores.add(dashboard.store, Sample(name=name, status="queued", created_at=time.time()))
        for name in ("ends", "stays")
    )
    page = open_page()
    expect(page.get_by_role("link", name="ends")).to_be_visible()
    expect(page.get_by_role("table", name="Latest runs")).to_have_count(0)
    queue.stop(dashboard.store, ending)
    expect(page.get_by_role("table", name="Latest runs").get_by_role("link", name="ends")).to_be_visible()
    expect(page.get_by_role("link", name="stays")).to_be_visible()
