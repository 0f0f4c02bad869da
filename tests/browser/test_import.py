"""The whole way in a real browser, from a zip of pictures to the sentence on which model is better; folders, limits."""

import io
import os
import re
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits

from core.datasets import versions
from jobs.running import background
from jobs.store import locks
from jobs.tasks.uploads import Upload, get_upload
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard, settle, wait_until
from tests.browser.steering import follow, launch
from tests.core.datasets.pictures import class_folders

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LIMIT_MB = 3
READ_MS = 60_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("import")
    with running_dashboard(folder, DATA=str(data), UPLOAD_MB=str(LIMIT_MB)) as served:
        yield served


def zip_digits(path: Path) -> Path:
    """The 1,797 handwritten digits of scikit-learn as 8x8 pictures, a folder for each."""
    digits = load_digits()
    with zipfile.ZipFile(path, "w") as target:
        for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            picture = io.BytesIO()
            Image.fromarray((image * 15).astype("uint8")).save(picture, "PNG")
            target.writestr(f"digits/{label}/{number}.png", picture.getvalue())
    return path


def give(page: Page, name: str, path: Path) -> None:
    """Fill in the name and choose the files."""
    field = page.get_by_label("Name", exact=True)
    field.fill(name)
    field.press("Enter")
    settle(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(path)


def test_from_a_zip_to_the_sentence_on_which_model_is_better(
    dashboard: Dashboard, open_page: OpenPage, data: Path, tmp_path: Path
) -> None:
    page = open_page("data")
    page.get_by_role("button", name="Import pictures").click()
    page.get_by_role("heading", name="Import pictures").wait_for()
    give(page, "digits", zip_digits(tmp_path / "digits.zip"))
    page.get_by_role("button", name="Read the pictures").click()
    store = page.get_by_role("button", name="Store as digits@1")
    expect(store).to_be_enabled(timeout=READ_MS)
    expect(page.get_by_text("With 359 test images an accuracy of 90 % has an interval of 86 to 93 %")).to_be_visible()
    assert len(versions.list_versions(data)) == 1

    store.click()
    page.wait_for_url("**/data?data=*", timeout=READ_MS)
    expect(page.get_by_text("digits@1: 1,797 images of 10 classes, 28x28 pixels in grey.")).to_be_visible()
    pinned = versions.find(data, "digits").pinned

    run_ids = []
    for preset in ("cnn", "resnet-small"):
        form = f"{dashboard.address}/launch?data={pinned}"
        run_ids.append(launch(page, form, preset, Epochs=2, Threads=1))
        follow(page, dashboard.store, run_ids[-1])
    page.goto(f"{dashboard.address}/compare?run={run_ids[0]}&run={run_ids[1]}")
    expect(page.locator(".finding").first).to_contain_text(
        "cnn on digits@1 seed 0 is better than resnet-small on digits@1 seed 0 on these 359 images"
    )


def test_a_folder_of_class_folders_that_is_chosen_arrives_with_them(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("data?upload=new&as=folder")
    give(page, "pets", class_folders(tmp_path / "pets", {"cat": 8, "dog": 7}))
    page.get_by_role("button", name="Read the pictures").click()
    expect(page.get_by_role("button", name="Store as pets@1")).to_be_enabled(timeout=READ_MS)
    expect(page.get_by_text("pets@1: 15 images of 2 classes")).to_be_visible()


def suspended(page: Page, upload: Upload) -> int:
    """The process that reads an upload, as soon as there is one, suspended."""
    wait_until(page, lambda: background.holder(upload.task.lock) is not None)
    pid = background.holder(upload.task.lock)
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_an_import_that_is_killed_while_it_is_watched_says_so_goes_on_and_can_be_cancelled(
    open_page: OpenPage, data: Path, tmp_path: Path
) -> None:
    page = open_page("data?upload=new&as=folder")
    give(page, "birds", class_folders(tmp_path / "birds", {"owl": 8, "wren": 7}))
    page.get_by_role("button", name="Read the pictures").click()
    page.wait_for_url(re.compile("upload=(?!new)"))
    upload = get_upload(data, page.url.partition("upload=")[2])
    pid = suspended(page, upload)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()

    os.kill(pid, signal.SIGKILL)
    expect(page.get_by_text("It was interrupted. Try again.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    pid = suspended(page, upload)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Import pictures")).to_be_visible()
    expect(page.get_by_text("The import of birds is discarded.")).to_be_visible()
    assert not upload.folder.exists()
    assert not locks.is_held(upload.task.lock)


@pytest.mark.parametrize(("extra", "is_taken"), [(0, True), (1, False)], ids=["as large as promised", "larger"])
def test_the_limit_that_is_set_is_that_of_page_and_server(
    open_page: OpenPage, tmp_path: Path, extra: int, is_taken: bool
) -> None:
    content = b"PK\x03\x04"
    (tmp_path / "film.zip").write_bytes(content + bytes(LIMIT_MB * 10**6 - len(content) + extra))
    page = open_page("data?upload=new")
    give(page, "film", tmp_path / "film.zip")
    alert = page.get_by_test_id("stFileUploader").first.get_by_role("alert")
    read = page.get_by_role("button", name="Read the pictures")
    if is_taken:
        read.click()
        expect(page.get_by_text("film.zip is a damaged zip")).to_be_visible(timeout=READ_MS)
    else:
        expect(alert).to_have_text(f"Error: File must be {LIMIT_MB}.0MB or smaller.")
        expect(read).to_be_disabled()
