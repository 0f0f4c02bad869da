"""Reports, tables and pictures, saved by a click in a real browser."""

import csv
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests import stores
from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.stores import Sample
from tests.studied import add_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("take-along")
    with running_dashboard(folder, DATA=str(write_blank_data(folder / "data"))) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    made = [stores.add(dashboard.store, Sample(name=f"take {seed}", seed=seed, validated=True)) for seed in range(2)]
    add_study(dashboard.store, made[0])
    return made


def saved(page: Page, click: Callable[[], object]) -> tuple[str, bytes]:
    """The file that a click saves: its name and its bytes."""
    with page.expect_download() as download:
        click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_the_report_of_a_comparison_is_saved_as_one_file_that_opens_by_itself(
    open_page: OpenPage, ids: list[str], tmp_path: Path
) -> None:
    page = open_page(f"compare?run={ids[0]}&run={ids[1]}")
    name, content = saved(page, page.get_by_role("button", name="Report (HTML)").click)
    assert name == f"lookbook-report-take-0-{ids[0]}-take-1-{ids[1]}.html"
    assert len(content) < 5_000_000
    (tmp_path / name).write_bytes(content)
    page.goto((tmp_path / name).as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("take 1 against take 0")


def test_the_report_of_a_run_and_its_tables_are_saved_from_its_files(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"runs?run={ids[0]}&section=files")
    name, content = saved(page, page.get_by_role("button", name="Report (Markdown)").click)
    assert name.endswith(".md")
    assert content.decode().startswith("# Run take 0")
    name, content = saved(page, page.get_by_role("button", name="Per class (CSV)").click)
    assert name == f"lookbook-per-class-take-0-{ids[0]}.csv"
    assert len(list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))) == 10


def test_a_chart_is_saved_as_a_picture_with_a_name_that_says_what_it_is(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"runs?run={ids[0]}&section=calibration")
    chart = page.locator(".st-key-reliability")
    button = chart.locator("[data-attr='toImage'], .modebar-btn[data-title*='Download']")
    name, content = saved(page, button.click)
    assert name == f"lookbook-reliability-take-0-{ids[0]}.png"
    assert content.startswith(b"\x89PNG")


@pytest.mark.parametrize("by_keyboard", [True, False], ids=["keyboard", "mouse"])
@pytest.mark.parametrize(
    ("where", "button", "name"),
    [
        ("runs?run={0}&section=confusion", "Save image of the matrix", "lookbook-run-matrix-take-0-{0}"),
        (
            "explore?run={0}&against={1}&unit=difference",
            "Save image of the matrix",
            "lookbook-matrix-take-0-minus-take-1",
        ),
        ("explore?run={0}&section=map&area=0-0-300-300", "Save image of the map", "lookbook-map-take-0-{0}"),
    ],
)
def test_a_matrix_and_a_map_are_saved_as_pictures(
    open_page: OpenPage, ids: list[str], where: str, button: str, name: str, by_keyboard: bool
) -> None:
    page = open_page(where.format(*ids))
    aim = page.get_by_role("button", name=button)
    aim.focus()
    file_name, content = saved(page, partial(page.keyboard.press, "Enter") if by_keyboard else aim.click)
    assert file_name == f"{name.format(*ids)}.png"
    colours = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(colours, axis=0)) > 20


@pytest.mark.parametrize("by_keyboard", [True, False], ids=["keyboard", "mouse"])
def test_a_table_of_words_is_saved_by_its_button_and_not_by_streamlit_s(
    open_page: OpenPage, ids: list[str], by_keyboard: bool
) -> None:
    page = open_page(f"runs?run={ids[0]}&section=config")
    page.get_by_test_id("stDataFrame").first.hover()
    expect(page.get_by_role("button", name="Search: Configuration")).to_be_visible()
    # Streamlit's own writes names as they are, which a spreadsheet may run as formulas.
    expect(page.get_by_role("button", name="Download as CSV: Configuration")).to_have_count(0)
    button = page.get_by_role("button", name="CSV of the configuration")
    button.focus()
    name, content = saved(page, partial(page.keyboard.press, "Enter") if by_keyboard else button.click)
    assert name == f"lookbook-config-take-0-{ids[0]}.csv"
    assert "learning_rate" in [row["setting"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]


def test_a_count_of_the_class_table_opens_its_images_by_keyboard(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"runs?run={ids[0]}&section=classes")
    link = page.get_by_role("link", name="misclassified images of Shirt")
    count = link.inner_text()
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/explore?*")
    settle(page)
    assert "true=6" in page.url
    expect(page.get_by_role("heading", name=f"{count} images")).to_be_visible()
