"""Data: an imported version, in colour, with its findings; and a link to one that is not there."""

import shutil
from pathlib import Path

import pytest

from core.config import RunConfig
from core.datasets import importing, versions
from core.datasets.importing import Options
from core.datasets.versions import Version
from jobs.running.queue import launch
from jobs.settings import settings
from jobs.store.store import Store
from tests.core.datasets.pictures import class_folders
from tests.dashboard.app import OpenPage, texts


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """Thirty colour pictures of two classes, stored in the data folder of the dashboard."""
    class_folders(tmp_path / "pets", {"cat": 15, "dog": 15})
    return stored(tmp_path, monkeypatch)


@pytest.fixture
def leaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """A version with a test picture among those to learn from."""
    class_folders(tmp_path / "pets" / "train", {"cat": 5, "dog": 5})
    class_folders(tmp_path / "pets" / "test", {"cat": 3, "dog": 3}, first=10)
    shutil.copy(tmp_path / "pets" / "test" / "cat" / "10.png", tmp_path / "pets" / "train" / "cat" / "copy.png")
    return stored(tmp_path, monkeypatch)


def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """The folder of pets as a version in the data folder of the dashboard."""
    data = tmp_path / "data"
    monkeypatch.setenv("LOOKBOOK_DATA", str(data))
    settings.cache_clear()
    options = Options()
    listing = importing.read_source_of(tmp_path / "pets", options)
    with importing.planned(data, "pets", listing, "pets", options, print) as plan:
        return plan.store(data)


def test_an_imported_version_shows_its_classes_counts_and_hash(pets: Version, open_page: OpenPage) -> None:
    app = open_page("data", data=pets.hash)
    assert not app.exception
    assert pets.hash in [code.value for code in app.code]
    assert list(app.table[0].value.index) == ["cat", "dog", "All"]
    assert "0 runs learn from it." in texts(app)


def test_a_link_to_a_version_that_is_not_there_says_so(pets: Version, open_page: OpenPage) -> None:
    app = open_page("data", data="0" * 64)
    assert pets.hash not in [code.value for code in app.code]
    assert "Unknown for “Data set”" in texts(app)


def test_a_click_stores_a_version_without_the_copies_of_test_images(leaking: Version, open_page: OpenPage) -> None:
    app = open_page("data", data=leaking.hash)
    app.button(key="repair").click().run()
    newest = versions.find(settings().data, "pets")
    assert (newest.number, newest.size) == (2, leaking.size - 1)
    assert newest.hash in [code.value for code in app.code]
    assert not app.exception


def test_a_version_that_no_run_needs_is_deleted(pets: Version, open_page: OpenPage) -> None:
    app = open_page("data", data=pets.hash)
    app.button(key="delete_version").click().run()
    assert [version.label for version in versions.list_versions(settings().data)] == ["fashion-mnist"]
    assert not app.exception


def test_a_version_that_a_run_needs_is_not_deleted(pets: Version, store: Store, open_page: OpenPage) -> None:
    launch(store, RunConfig(data=pets.pinned), name="pet finder")
    app = open_page("data", data=pets.hash)
    assert "delete_version" not in [button.key for button in app.button]
    assert any("pet finder" in error.value for error in app.error)
