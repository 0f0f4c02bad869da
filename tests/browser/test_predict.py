"""Predict in a real browser: photos dropped together, broken ones among them, and a corrected polarity."""

import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Iterator

import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from core.answers.verdict import Verdict
from dashboard.sections.predict import samples
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard
from tests.browser.test_accessibility import serious, sideways
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser

# What the browser does when somebody presses Ctrl+V with a picture in the clipboard.
PASTE = """(base64) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""

# The files of a drag from the desktop.
DROPPED = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, base64] of Object.entries(files)) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  return transfer;
}"""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with running_dashboard(tmp_path_factory.mktemp("predict")) as served:
        yield served


@pytest.fixture(scope="module")
def ids(dashboard: Dashboard) -> list[str]:
    return [add_run_with_model(dashboard.store, name, seed) for seed, name in enumerate(("one", "two"))]


def file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def vast() -> bytes:
    packed = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(packed, "PNG")
    return packed.getvalue()


def test_photos_are_answered_together_and_broken_ones_each_say_why(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"predict?run={ids[0]}&run={ids[1]}")
    shirt = samples.draw_sample("T-shirt")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [
            file("shirt.png", shirt),
            file("text.jpg", b"no picture at all"),
            file("cut.png", shirt[:-300]),
            file("empty.webp", b""),
            file("vast.png", vast()),
            file("bag.png", samples.draw_sample("bag")),
        ]
    )
    for name in ("shirt.png", "bag.png"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(page.get_by_role("img", name=f"{name}: what the model sees")).to_be_visible()
    messages = page.get_by_test_id("stAlert")
    expect(messages).to_have_count(3)
    for name, reason in (("text.jpg", "not a picture"), ("cut.png", "cut short"), ("empty.webp", "0 bytes")):
        expect(messages.filter(has_text=name)).to_contain_text(reason)
    page.get_by_text("1 more file could not be read").click()
    # The table below the photos says it too, once it is drawn.
    expect(page.get_by_role("listitem").filter(has_text="vast.png is too large")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all probabilities (CSV)").click()
    rows = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 2 * 2 + 4


def test_the_answers_of_a_zip_are_shown_while_the_others_are_worked_out(ids: list[str], open_page: OpenPage) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for number in range(100):
            opened.writestr(f"{number}.png", samples.draw_sample("bag"))
    page = open_page(f"predict?run={ids[0]}")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([file("many.zip", packed.getvalue())])
    expect(page.get_by_text(re.compile(r"^\d+ of 100 photos$"))).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_role("heading", name="All predictions")).to_have_count(0)
    expect(page.get_by_role("heading", name="All predictions")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("of 100 photos$"))).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(1)


def test_photos_of_a_phone_are_dropped_with_a_table_of_their_classes(ids: list[str], open_page: OpenPage) -> None:
    pillow_heif.register_heif_opener()
    phone = io.BytesIO()
    Image.open(io.BytesIO(samples.draw_sample("bag"))).convert("RGB").save(phone, "HEIF")
    page = open_page(f"predict?run={ids[0]}")
    zone = page.get_by_test_id("stFileUploaderDropzone")
    expect(zone).to_be_visible()
    dropped = {"bag.heic": phone.getvalue(), "labels.csv": b"file,label\nbag.heic,Bag\n"}
    files = page.evaluate_handle(DROPPED, {name: b64encode(content).decode() for name, content in dropped.items()})
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": files})
    expect(page.get_by_role("heading", name="bag.heic")).to_be_visible()
    expect(page.get_by_text("True class: Bag.")).to_be_visible()
    expect(page.get_by_role("heading", name="Accuracy on labelled photos")).to_be_visible()


@pytest.mark.parametrize(
    ("verdict", "words"), [("sure", "Sure: "), ("not sure", "Not sure: "), ("none of these", "None of these.")]
)
def test_the_verdict_is_what_is_read_first(
    dashboard: Dashboard, open_page: OpenPage, verdict: Verdict, words: str
) -> None:
    run_id = add_run_with_model(dashboard.store, verdict, verdict=verdict)
    page = open_page(f"predict?run={run_id}&sample=bag")
    expect(page.locator("strong").filter(has_text=words)).to_be_visible()


