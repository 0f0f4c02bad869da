"""Back, Forward and Reload in a real browser: an entry for each thing done, and the page says what its address says."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle, wait_until
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser

VIEWS = ("Launch", "Runs", "Compare", "Explore", "Predict", "Data")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("history")
    with running_dashboard(folder, DATA=str(write_blank_data(folder / "data"))) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    return [add_run_with_model(dashboard.store, name, seed) for seed, name in enumerate(("one", "two"))]


def expect_view(page: Page, name: str, address: str) -> None:
    """The page of that name is drawn, and its address is this one, of which dots stand for anything."""
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    settle(page)
    expect(page).to_have_url(re.compile(f"/{address}$"))


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("view", VIEWS)
def test_from_every_page_one_step_back_leads_to_the_page_before(open_page: OpenPage, view: str) -> None:
    page = open_page()
    page.get_by_role("link", name=view, exact=True).first.click()
    expect_view(page, view, f"{view.lower()}.*")
    there = page.url
    page.go_back()
    expect_view(page, "Lookbook", "")
    page.go_forward()
    expect_view(page, view, ".*")
    assert page.url == there
    page.reload()
    expect_view(page, view, ".*")
    assert page.url == there


@pytest.mark.parametrize("asked", ["explore", "explore?true=4&predicted=6", "compare?runs={0},{1}"])
def test_a_link_in_an_empty_tab_that_leaves_something_open_is_one_entry_too(
    dashboard: Dashboard, browser: Browser, ids: list[str], asked: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{dashboard.address}/_stcore/health")
        page.goto(f"{dashboard.address}/{asked.format(*ids)}")
        page.wait_for_url("**run=*")
        settle(page)
        page.go_back()
        assert page.url.endswith("/_stcore/health")
        page.go_forward()
        settle(page)
        assert "run=" in page.url


def test_a_page_opened_by_a_button_a_cell_or_a_row_leads_back_to_where_that_was(
    ids: list[str], open_page: OpenPage
) -> None:
    page = open_page(f"runs?run={ids[0]}&section=confusion")
    here = re.escape(f"runs?run={ids[0]}&section=confusion")
    page.get_by_role("button", name="Clone").click()
    expect_view(page, "Launch", f"launch[?]clone={ids[0]}")
    page.go_back()
    expect_view(page, "one", here)
    page.locator('button[data-row="4"][data-column="6"]').click()
    expect_view(page, "Explore", f"explore[?]run={ids[0]}&true=4&predicted=6")
    page.go_back()
    expect_view(page, "one", here)
    page.go_forward()
    expect_view(page, "Explore", f"explore[?]run={ids[0]}&true=4&predicted=6")
    page.get_by_role("link", name="Home", exact=True).first.click()
    expect_view(page, "Lookbook", "")
    page.get_by_role("table", name="Latest runs").get_by_role("link", name="two").click()
    expect_view(page, "two", f"runs[?]run={ids[1]}")
    page.go_back()
    expect_view(page, "Lookbook", "")
    page.go_back()
    expect_view(page, "Explore", f"explore[?]run={ids[0]}&true=4&predicted=6")


def shown(page: Page) -> tuple[str, str, str, str | None]:
    """What Explore shows: the run and the true class that are chosen, how many images, and the first of them."""
    settle(page)
    run, true = (page.get_by_role("combobox", name=name).input_value() for name in ("Run", "True class"))
    first = page.get_by_role("list", name="Test images").get_by_role("img").first.get_attribute("alt")
    return run, true, page.get_by_role("heading", name=re.compile("images?$")).inner_text(), first


def test_back_undoes_one_choice_after_the_other_and_forward_makes_them_again(
    ids: list[str], open_page: OpenPage
) -> None:
    page = open_page(f"explore?run={ids[0]}")

    def choose_run() -> None:
        page.get_by_role("combobox", name="Run").click()
        page.get_by_role("option", name=re.compile("^two")).click()

    def wait_for_view(view: tuple[str, tuple[str, ...]]) -> None:
        wait_until(page, lambda: (page.url, shown(page)) == view)

    choices = (
        choose_run,
        page.get_by_role("button", name="Page 2", exact=True).click,
        page.locator('button[data-row="4"][data-column="6"]').click,
        page.get_by_role("list", name="Test images").get_by_role("link").first.click,
    )
    seen = []
    for choose in choices:
        seen.append((page.url, shown(page)))
        choose()
        page.wait_for_url(lambda address: address != seen[-1][0])
        settle(page)
    expect(page.get_by_text(re.compile(r"^1 of \d+ images$"))).to_be_visible()
    assert len({address for address, _ in seen}) == len(choices)
    for view in reversed(seen):
        page.go_back()
        wait_for_view(view)
    for view in seen[1:]:
        page.go_forward()
        wait_for_view(view)
    page.reload()
    wait_for_view(seen[-1])
