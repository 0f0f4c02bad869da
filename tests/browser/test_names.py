"""Names of every kind in a real browser: shown as written, nothing made of them, and no page wider than its window."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from jobs.reports.report_files import report
from jobs.running import run_edits
from jobs.store.queries import get_run
from tests import stores
from tests.blank_data import write_blank_data
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.stores import Sample
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser

ALIVE = (
    "www.x.example http://y.example/? m@z.example $x^2$ :material/star: :+1: <b>b</b> [l](l) a -> b `c` &amp; %{q} *e*"
)
LONG = "The same beginning of a name that goes on and on until it has more than a hundred characters, at its end "
NAMES = [
    ALIVE,
    f"{LONG}1",
    f"{LONG}2",
    f"{LONG}3",
    "w" * 196 + "-end",
    "日本語" * 60,
    "👩‍👩‍👧‍👦" * 25,
    "Z" + "\u0351\u0323\u0489" * 60,
    "שלום עולם 5",
]
PAGES = [
    "",
    "runs",
    "runs?run={0}",
    "runs?run={4}",
    "runs?run={4}&section=confusion",
    "compare?run={0}&run={1}&run={2}&run={3}&run={4}&run={5}&run={6}&run={7}&run={8}&more=calibration",
    "explore?run={4}&against={0}",
    "explore?run={4}&against={0}&image=5",
    "predict?run={0}&run={4}&run={8}&sample=bag",
    "launch?clone={4}",
]
LOOK = """() => {
  const roots = [document], all = []
  while (roots.length) for (const e of roots.pop().querySelectorAll("*")) {
    all.push(e)
    if (e.shadowRoot) roots.push(e.shadowRoot)
  }
  const main = document.querySelector('[data-testid="stMain"]')
  const away = (e) => e.href && !String(e.href.baseVal ?? e.href).startsWith(location.origin)
  return {
    links: all.filter((e) => e.tagName === "A" && away(e)).map((e) => String(e.href)),
    mathematics: all.filter((e) => e.classList.contains("katex")).length,
    icons: all.filter((e) => e.textContent === "star" && e.getAttribute("role") === "img").length,
    bold: all.filter((e) => e.tagName === "B" && e.textContent === "b").length,
    code: all.filter((e) => e.tagName === "CODE" && e.textContent === "c").length,
    too_wide: Math.max(0, main.scrollWidth - main.clientWidth - 1),
  }
}"""
NOTHING = {"mathematics": 0, "icons": 0, "bold": 0, "code": 0, "too_wide": 0, "links": list[str]()}


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("names")
    with running_dashboard(folder, DATA=str(write_blank_data(folder / "data"))) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    made = [add_run_with_model(dashboard.store, name, seed) for seed, name in enumerate(NAMES)]
    run_edits.set_tags(dashboard.store, made[0], [ALIVE[:50], "t" * 50])
    stores.add(dashboard.store, Sample(name=NAMES[4], status="queued", epochs_done=0))
    return made


@pytest.mark.parametrize("where", PAGES, ids=lambda where: where[:24])
def test_nothing_is_made_of_a_name_and_no_page_is_wider_than_its_window(
    open_page: OpenPage, ids: list[str], where: str
) -> None:
    page = open_page(where.format(*ids))
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        settle(page)
        assert page.evaluate(LOOK) == NOTHING, width


def test_a_name_is_read_and_copied_as_it_was_written(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"runs?run={ids[0]}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(ALIVE)
    heading.select_text()
    assert page.evaluate("getSelection().toString()").strip() == ALIVE
    expect(page.get_by_test_id("stMarkdownContainer").filter(has_text=ALIVE[:50]).nth(1)).to_have_text(ALIVE[:50])


def test_long_names_are_told_apart_in_a_field_of_a_phone(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"compare?run={ids[1]}&run={ids[2]}&run={ids[3]}", width=390)
    for place in (1, 2, 3):
        chip = page.get_by_text(f"at its end {place} · {ids[place]}", exact=False).first
        expect(chip).to_be_visible()
        assert chip.evaluate("e => e.scrollWidth <= e.clientWidth"), "its end is cut off"
    header = page.get_by_test_id("stTable").first.get_by_role("columnheader")
    expect(header.nth(3)).to_have_text(NAMES[3])
    assert all(box["width"] < 240 for box in (header.nth(place).bounding_box() for place in (1, 2, 3)))


def test_what_is_read_from_right_to_left_turns_nothing_beside_it(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"compare?run={ids[8]}&run={ids[1]}")
    finding = page.locator("bdi").first
    expect(finding).to_have_text("שלום עולם")
    assert finding.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    part = page.get_by_test_id("stMarkdownContainer").locator("span", has_text="שלום עולם").first
    assert part.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"


def test_a_chart_draws_names_as_they_were_written(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(f"compare?run={ids[0]}&run={ids[8]}")
    legend = page.locator(".st-key-val_accuracy .legendtext").first
    expect(legend).to_be_visible()
    drawn = legend.text_content()
    start, _, end = drawn.partition("…")
    assert ALIVE.startswith(start)
    assert ALIVE.endswith(end)
    assert len(drawn) == 40, json.dumps(drawn)


def test_a_report_of_such_runs_is_no_wider_than_its_window(
    open_page: OpenPage, dashboard: Dashboard, ids: list[str], tmp_path: Path
) -> None:
    page = open_page()
    for chosen in (ids[4:5], ids):
        runs = [get_run(dashboard.store, run_id) for run_id in chosen]
        file = tmp_path / f"{len(runs)}.html"
        file.write_text(report(dashboard.store, runs), encoding="utf-8")
        page.goto(file.as_uri())
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.links].filter((one) => one.protocol !== 'file:').length") == 0