def test_without_cutting_out_the_whole_picture_is_seen(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"predict?run={ids[0]}&sample=bag")
    seen = page.get_by_role("img", name="Drawn bag: what the model sees")
    before = seen.get_attribute("src")
    page.get_by_text("Cut out the item").click()
    expect(page.get_by_text("Not cut out: the whole picture is used")).to_be_visible()
    expect(seen).not_to_have_attribute("src", before)


def test_a_corrected_polarity_changes_what_the_model_sees_at_once(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"predict?run={ids[0]}&sample=bag")
    seen = page.get_by_role("img", name="Drawn bag: what the model sees")
    before = seen.get_attribute("src")
    keep = page.get_by_role("radio", name="Keep", exact=True)
    keep.or_(page.get_by_role("button", name="Keep", exact=True)).first.click()
    expect(page.get_by_text("kept (as chosen)")).to_be_visible()
    expect(seen).not_to_have_attribute("src", before)


def test_a_picture_is_pasted_from_the_clipboard_and_removed_again(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"predict?run={ids[0]}")
    page.get_by_test_id("stChatInput").locator("textarea").focus()
    page.evaluate(PASTE, b64encode(samples.draw_sample("bag")).decode("ascii"))
    expect(page.get_by_role("img", name="pasted.png", exact=True)).to_be_visible()
    page.get_by_role("button", name="Send message").click()
    expect(page.get_by_role("heading", name="pasted.png")).to_be_visible()
    page.get_by_role("button", name="Remove this upload").click()
    expect(page.get_by_role("heading", name="pasted.png")).to_have_count(0)
    expect(page.get_by_text("Add photos or choose")).to_be_visible()


def test_a_crop_and_a_turn_change_what_the_model_sees_at_once(ids: list[str], open_page: OpenPage) -> None:
    page = open_page(f"predict?run={ids[0]}&sample=bag")
    seen = page.get_by_role("img", name="Drawn bag: what the model sees")
    before = seen.get_attribute("src")
    page.get_by_text("Crop", exact=True).click()
    page.get_by_role("slider", name="Left and right edge").first.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    expect(seen).not_to_have_attribute("src", before)
    cropped = seen.get_attribute("src")
    page.get_by_role("radio", name="90°").or_(page.get_by_role("button", name="90°")).first.click()
    expect(seen).not_to_have_attribute("src", cropped)


def test_labelled_photos_in_a_zip_are_kept_as_a_set_that_runs_are_compared_on(
    ids: list[str], dashboard: Dashboard, open_page: OpenPage
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as shelf:
        for place in range(3):
            shelf.writestr(f"Bag/{place}.png", samples.draw_sample("bag"))
        shelf.writestr("Trouser/1.png", samples.draw_sample("trouser"))
    page = open_page(f"predict?run={ids[0]}&run={ids[1]}")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([file("shelf.zip", packed.getvalue())])
    expect(page.get_by_role("heading", name="Accuracy on labelled photos")).to_be_visible()
    expect(page.get_by_role("button", name="true Bag, predicted Bag")).to_be_visible()
    page.get_by_label("Name of the set").fill("shelf")
    page.get_by_role("button", name="Keep photos").click()
    page.get_by_role("button", name="Open the set").click()
    page.get_by_role("button", name="Measure 2 runs").click()
    expect(page.get_by_text("these 4 images").first).to_be_visible()
    assert serious(page) == []
    page.get_by_role("button", name="Delete this set").click()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("No photo sets yet")).to_be_visible()
    assert not list(dashboard.store.artifacts.glob("photo-sets/*"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_answers_have_no_serious_violation_and_fit_on_a_phone(ids: list[str], open_page: OpenPage, dark: bool) -> None:
    page = open_page(f"predict?run={ids[0]}&run={ids[1]}&sample=bag&sample=trouser", width=390, dark=dark)
    expect(page.get_by_role("heading", name="All predictions")).to_be_visible()
    assert serious(page) == []
    assert sideways(page) <= 0
