"""A matrix and a table of two hundred classes: any of them is found by typing its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.datasets import opening
from core.statistics.metrics import confused_with
from jobs.store import queries
from jobs.store.records import Predictions
from tests import own_data, stores
from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.stores import Sample

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blank_data(tmp_path_factory.mktemp("many") / "data")


@pytest.fixture(scope="module")
def dashboard(data: Path) -> Iterator[Dashboard]:
    with running_dashboard(data.parent, DATA=str(data)) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard, data: Path) -> list[str]:
    kinds = opening.open_version(data, own_data.store_colours(data, "kinds", 200, 5).hash)
    return [stores.add(dashboard.store, Sample(name=f"run {seed}", seed=seed, data=kinds)) for seed in range(2)]


@pytest.fixture
def answers(dashboard: Dashboard, ids: list[str]) -> Predictions:
    return queries.get_predictions(dashboard.store, ids[0])


def choose_class(page: Page, name: str) -> None:
    """Type the name of a class above the matrix, and take it."""
    page.get_by_label("Classes shown, by errors or by name").click()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**classes=class-*")
    settle(page)


def test_a_class_that_is_typed_is_shown_with_what_it_is_confused_with(
    ids: list[str], answers: Predictions, open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}")
    headings = page.get_by_role("table").get_by_role("columnheader")
    expect(headings).to_have_count(30)
    choose_class(page, "kind 123")
    labels = confused_with(answers.matrix, 123)
    expect(headings).to_have_text([answers.classes[label] for label in labels])
    true, predicted = labels[0], labels[1]
    count = answers.matrix[true, predicted]
    name = f"true {answers.classes[true]}, predicted {answers.classes[predicted]}: {count}"
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(f"**true={true}&predicted={predicted}*")
    settle(page)
    expect(page.get_by_role("heading", name=f"{count} image")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_matrix_of_many_classes_scrolls_by_itself_and_its_cells_can_be_touched(
    ids: list[str], open_page: OpenPage, width: int
) -> None:
    page = open_page(f"explore?run={ids[0]}", width=width)
    box = page.locator("button[data-row='0'][data-column='0']").bounding_box()
    assert box is not None
    assert box["width"] >= 24
    assert box["height"] >= 24
    assert not sideways(page)
    assert not serious(page)


def test_a_long_table_is_searched_and_sorted_and_its_links_stay_with_their_rows(
    ids: list[str], answers: Predictions, open_page: OpenPage
) -> None:
    page = open_page(f"runs?run={ids[0]}&section=classes")
    rows = page.get_by_role("table").locator("tbody tr:visible")
    page.get_by_role("button", name="Class", exact=True).click()
    expect(rows.first).to_contain_text("kind 000")
    page.get_by_role("button", name="Class", exact=True).click()
    expect(rows.first).to_contain_text("kind 199")
    expect(page.get_by_role("columnheader", name="Class", exact=True)).to_have_attribute("aria-sort", "descending")
    page.get_by_role("searchbox").fill("KIND 12")
    expect(rows).to_have_count(10)
    expect(page.get_by_role("status").get_by_text("10 of 200 rows")).to_be_visible()
    assert not serious(page)
    rows.filter(has_text="kind 123").get_by_role("link").click()
    page.wait_for_url("**/explore?*true=123*")
    settle(page)
    wrong = (answers.labels == 123) & (answers.predicted != 123)
    expect(page.get_by_role("heading", name=f"{wrong.sum()} image")).to_be_visible()


def test_the_confusions_and_classes_of_two_runs_can_be_read(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"compare?run={ids[0]}&run={ids[1]}")
    expect(page.get_by_text("Of 200 classes the 30 that differ most; all are in the table.")).to_be_visible()
    ticks = page.get_by_test_id("stPlotlyChart").first.locator(".ytick")
    expect(ticks).to_have_count(30)
    choose = page.get_by_label("Classes shown, by changes or by name")
    choose.click()
    page.keyboard.type("kind 077")
    page.keyboard.press("Enter")
    page.wait_for_url("**classes=class-77*")
    expect(page.get_by_text("kind 077 and the", exact=False).first).to_be_visible()
