"""What the page promises to take is taken by the server too: zips up to their limit, and what is larger is told."""

import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.photos.picture import MAX_BYTES
from dashboard.sections.predict import samples
from tests.browser.conftest import Dashboard, OpenPage, running_dashboard
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser

UPLOADED_MS = 90_000
NAMES = ("T-shirt", "trouser", "bag")
PROMISED = 100 * 10**6
"""Bytes of a zip that the page says it takes: a megabyte is a million bytes in the browser."""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with running_dashboard(tmp_path_factory.mktemp("uploads")) as served:
        yield served


@pytest.fixture(scope="module")
def run_id(dashboard: Dashboard) -> str:
    return add_run_with_model(dashboard.store, "one")


def zip_of_size(path: Path, size: int) -> Path:
    """A zip of exactly that many bytes, as PowerShell writes names: three photos and a film that nothing packs."""
    with zipfile.ZipFile(path, "w") as target:
        for name in NAMES:
            target.writestr(f"shelf\\{name}.png", samples.draw_sample(name))
        missing = size - _length(path, target) - _around("shelf\\film.mov")
        target.writestr("shelf\\film.mov", random.Random(0).randbytes(missing))
    assert path.stat().st_size == size
    return path


def _length(path: Path, target: zipfile.ZipFile) -> int:
    """Bytes of the zip as it would be closed now."""
    entries = sum(46 + len(entry.filename) for entry in target.infolist())
    target.fp.flush()
    return path.stat().st_size + entries + 22


def _around(name: str) -> int:
    return 30 + 46 + 2 * len(name)


def give(page: Page, *paths: Path) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(paths)


@pytest.mark.parametrize("size", [30 * 10**6, PROMISED], ids=["30 MB", "as large as promised"])
def test_a_zip_that_is_larger_than_a_photo_may_be_is_taken_and_answered(
    run_id: str, open_page: OpenPage, tmp_path: Path, size: int
) -> None:
    page = open_page(f"predict?run={run_id}")
    give(page, zip_of_size(tmp_path / "shelf.zip", size))
    for name in NAMES:
        expect(page.get_by_role("heading", name=f"shelf.zip/shelf/{name}.png")).to_be_visible(timeout=UPLOADED_MS)
    expect(page.get_by_text("1 other file was ignored: film.mov.")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_zip_that_is_too_large_is_told_so_in_a_sentence(run_id: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(f"predict?run={run_id}")
    give(page, zip_of_size(tmp_path / "shelf.zip", PROMISED + 1))
    alert = page.get_by_test_id("stFileUploader").get_by_role("alert")
    expect(alert).to_have_text("Error: File must be 100.0MB or smaller.")
    # Streamlit says it to readers of the screen only, in a box of one pixel.
    box = alert.bounding_box()
    assert box["width"] > 100
    assert box["height"] > 10


def test_a_single_photo_that_is_too_large_is_told_so_in_a_sentence(
    run_id: str, open_page: OpenPage, tmp_path: Path
) -> None:
    large = io.BytesIO()
    Image.frombytes("RGB", (2_000, 2_000), random.Random(0).randbytes(12_000_000)).save(large, "PNG", compress_level=0)
    assert len(large.getvalue()) > MAX_BYTES
    (tmp_path / "large.png").write_bytes(large.getvalue())
    page = open_page(f"predict?run={run_id}")
    give(page, tmp_path / "large.png")
    expect(page.get_by_test_id("stAlert")).to_contain_text("large.png has 11.4 MB; the limit is 10 MB.")
