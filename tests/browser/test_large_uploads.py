"""What the page promises of uploads holds in a real browser, whatever setting of the server it depends on."""

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.archives import MAX_ZIP_BYTES
from core.reading import MAX_BYTES
from dashboard import samples
from tests.browser.conftest import Dashboard
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.browser


def zip_of(megabytes: int) -> bytes:
    """A zip of a photo in the folder of its class, and of so many megabytes of music beside it."""
    packed, chance = io.BytesIO(), random.Random(0)
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("Bag/photo.png", samples.draw_sample("bag"))
        for number in range(megabytes // 9):
            target.writestr(f"Bag/song {number}.mp3", chance.randbytes(9 * 2**20))
    return packed.getvalue()


def test_a_zip_of_far_more_than_a_photo_may_have_is_taken_and_answered(
    dashboard: Dashboard, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    run_id = add_run_with_model(dashboard.store, "asked", verdict="sure")
    large = tmp_path / "shelf.zip"
    large.write_bytes(zip_of(63))
    assert 5 * MAX_BYTES < large.stat().st_size < MAX_ZIP_BYTES
    page = open_page(f"predict?run={run_id}")
    page.locator('input[type="file"]').first.set_input_files(large)
    expect(page.get_by_role("heading", name="shelf.zip/Bag/photo.png")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("7 files beside the photos were left out")).to_be_visible()
    expect(page.get_by_text("Right or wrong")).to_be_visible()
    photo = tmp_path / "huge.png"
    photo.write_bytes(samples.draw_sample("bag") + bytes(MAX_BYTES))
    page.locator('input[type="file"]').first.set_input_files(photo)
    expect(page.get_by_text("at most 10 MB are read")).to_be_visible()
