"""Comments and reviews in a real browser: what somebody wrote carries nothing into the browser of another."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from jobs.store.records import ReviewState
from jobs.store.store import Store
from jobs.team import comments, reviews
from jobs.team.comments import Topic, list_threads
from tests import stores
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.colleagues import BEN, meet_all
from tests.stores import Sample

pytestmark = pytest.mark.browser

HOSTILE = """<script>window.done = 1</script>
<img src=x onerror="window.done = 2"><svg onload="window.done = 3"></svg>
<iframe srcdoc="<script>parent.done = 4</script>"></iframe><style>body { display: none }</style>

[one](javascript:window.done=5) [two](JaVaScRiPt:window.done=6) [three](data:text/html,<script>window.done=7</script>)
[four](vbscript:x) <javascript:window.done=8> ![picture](https://outside.invalid/a.png) \\![other][p]
![third][p] [![fourth](https://outside.invalid/b.png)](https://outside.invalid/)

[p]: https://outside.invalid/c.png "title"

$$\\href{javascript:window.done=9}{x}$$ $\\htmlData{x=y}{z}$ $\\includegraphics{https://outside.invalid/d.png}$
:material/bug_report: :red[red]
"""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with running_dashboard(tmp_path_factory.mktemp("review")) as served:
        meet_all(served.store)
        yield served


@pytest.fixture
def run_id(dashboard: Dashboard) -> str:
    return stores.add(dashboard.store, Sample(name="cnn 1"))


def asked_outside(page: Page, where: str) -> list[str]:
    """What a page asks other servers for while it is opened."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(where)
    settle(page)
    page.wait_for_timeout(500)
    return [url for url in asked if "outside.invalid" in url]


def test_a_comment_runs_no_script_and_fetches_nothing(dashboard: Dashboard, open_page: OpenPage, run_id: str) -> None:
    comments.add(dashboard.store.acting(BEN), Topic.run(run_id), HOSTILE, "javascript:window.done=10")
    reviews.take_step(dashboard.store.acting(BEN), run_id, ReviewState.NEEDS_WORK, why=HOSTILE)
    page = open_page()
    assert asked_outside(page, f"{dashboard.address}/runs?run={run_id}&section=review") == []
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("window.done = 1", exact=False).first).to_be_visible()
    for element in ("script[src='x']", "iframe", "img[src*='outside']", "svg[onload]"):
        expect(main.locator(element)).to_have_count(0)
    schemes = page.evaluate("[...document.querySelectorAll('[data-testid=stMain] a')].map(link => link.protocol)")
    assert {"javascript:", "vbscript:"} & set(schemes) == set()
    for name in ("one", "two", "three"):
        main.get_by_text(name, exact=True).first.click()
    page.wait_for_timeout(500)
    assert page.evaluate("window.done") is None
    expect(page.get_by_role("heading", name="cnn 1")).to_be_visible()


def test_a_comment_is_written_by_keyboard_and_found_on_a_phone(
    dashboard: Dashboard, open_page: OpenPage, run_id: str
) -> None:
    page = open_page(f"runs?run={run_id}&section=review")
    field = page.get_by_role("textbox", name="New comment")
    field.fill("Why is epoch 3 **worse**?")
    page.get_by_role("button", name="Comment", exact=True).press("Enter")
    expect(page.get_by_text("worse", exact=True)).to_be_visible()
    expect(field).to_have_value("")
    page.get_by_role("button", name="Reply").click()
    page.get_by_role("textbox", name="Reply").fill("The schedule.")
    page.get_by_role("button", name="Save the reply").click()
    expect(page.get_by_text("The schedule.")).to_be_visible()
    ((_, reply),) = list_threads(dashboard.store, Topic.run(run_id))
    assert reply.text == "The schedule."
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("◆ accepted")).to_be_visible()
    settle(page)
    assert serious(page) == []
    phone = open_page(f"runs?run={run_id}&section=review", width=390, dark=True)
    expect(phone.get_by_text("The schedule.")).to_be_visible()
    assert sideways(phone) <= 0
    assert serious(phone) == []


def fill_inbox(store: Store, run_id: str) -> None:
    reviews.take_step(store.acting(BEN), run_id, ReviewState.ASKED, why="For the paper.")
    thread = comments.add(store, Topic.run(run_id), "Why?", f"runs?run={run_id}&section=review")
    comments.reply(store.acting(BEN), thread, "Because.", f"runs?run={run_id}&section=review")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_the_inbox_leads_to_what_is_asked(
    dashboard: Dashboard, open_page: OpenPage, run_id: str, width: int, dark: bool
) -> None:
    fill_inbox(dashboard.store, run_id)
    page = open_page(width=width, dark=dark)
    expect(page.get_by_text("Ben asks anybody for a review", exact=False).first).to_be_visible()
    assert serious(page) == []
    assert sideways(page) <= 0
    page.locator(".st-key-inbox").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Comments")).to_be_visible()
    expect(page.get_by_text("Because.")).to_be_visible()


def test_the_list_of_runs_shows_reviews_on_a_phone(dashboard: Dashboard, open_page: OpenPage, run_id: str) -> None:
    reviews.take_step(dashboard.store, run_id, ReviewState.ASKED)
    page = open_page("runs", width=390)
    expect(page.get_by_text("review asked").first).to_be_visible()
    assert sideways(page) <= 0
    assert serious(page) == []
