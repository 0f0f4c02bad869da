"""Pages that are open while the server is killed and started anew: they work on, and say what was lost."""

import re

import pytest
from playwright.sync_api import Page, expect

from dashboard.sections.predict import samples
from tests.browser.conftest import Dashboard, OpenPage, settle
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser

LOST = "The server has restarted"


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    return [add_run_with_model(dashboard.store, name, seed) for seed, name in enumerate(("one", "two"))]


@pytest.fixture
def photos(ids: list[str], open_page: OpenPage) -> Page:
    """Predict with a photo and its answer, the photos from before having been removed once."""
    page = open_page(f"predict?run={ids[0]}")
    for _ in range(2):
        if (remove := page.get_by_role("button", name="Remove this upload")).count():
            remove.click()
            expect(page.get_by_text("Add photos or choose")).to_be_visible()
        drop(page, "shirt.png")
    return page


def drop(page: Page, name: str) -> None:
    content = samples.draw_sample("T-shirt")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": content}
    )
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    settle(page)


def expect_told(*pages: Page) -> None:
    for page in pages:
        expect(page.get_by_text(re.compile(LOST))).to_be_visible()
        settle(page)


def test_open_pages_outlive_the_server_and_say_that_photos_must_be_dropped_again(
    dashboard: Dashboard, ids: list[str], photos: Page, open_page: OpenPage
) -> None:
    launch, marked = open_page("launch?preset=quick"), open_page("runs")
    launch.get_by_label("Name", exact=True).fill("kept")
    launch.get_by_label("Name", exact=True).press("Enter")
    expect(launch.get_by_text("Changed: Name.")).to_be_visible()
    marked.get_by_label(f"Select one ({ids[0]})").check()
    expect(marked.get_by_text("1 run selected")).to_be_visible()
    dashboard.start_anew()
    expect_told(photos, launch, marked)

    expect(photos.get_by_text("shirt.png")).to_have_count(0)
    expect(photos.get_by_text("Add photos or choose")).to_be_visible()
    drop(photos, "again.png")
    photos.get_by_text("Show Grad-CAM heat maps").click()
    expect(photos.get_by_text(re.compile(LOST))).to_have_count(0)
    settle(photos)
    expect(photos.get_by_role("heading", name="again.png")).to_have_count(1)

    expect(launch.get_by_label("Name", exact=True)).to_have_value("kept")
    expect(launch.get_by_text("Changed: Name.")).to_be_visible()

    expect(marked.get_by_label(f"Select one ({ids[0]})")).not_to_be_checked()
    marked.get_by_role("link", name="two").click()
    expect(marked.get_by_role("heading", name="two", level=1)).to_be_visible()
    expect(marked.get_by_text(re.compile(LOST))).to_have_count(0)


def test_a_connection_that_is_lost_for_a_moment_loses_nothing(photos: Page) -> None:
    photos.evaluate("window.streamlitDebug.disconnectWebsocket()")
    photos.get_by_text("Show Grad-CAM heat maps").click()
    expect(photos.get_by_role("heading", name="shirt.png")).to_be_visible()
    expect(photos.get_by_text(re.compile(LOST))).to_have_count(0)


def test_a_page_that_is_loaded_again_begins_without_a_word(photos: Page) -> None:
    photos.reload()
    settle(photos)
    expect(photos.get_by_text("Add photos or choose")).to_be_visible()
    expect(photos.get_by_text(re.compile(LOST))).to_have_count(0)


def test_what_is_being_typed_on_launch_is_there_after_a_look_at_other_pages(open_page: OpenPage) -> None:
    page = open_page("launch?preset=quick")
    page.get_by_label("Name", exact=True).press_sequentially("half a na")
    # As long as a finger holds a button down.
    page.get_by_role("link", name="Runs", exact=True).first.click(delay=100)
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Name", exact=True)).to_have_value("half a na")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Changed: Name.")).to_have_count(0)
    settle(page)
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
