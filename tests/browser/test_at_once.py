"""People who ask the dashboard at the same moment, each something else: they get what each gets alone."""

import re
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page

from tests import stores
from tests.benchmarks import visitors
from tests.benchmarks.visitors import Question
from tests.browser.conftest import running_dashboard, settle

pytestmark = pytest.mark.browser

VISITORS = 8


def test_what_visitors_at_once_get_is_to_the_last_byte_what_each_gets_alone(tmp_path: Path) -> None:
    store = stores.empty_store(tmp_path)
    asked = visitors.questions(visitors.fill(store), VISITORS, Random(0))
    alone, together = visitors.ask_alone(store, asked), visitors.ask_together(store, asked)
    assert list(visitors.wrong_pages(asked, alone, together)) == []


def test_two_browsers_at_once_show_what_each_shows_alone(tmp_path: Path, browser: Browser) -> None:
    store = stores.empty_store(tmp_path)
    asked = visitors.questions(visitors.fill(store), 2, Random(1))
    with running_dashboard(tmp_path) as served:
        alone = [shown(*opened(browser, served.address, [question])) for question in asked]
    with running_dashboard(tmp_path) as served:
        together = [shown(page) for page in opened(browser, served.address, asked)]
    assert together == alone
    assert all(pictures for _, pictures in alone)


def opened(browser: Browser, address: str, asked: list[Question]) -> list[Page]:
    """A window for each question; all are opened before any of them is waited for."""
    pages = [browser.new_context(viewport={"width": 1440, "height": 900}).new_page() for _ in asked]
    for page, question in zip(pages, asked, strict=True):
        page.goto(f"{address}/{question.view}?{question.parameters}", wait_until="commit")
    for page in pages:
        settle(page)
    return pages


def shown(page: Page) -> tuple[str, list[str]]:
    """The words and the pictures of a page."""
    main = page.get_by_test_id("stMain")
    sources = main.locator("img").evaluate_all("images => images.map(image => image.src)")
    words = re.sub(r"\s+", " ", main.inner_text())
    page.context.close()
    return words, sources
