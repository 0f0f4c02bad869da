"""Explore in a real browser: from a cell to its images by mouse and by keyboard, and an image by its link."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from core.classes import CLASS_COUNT
from core.statistics.metrics import confusion_matrix
from jobs.store import queries
from tests import stores
from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.stores import Sample

pytestmark = pytest.mark.browser

PAGE_SIZE = 40


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("explore")
    with running_dashboard(folder, DATA=str(write_blank_data(folder / "data"))) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    return [stores.add(dashboard.store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two"))]


@pytest.fixture(scope="module")
def matrix(dashboard: Dashboard, ids: list[str]) -> NDArray[np.int64]:
    answers = queries.get_predictions(dashboard.store, ids[0])
    return confusion_matrix(answers.labels, answers.predicted, CLASS_COUNT)


def cell(page: Page, words: str, count: int) -> Locator:
    return page.get_by_role("button", name=f"{words}: {count}", exact=True)


def expect_gallery(page: Page, count: int) -> None:
    """The gallery says how many images there are, and holds them, at most a page of them."""
    expect(page.get_by_role("heading", name=re.compile(rf"^{count:,} images?$"))).to_be_visible()
    expect(page.get_by_role("list", name="Test images").get_by_role("listitem")).to_have_count(min(count, PAGE_SIZE))


def test_a_click_on_a_cell_shows_its_very_images(
    ids: list[str], matrix: NDArray[np.int64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}")
    cell(page, "true Coat, predicted Shirt", matrix[4, 6]).click()
    expect_gallery(page, int(matrix[4, 6]))
    expect(page).to_have_url(re.compile("true=4&predicted=6"))
    captions = page.get_by_role("list", name="Test images").get_by_role("img")
    for picture in captions.all():
        assert ": true Coat, predicted Shirt (" in picture.get_attribute("alt")


def test_the_keyboard_alone_reaches_a_cell_and_opens_it(
    ids: list[str], matrix: NDArray[np.int64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}")
    page.get_by_role("switch", name="Dim the diagonal").or_(page.get_by_label("Dim the diagonal")).first.focus()
    page.keyboard.press("Tab")
    expect(cell(page, "true T-shirt/top, predicted T-shirt/top", matrix[0, 0])).to_be_focused()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    aim = cell(page, "true Pullover, predicted Coat", matrix[2, 4])
    expect(aim).to_be_focused()
    page.keyboard.press("Enter")
    expect_gallery(page, int(matrix[2, 4]))
    expect(aim).to_be_focused()
    expect(aim).to_have_attribute("aria-pressed", "true")


def test_one_tab_leads_out_of_the_matrix(ids: list[str], matrix: NDArray[np.int64], open_page: OpenPage) -> None:
    page = open_page(f"explore?run={ids[0]}")
    start = cell(page, "true T-shirt/top, predicted T-shirt/top", matrix[0, 0])
    start.focus()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.shadowRoot?.activeElement?.dataset?.row")


def test_an_image_opens_moves_on_and_opens_again_by_its_link(
    ids: list[str], matrix: NDArray[np.int64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}&against={ids[1]}&true=6&predicted=0")
    page.get_by_role("list", name="Test images").get_by_role("link").first.click()
    expect(page.get_by_text(f"1 of {matrix[6, 0]} images")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(f"2 of {matrix[6, 0]} images")).to_be_visible()
    page.reload()
    settle(page)
    expect(page.get_by_text(f"2 of {matrix[6, 0]} images")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Shirt ✓"))).to_be_visible()
    page.get_by_role("button", name="Back to the gallery").click()
    expect_gallery(page, int(matrix[6, 0]))


def test_going_back_in_the_browser_shows_the_cell_before(
    ids: list[str], matrix: NDArray[np.int64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}")
    cell(page, "true Coat, predicted Shirt", matrix[4, 6]).click()
    expect_gallery(page, int(matrix[4, 6]))
    cell(page, "true Shirt, predicted Coat", matrix[6, 4]).click()
    expect_gallery(page, int(matrix[6, 4]))
    page.go_back()
    expect_gallery(page, int(matrix[4, 6]))


def test_the_run_shown_comes_into_the_address_and_one_step_back_leaves_the_page(
    ids: list[str], open_page: OpenPage
) -> None:
    page = open_page()
    page.get_by_role("link", name="Explore").click()
    expect(page).to_have_url(re.compile(f"explore[?]run={ids[1]}"))
    page.go_back()
    expect(page.get_by_role("heading", name="Lookbook")).to_be_visible()


def test_from_a_comparison_each_number_leads_to_its_images(
    dashboard: Dashboard, ids: list[str], open_page: OpenPage
) -> None:
    a, b = (queries.get_predictions(dashboard.store, run_id) for run_id in ids)
    only_b = int(((b.predicted == b.labels) & (a.predicted != a.labels)).sum())
    page = open_page(f"compare?run={ids[0]}&run={ids[1]}")
    page.get_by_role("link", name="View images").nth(1).click()
    expect_gallery(page, only_b)


@pytest.mark.parametrize("where", ["compare?run={0}&run={1}", "explore?run={1}&against={0}&unit=difference"])
@pytest.mark.parametrize("more", [True, False], ids=["more", "fewer"])
def test_a_cell_of_the_difference_leads_to_the_images_whose_answer_has_changed(
    dashboard: Dashboard, ids: list[str], open_page: OpenPage, where: str, more: str
) -> None:
    a, b = (queries.get_predictions(dashboard.store, run_id) for run_id in ids)
    change = confusion_matrix(b.labels, b.predicted, CLASS_COUNT) - confusion_matrix(a.labels, a.predicted, CLASS_COUNT)
    true, predicted = divmod(int(change.argmax() if more else change.argmin()), 10)
    says_so, does_not = (b, a) if more else (a, b)
    changed = (a.labels == true) & (says_so.predicted == predicted) & (does_not.predicted != predicted)
    page = open_page(where.format(*ids))
    page.locator(f'button[data-row="{true}"][data-column="{predicted}"]').click()
    expect_gallery(page, int(changed.sum()))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("more", ["", "&unit=difference", "&image=7", "&unit=row+%25&dim=yes&true=4&predicted=6"])
def test_no_state_of_the_page_has_a_serious_violation(
    ids: list[str], open_page: OpenPage, more: str, dark: bool
) -> None:
    page = open_page(f"explore?run={ids[0]}&against={ids[1]}{more}", dark=dark)
    expect(page.get_by_role("table").first).to_be_visible()
    assert serious(page) == []


def test_on_a_phone_the_matrix_fits_and_its_cells_can_be_touched(
    ids: list[str], matrix: NDArray[np.int64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}&true=4&predicted=6", width=390)
    box = cell(page, "true Coat, predicted Shirt", matrix[4, 6]).bounding_box()
    assert min(box["width"], box["height"]) >= 24
    assert sideways(page) <= 0
