"""No page has a serious violation that axe finds, in either theme; and none scrolls sideways on a phone."""

from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.data import fashion_mnist
from jobs.running import queue
from jobs.settings import settings
from tests import stores
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.stores import Sample

pytestmark = pytest.mark.browser

VIEWS = ("", "launch", "runs", "compare", "explore", "predict", "data", "team")
SECTIONS = ("curves", "classes", "confusion", "calibration", "faults", "review", "config", "log", "files", "history")
RECIPES = "compare?by=recipes&group=pair"
WAYS = (
    "runs?by=groups",
    "runs?by=costs",
    RECIPES,
    "data?section=suspects",
    "data?section=duplicates",
    "data?upload=new",
    "team?section=record",
)
DIALOGS = (("finished", "Rename"), ("finished", "Tags"), ("finished", "Note"), ("queued", "Move in the queue"))


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> dict[str, str]:
    """A paused queue with runs in every state, and two finished ones; their ids by state."""
    queue.set_paused(dashboard.store, True)
    made = {
        status: stores.add(dashboard.store, Sample(status=status, epochs_done=3)) for status in ("stopped", "queued")
    }
    failure = {"error_kind": "memory", "error_message": "Memory ran out.", "error_advice": "Use a smaller batch."}
    made["failed"] = stores.add(dashboard.store, Sample(status="failed", epochs_done=1, columns=failure))
    truth = fashion_mnist.load(settings().data).test_labels.astype(np.int64)
    made["finished"] = stores.add(dashboard.store, Sample(seed=1, tags=("report",)), truth)
    made["other"] = stores.add(dashboard.store, Sample(model="resnet18", seed=2), truth)
    for seed in range(2):
        stores.add(dashboard.store, Sample(seed=seed, columns={"group_id": "pair"}), truth)
    stores.write_log(dashboard.store, made["failed"], "epoch 1\nMemoryError\n")
    return made


def serious(page: Page) -> list[tuple[str, str, str]]:
    """The serious and critical violations, each with its first element."""
    # What is being drawn again is faded; what stands around signing in is none of Streamlit's pages.
    if page.get_by_test_id("stApp").count():
        settle(page)
    violations = Axe().run(page).response["violations"]
    return [
        (violation["id"], violation["nodes"][0]["html"][:300], violation["nodes"][0]["failureSummary"][:300])
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(element => element.scrollWidth - element.clientWidth).reduce((a, b) => Math.max(a, b))"
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_page_has_no_serious_violation(ids: dict[str, str], open_page: OpenPage, view: str, dark: bool) -> None:
    chosen = f"{view}?run={ids['finished']}&run={ids['other']}" if view == "compare" else view
    assert serious(open_page(chosen, dark=dark)) == []


@pytest.mark.parametrize(
    ("status", "section"), [*(("finished", section) for section in SECTIONS), ("failed", "log"), ("queued", "curves")]
)
def test_the_page_of_a_run_has_no_serious_violation(
    ids: dict[str, str], open_page: OpenPage, status: str, section: str
) -> None:
    page = open_page(f"runs?run={ids[status]}&section={section}", dark=section in ("curves", "log"))
    assert serious(page) == []


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("way", WAYS)
def test_groups_and_costs_have_no_serious_violation(open_page: OpenPage, way: str, dark: bool) -> None:
    assert serious(open_page(way, dark=dark)) == []


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_advanced_settings_have_no_serious_violation(open_page: OpenPage, dark: bool) -> None:
    page = open_page("launch", dark=dark)
    page.get_by_text("Advanced settings").click()
    expect(page.get_by_label("Learning rate").first).to_be_visible()
    assert serious(page) == []


@pytest.mark.parametrize(
    ("state", "action"), [*DIALOGS, ("finished", "Delete"), ("stopped", "Restart from the beginning")]
)
def test_no_dialog_has_a_serious_violation(ids: dict[str, str], open_page: OpenPage, state: str, action: str) -> None:
    page = open_page(f"runs?run={ids[state]}", dark=action in ("Tags", "Delete"))
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name=action, exact=True).click()
    # The menu is a dialog too, until it has closed.
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_be_visible()
    settle(page)
    assert serious(page) == []


@pytest.mark.parametrize("view", [*VIEWS, *WAYS, "run", "compared"])
def test_nothing_scrolls_sideways_on_a_phone(ids: dict[str, str], open_page: OpenPage, view: str) -> None:
    where = {"run": f"runs?run={ids['finished']}", "compared": f"compare?run={ids['finished']}&run={ids['other']}"}
    page = open_page(where.get(view, view), width=390)
    settle(page)
    assert sideways(page) <= 0


def test_an_empty_store_has_no_serious_violation_either(browser: Browser, tmp_path: Path) -> None:
    with running_dashboard(tmp_path) as served, browser.new_context() as context:
        for view in VIEWS:
            page = context.new_page()
            page.goto(f"{served.address}/{view}")
            settle(page)
            assert serious(page) == [], view
            page.close()
