"""The map and the page of an image in a real browser: an area by mouse and by keyboard, an image by a click."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from dashboard.charts import areas
from tests import stores
from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.browser.test_explore import expect_gallery
from tests.stores import Sample
from tests.studied import add_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("map")
    with running_dashboard(folder, DATA=str(write_blank_data(folder / "data"))) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    return [stores.add(dashboard.store, Sample(name=name, seed=seed)) for seed, name in enumerate(("one", "two"))]


@pytest.fixture(scope="module", autouse=True)
def places(dashboard: Dashboard, ids: list[str]) -> NDArray[np.float64]:
    return [add_study(dashboard.store, run_id).places for run_id in ids][0]


def area_of(page: Page) -> areas.Area:
    """The area in the address of the page."""
    expect(page).to_have_url(re.compile(r"[?&]area=\d"))
    return areas.parse(re.search(r"area=([\d-]+)", page.url)[1])


def drag(page: Page, *stops: tuple[float, float]) -> None:
    """Drag over the map along these places, as shares of its width and height."""
    field = page.locator("canvas.marks")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stops]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_a_box_drawn_with_the_mouse_is_the_gallery_and_the_whole_map_comes_back(
    ids: list[str], places: NDArray[np.float64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}&section=map")
    drag(page, (0.1, 0.1), (0.5, 0.5))
    chosen = area_of(page)
    count = int(areas.inside(chosen, places).sum())
    assert len(chosen) == 2
    assert count > 500
    expect_gallery(page, count)
    page.reload()
    settle(page)
    expect_gallery(page, count)
    page.get_by_role("button", name="Whole map").click()
    expect(page).not_to_have_url(re.compile("area="))


def test_a_free_line_is_an_area_too(ids: list[str], places: NDArray[np.float64], open_page: OpenPage) -> None:
    page = open_page(f"explore?run={ids[0]}&section=map&colour=outcome")
    page.get_by_role("button", name="Lasso select").click()
    drag(page, (0.1, 0.1), (0.6, 0.1), (0.4, 0.6), (0.1, 0.3))
    chosen = area_of(page)
    assert len(chosen) > 3
    expect_gallery(page, int(areas.inside(chosen, places).sum()))


def test_the_keyboard_alone_chooses_a_square_of_the_map(
    ids: list[str], places: NDArray[np.float64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}&section=map")
    page.get_by_role("button", name="Save image of the map").focus()
    page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    square = page.get_by_role("button", name=re.compile("^Row 2, column 2 of the map"))
    expect(square).to_be_focused()
    page.keyboard.press("Enter")
    expect_gallery(page, int(areas.inside(area_of(page), places).sum()))


def test_a_click_on_a_point_opens_its_image_and_arrows_lead_on(
    ids: list[str], places: NDArray[np.float64], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}&against={ids[1]}&section=map&area=0-0-300-300")
    box = page.locator("canvas.marks").bounding_box()
    span = float(places[:, 0].max())
    aim = int(np.flatnonzero(areas.inside(((0, 0), (300, 300)), places))[0])
    left, top = 10 + places[aim] / span * (box["width"] - 20)
    page.mouse.click(box["x"] + float(left), box["y"] + float(top))
    expect(page.get_by_role("button", name="Back to the gallery")).to_be_visible()
    opened = re.search(r"image=(\d+)", page.url)[1]
    assert np.linalg.norm(places[int(opened)] - places[aim]) < 0.02
    expect(page.get_by_role("list", name="Nearest training images of one").get_by_role("listitem")).to_have_count(12)
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(re.compile(rf"image={opened}\b"))
    page.get_by_role("button", name="Back to the gallery").click()
    expect(page.get_by_role("heading", name=re.compile("images$"))).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("more", ["section=map&area=0-0-300-300", "section=map&colour=outcome", "image=7&saliency=yes"])
@pytest.mark.usefixtures("places")
def test_neither_map_nor_image_has_a_serious_violation(
    ids: list[str], open_page: OpenPage, more: str, dark: bool
) -> None:
    page = open_page(f"explore?run={ids[0]}&against={ids[1]}&{more}", dark=dark)
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    assert serious(page) == []


@pytest.mark.parametrize("more", ["section=map", "image=7&saliency=yes"])
@pytest.mark.usefixtures("places")
def test_nothing_scrolls_sideways_on_a_phone(ids: list[str], open_page: OpenPage, more: str) -> None:
    page = open_page(f"explore?run={ids[0]}&against={ids[1]}&{more}", width=390)
    settle(page)
    assert sideways(page) <= 0


def test_a_click_on_a_neighbour_leads_to_its_page_of_the_data(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"explore?run={ids[0]}&image=7")
    neighbour = page.get_by_role("list", name="Nearest training images of one").get_by_role("link").first
    at = re.search(r"Training image (\d+):", neighbour.get_by_role("img").get_attribute("alt"))[1]
    neighbour.click()
    expect(page).to_have_url(re.compile(rf"/data\?.*section=images&split=train&page={int(at) // 48 + 1}$"))
    expect(page.get_by_role("img", name=f"Train image {at},")).to_be_visible()
