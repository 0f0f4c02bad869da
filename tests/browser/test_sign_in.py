"""Signing in by a real provider, in a real browser: who comes in and where to, and what is left when it ends."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect
from playwright.sync_api import Request as PlaywrightRequest

from jobs.people import Role
from jobs.running import run_edits
from jobs.store import run_files
from jobs.store.store import Store
from jobs.team import members
from jobs.team.change_record import Action, Wanted, list_changes
from tests.browser.conftest import Dashboard, running_dashboard, settle
from tests.browser.test_accessibility import serious, sideways
from tests.providers import Provider, running_provider
from tests.stores import Sample, add

pytestmark = pytest.mark.browser

ENDS_WITHIN_MS = 60_000
NewBrowser = Callable[..., "Visit"]
"""Opens a browser of its own, with cookies of its own or copied ones: the fixture someone."""


@dataclass(frozen=True)
class Visit:
    """Somebody at a browser."""

    address: str
    context: BrowserContext

    def open(self, where: str = "") -> Page:
        """Open an address of the dashboard in a tab of its own."""
        page = self.context.new_page()
        page.goto(f"{self.address}/{where}")
        settle(page)
        return page

    def sign_in(self, page: Page, subject: str) -> None:
        """Sign in as somebody whom the provider knows, on a page that asks for it."""
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_placeholder("sub").fill(subject)
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(f"{self.address}/**")
        settle(page)

    def sign_out(self, page: Page, name: str) -> None:
        """Sign out by the plate with the name, here and at the provider."""
        page.get_by_role("button", name=name).click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/oauth2/end_session**")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as served:
        served.knows("ada", email="Ada@Example.org", name="Ada Lovelace", email_verified=True)
        served.knows("ben", email="ben@example.org", name="Ben", groups=["reviewers"])
        served.knows("cleo", email="cleo@example.org", name="Cleo")
        served.knows("nomail", name="Nobody")
        served.knows("unsure", email="unsure@example.org", email_verified=False)
        yield served


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Dashboard]:
    """A dashboard with a run, where people sign in."""
    folder = tmp_path_factory.mktemp("dashboard")
    secrets = f"--secrets.files={provider.secrets(folder)}"
    with running_dashboard(folder, secrets, SIGN_IN="openid") as served:
        yield served


@pytest.fixture(scope="module")
def run_id(dashboard: Dashboard) -> str:
    return add(dashboard.store, Sample(name="a secret run"))


@pytest.fixture
def someone(browser: Browser, dashboard: Dashboard) -> Iterator[NewBrowser]:
    contexts: list[BrowserContext] = []

    def opened(cookies: StorageState | None = None) -> Visit:
        contexts.append(browser.new_context(viewport={"width": 390, "height": 900}, storage_state=cookies))
        contexts[-1].set_default_timeout(30_000)
        return Visit(dashboard.address, contexts[-1])

    yield opened
    for context in contexts:
        context.close()


def known(store: Store) -> dict[str, str]:
    return members.names_of(store)


def test_a_link_with_filters_and_a_run_leads_there_through_signing_in(someone: NewBrowser, run_id: str) -> None:
    visit = someone()
    page = visit.open(f"runs?run={run_id}&section=config&state=failed")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert page.get_by_text("a secret run").count() == 0
    visit.sign_in(page, "ben")
    assert page.url == f"{visit.address}/runs?run={run_id}&section=config&state=failed"
    expect(page.get_by_role("heading", name="a secret run")).to_be_visible()


NO_REFERRER = """document.addEventListener("DOMContentLoaded", () => {
    const policy = Object.assign(document.createElement("meta"), { name: "referrer", content: "no-referrer" });
    document.head.append(policy);
});"""


def test_a_link_leads_there_where_the_browser_does_not_say_where_it_comes_from(
    someone: NewBrowser, run_id: str
) -> None:
    visit = someone()
    visit.context.add_init_script(NO_REFERRER)
    asked: list[PlaywrightRequest] = []
    visit.context.on("request", lambda request: asked.append(request) if "/auth/login" in request.url else None)
    page = visit.open(f"runs?run={run_id}&section=config&state=failed")
    visit.sign_in(page, "ben")
    assert [request.headers.get("referer") for request in asked] == [None]
    assert page.url == f"{visit.address}/runs?run={run_id}&section=config&state=failed"
    kept = {cookie["name"] for cookie in visit.context.cookies()}
    assert "lookbook_wanted" not in kept
    assert "lookbook_sign_in" in kept


def test_three_people_are_known_by_address_name_and_role(
    someone: NewBrowser, dashboard: Dashboard, provider: Provider
) -> None:
    members.give_role(dashboard.store, "ada@example.org", Role.ADMIN)
    members.give_role(dashboard.store, "group:reviewers", Role.REVIEW)
    for subject, name, mail, role in (
        ("ada", "Ada Lovelace", "ada@example.org", "admin"),
        ("ben", "Ben", "ben@example.org", "review"),
        ("cleo", "Cleo", "cleo@example.org", "look"),
    ):
        visit = someone()
        page = visit.open()
        visit.sign_in(page, subject)
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text(mail)).to_be_visible()
        expect(page.get_by_text(f"Role: {role}")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert known(dashboard.store)[mail] == name
    provider.knows("cleo", email="CLEO@example.org", name="Cleopatra")
    visit = someone()
    visit.sign_in(visit.open(), "cleo")
    assert known(dashboard.store)["cleo@example.org"] == "Cleopatra"


def test_signing_out_ends_every_tab_of_the_browser_within_a_minute_and_no_other_browser(
    someone: NewBrowser, dashboard: Dashboard, run_id: str
) -> None:
    visit, other_visit = someone(), someone()
    elsewhere = other_visit.open("runs")
    other_visit.sign_in(elsewhere, "ada")
    first = visit.open("runs")
    visit.sign_in(first, "ada")
    second, live = visit.open(f"runs?run={run_id}"), visit.open("runs")
    expect(second.get_by_role("heading", name="a secret run")).to_be_visible()
    kept = visit.context.storage_state()
    visit.sign_out(first, "Ada Lovelace")
    for page in (second, live):
        expect(page.get_by_text("You have signed out")).to_be_visible(timeout=ENDS_WITHIN_MS)
        assert page.get_by_text("a secret run").count() == 0
        assert page.get_by_role("link", name="Runs").count() == 0
    elsewhere.reload()
    expect(elsewhere.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    # A copy of the cookies opens nothing any more, though Streamlit's own is good for 30 days.
    page = someone(kept).open(f"runs?run={run_id}")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert page.get_by_text("a secret run").count() == 0
    visit.sign_in(second, "ada")
    assert second.url == f"{dashboard.address}/runs?run={run_id}"


def test_what_an_admin_changes_on_the_page_team_counts_at_once_in_a_page_that_is_open(
    someone: NewBrowser, dashboard: Dashboard, run_id: str
) -> None:
    members.give_role(dashboard.store, "ada@example.org", Role.ADMIN)
    admin, other = someone(), someone()
    opened = other.open(f"runs?run={run_id}")
    other.sign_in(opened, "cleo")
    team = admin.open("team")
    team.set_viewport_size({"width": 1440, "height": 1000})
    admin.sign_in(team, "ada")
    team.get_by_label("E-mail address, or group").fill("cleo@example.org")
    team.get_by_role("combobox", name="Role").click()
    team.get_by_role("option", name="Launch").click()
    team.get_by_role("button", name="Save the role").click()
    expect(team.get_by_text("cleo@example.org has the role launch now")).to_be_visible()
    opened.get_by_role("radio", name="History").click()
    settle(opened)
    opened.get_by_role("button", name=re.compile("^Cleo")).click()
    expect(opened.get_by_text("Role: launch")).to_be_visible()
    opened.keyboard.press("Escape")
    team.get_by_role("combobox", name="Person").click()
    team.get_by_role("option", name="cleo@example.org").click()
    team.get_by_role("button", name="Keep out").click()
    expect(team.get_by_text("cleo@example.org is kept out")).to_be_visible()
    opened.get_by_role("radio", name="Files").click()
    expect(opened.get_by_text("may not use this server")).to_be_visible()
    assert opened.get_by_text("a secret run").count() == 0
    members.set_removed(dashboard.store, "cleo@example.org", False)
    members.give_role(dashboard.store, "cleo@example.org", None)


def test_a_viewer_reads_what_a_reviewer_writes_and_signs_off_and_its_owner_finds_it(
    someone: NewBrowser, dashboard: Dashboard
) -> None:
    members.give_role(dashboard.store, "ada@example.org", Role.ADMIN)
    members.give_role(dashboard.store, "group:reviewers", Role.REVIEW)
    run_id = add(dashboard.store, Sample(name="for review", columns={"owner": "ada@example.org"}))
    reviewer, viewer, owner = someone(), someone(), someone()
    where = f"runs?run={run_id}&section=review"
    page = reviewer.open(where)
    reviewer.sign_in(page, "ben")
    page.get_by_role("textbox", name="New comment").fill("Epoch 3 is **odd**.")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("odd", exact=True)).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("◆ accepted")).to_be_visible()
    page = viewer.open(where)
    viewer.sign_in(page, "cleo")
    expect(page.get_by_text("odd", exact=True)).to_be_visible()
    expect(page.get_by_text("launching takes the role launch")).to_have_count(0)
    for control in ("Accept", "Comment", "Delete"):
        expect(page.get_by_role("button", name=control, exact=True)).to_have_count(0)
    page.goto(f"{viewer.address}/launch")
    expect(page.get_by_text("launching takes the role launch")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Launch"))).to_have_count(0)
    page = owner.open(f"runs?run={run_id}&section=history")
    owner.sign_in(page, "ada")
    for words in ("commented", "reviewed"):
        expect(page.get_by_text(words, exact=True).first).to_be_visible()
    members.give_role(dashboard.store, "group:reviewers", None)


def test_a_table_is_saved_in_the_name_of_who_has_signed_in(
    someone: NewBrowser, dashboard: Dashboard, run_id: str
) -> None:
    run_edits.set_note(dashboard.store, run_id, "worth a look")
    visit = someone()
    page = visit.open(f"runs?run={run_id}&section=history")
    visit.sign_in(page, "ben")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(r"^CSV of \d+ change")).click()
    assert "worth a look" in download.value.path().read_text(encoding="utf-8-sig")
    page.goto(f"{dashboard.address}/runs")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(r"^CSV of (the|all)")).click()
    assert run_id in download.value.path().read_text(encoding="utf-8-sig")


def test_the_record_has_who_downloaded_an_export(someone: NewBrowser, dashboard: Dashboard, run_id: str) -> None:
    package = run_files.files_of(dashboard.store, run_id).package
    package.mkdir(parents=True)
    (package / "model-card.md").write_text("# A card")
    visit = someone()
    page = visit.open(f"runs?run={run_id}&section=files")
    visit.sign_in(page, "ben")
    with page.expect_download() as download:
        page.get_by_role("button", name="Model card, 8 B").click()
    assert download.value.path().read_text() == "# A card"
    (taken,) = list_changes(dashboard.store, Wanted(actions=[Action.DOWNLOADED]))
    assert (taken.person, taken.run_id) == ("ben@example.org", run_id)
    assert taken.subject.endswith("model-card.md")


def test_downloads_and_uploads_are_for_who_has_signed_in_only(
    someone: NewBrowser, dashboard: Dashboard, run_id: str
) -> None:
    visit = someone()
    page = visit.open(f"runs?run={run_id}")
    visit.sign_in(page, "ben")
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    report = download.value.url
    assert "/media/" in report
    assert page.request.get(report).ok
    page.goto(f"{dashboard.address}/predict")
    with page.expect_response("**/_stcore/upload_file/**") as uploaded:
        page.locator("input[type=file]").first.set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": b"x"}
        )
    assert uploaded.value.ok
    for request in (
        Request(report),
        Request(uploaded.value.url, b"x", method="PUT"),
        Request(uploaded.value.url, method="DELETE"),
        Request(f"{dashboard.address}/_stcore/metrics"),
    ):
        with pytest.raises(HTTPError, match="401"):
            urlopen(request)
    with urlopen(f"{dashboard.address}/_stcore/health") as health:
        assert health.status == 200


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [("nomail", "has sent no e-mail address"), ("unsure", "has not been verified")],
)
def test_who_cannot_be_known_by_address_is_told_why_and_can_sign_out(
    subject: str, sentence: str, someone: NewBrowser, run_id: str
) -> None:
    visit = someone()
    page = visit.open(f"runs?run={run_id}")
    visit.sign_in(page, subject)
    expect(page.get_by_text(re.compile(sentence))).to_be_visible()
    assert page.get_by_text("a secret run").count() == 0
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/oauth2/end_session**")


def test_who_is_removed_sees_nothing_any_more(someone: NewBrowser, dashboard: Dashboard) -> None:
    visit = someone()
    page = visit.open("runs")
    visit.sign_in(page, "cleo")
    members.set_removed(dashboard.store, "cleo@example.org", True)
    page.reload()
    expect(page.get_by_text(re.compile("may not use this server"))).to_be_visible()
    members.set_removed(dashboard.store, "cleo@example.org", False)
    page.reload()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()


def test_who_refuses_at_the_provider_is_told_and_led_back(someone: NewBrowser) -> None:
    visit = someone()
    page = visit.open("compare?runs=a")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("Signing in did not work")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    assert page.url == f"{visit.address}/compare?runs=a"


def test_what_stands_around_signing_in_is_accessible_and_fits_a_phone(someone: NewBrowser, provider: Provider) -> None:
    provider.knows("long", email=f"{'l' * 60}@example.org", name="A Rather Long Name Of Four Parts And More " * 4)
    visit = someone()
    page = visit.open("runs")
    assert (serious(page), sideways(page)) == ([], 0)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("link", name="Try again")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("link", name="Try again").click()
    settle(page)
    visit.sign_in(page, "long")
    page.get_by_role("button", name="A Rather Long Name").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert (serious(page), sideways(page)) == ([], 0)


def test_on_another_name_of_this_machine_one_is_led_to_where_the_provider_leads_back(
    someone: NewBrowser, dashboard: Dashboard
) -> None:
    page = someone().context.new_page()
    page.goto(f"{dashboard.address.replace('127.0.0.1', 'localhost')}/runs?state=failed")
    link = page.get_by_role("link", name=re.compile("Sign in at 127.0.0.1"))
    assert link.get_attribute("href") == f"{dashboard.address}/runs?state=failed"


def test_a_provider_that_is_down_is_said_with_a_way_to_try_again(someone: NewBrowser, tmp_path: Path) -> None:
    with (
        running_provider() as brief,
        running_dashboard(tmp_path, f"--secrets.files={brief.secrets(tmp_path)}", SIGN_IN="openid") as served,
    ):
        visit = Visit(served.address, someone().context)
        signed_in, waiting = visit.open("runs"), visit.open("runs?state=failed")
        visit.sign_in(signed_in, "ada@example.org")
        brief.process.kill()
        brief.process.wait()
        waiting.get_by_role("button", name="Sign in", exact=True).click()
        expect(waiting.get_by_text("The sign-in provider does not answer")).to_be_visible()
        assert "Traceback" not in waiting.content()
        # Who is in stays in.
        signed_in.reload()
        expect(signed_in.get_by_role("heading", name="Runs")).to_be_visible()
        with running_provider(int(brief.address.rpartition(":")[2])):
            waiting.get_by_role("link", name="Try again").click()
            assert waiting.url == f"{served.address}/runs?state=failed"


def test_a_session_ends_by_itself_after_the_time_that_is_set(
    someone: NewBrowser, provider: Provider, tmp_path: Path
) -> None:
    secrets = f"--secrets.files={provider.secrets(tmp_path)}"
    with running_dashboard(tmp_path, secrets, SIGN_IN="openid", SESSION_HOURS=str(20 / 3_600)) as served:
        visit = Visit(served.address, someone().context)
        page = visit.open("runs")
        visit.sign_in(page, "ada")
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()
        expect(page.get_by_text("your session has ended")).to_be_visible(timeout=ENDS_WITHIN_MS)
        assert page.get_by_role("heading", name="Runs").count() == 0
