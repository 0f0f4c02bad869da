"""Labels marked in a real browser: a list gone through by keyboard, and stored as a corrected version."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.datasets.versions import find
from jobs.results.label_marks import review_of
from tests import stores
from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.stores import Sample

pytestmark = pytest.mark.browser

PLACE = 60_000


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("marking")
    with running_dashboard(folder, DATA=str(write_blank_data(folder / "data"))) as served:
        stores.add(served.store, Sample(name="judge"))
        yield served


def test_a_list_of_label_issues_is_gone_through_by_keyboard_and_stored_as_a_version(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = open_page("data?section=suspects")
    page.get_by_role("list", name="Label issues").get_by_role("link").first.press("Enter")
    expect(page).to_have_url(re.compile("image="))
    first = int(page.url.rpartition("=")[2])
    name = page.get_by_role("textbox", name="Your name")
    name.fill("anna")
    name.press("Tab")
    expect(page.get_by_text("Nobody has marked this label yet.")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text(re.compile(r"^Marked by anna: "))).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(re.compile(f"image={first}$"))
    expect(page.get_by_text("Nobody has marked this label yet.")).to_be_visible()
    second = int(page.url.rpartition("=")[2])
    page.keyboard.press("3")
    expect(page.get_by_text("Marked by anna: not usable.")).to_be_visible()
    settle(page)
    assert serious(page) == []
    corrections = review_of(dashboard.store, "fashion-mnist", 70_000, 10).corrections
    assert set(corrections) == {PLACE + first, PLACE + second}
    assert corrections[PLACE + second] is None
    page = open_page("data?section=corrections")
    expect(page.get_by_text("2 images marked by anna.")).to_be_visible()
    settle(page)
    assert serious(page) == []
    page.get_by_role("button", name="Store the corrected version").click()
    expect(page.get_by_role("heading", name=re.compile("What fashion-mnist-corrected@1 changes"))).to_be_visible()
    expect(page.get_by_text("69,999 are in both: 0 images added, 1 taken out, 1 relabelled")).to_be_visible()
    stored = find(Path(dashboard.store.place).parent / "data", "fashion-mnist-corrected")
    assert (stored.count("train"), stored.count("test")) == (60_000, 9_999)


@pytest.mark.parametrize("section", ["corrections", "difference", "suspects&image=5", "images&image=5"])
def test_nothing_of_labels_scrolls_sideways_on_a_phone_or_is_hard_to_reach(open_page: OpenPage, section: str) -> None:
    page = open_page(f"data?section={section}", width=390, dark=True)
    assert sideways(page) <= 0
    assert serious(page) == []
