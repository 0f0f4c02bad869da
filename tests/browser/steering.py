"""What tests of the whole way do on the pages: launch a run by the form, and look at it until it has finished."""

import re
import time

from playwright.sync_api import Page

from jobs.store import queries
from jobs.store.store import Store
from tests.browser.conftest import settle

TRAINED_WITHIN_S = 240


def set_field(page: Page, label: str, value: object) -> None:
    """Type a value into the field of that name and let the page run."""
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")
    settle(page)


def launch(page: Page, form: str, preset: str, **fields: object) -> str:
    """Fill the launch form, by its address, for a preset and launch; return the id of the run whose page then opens."""
    page.goto(form)
    page.get_by_role("heading", name="Launch").wait_for()
    page.locator(f".st-key-choose_{preset} button").first.click()
    if preset != "cnn":
        page.wait_for_url(f"**preset={preset}*")
    # The form of the preset before stands there until that of this one is drawn.
    settle(page)
    page.get_by_text("Advanced settings").click()
    for label, value in fields.items():
        set_field(page, label.replace("_", " "), value)
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url("**/runs?run=*")
    return re.search(r"run=(\w+)", page.url).group(1)


def follow(page: Page, store: Store, run_id: str) -> set[str]:
    """Look at the run's page until the run has finished; return every progress that was seen."""
    seen: set[str] = set()
    deadline = time.monotonic() + TRAINED_WITHIN_S
    while time.monotonic() < deadline:
        if page.get_by_text("✓ finished").count():
            return seen
        seen.update(page.get_by_text(re.compile(r"epoch \d+ of \d+, step")).all_text_contents())
        page.wait_for_timeout(300)
    raise AssertionError(f"{queries.get_run(store, run_id)} did not finish; {sorted(seen)}")
