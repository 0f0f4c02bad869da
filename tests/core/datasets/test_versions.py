"""Versions are named, listed, verified and deleted; Fashion-MNIST is one of them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_NAMES
from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.datasets import versions
from core.datasets.opening import open_version, read_content, read_health, verify
from core.datasets.versions import FASHION_MNIST_HASH, Version, find, folder_of, list_versions
from core.errors import DataError, DataSetError
from tests.core.datasets.pictures import class_folders, imported

DATA = Path(__file__).resolve().parents[3] / "data"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Version]]:
    """A data folder with two versions of shoes and one of shorts."""
    root = tmp_path_factory.mktemp("shelf")
    pictures = class_folders(root / "shoes", {"left": 8, "right": 8})
    first = imported(root / "data", pictures, "Shoes")
    class_folders(pictures, {"left": 2}, 50)
    second = imported(root / "data", pictures, "Shoes")
    class_folders(pictures, {"right": 2}, 60)
    return root / "data", [first, second, imported(root / "data", pictures, "Shorts")]


def test_a_name_means_its_newest_version_and_a_number_or_hash_another(shelf: tuple[Path, list[Version]]) -> None:
    data, (first, second, shorts) = shelf
    assert find(data, "shoes") == find(data, " SHOES@2 ") == second
    assert find(data, "Shoes@1") == find(data, first.hash) == find(data, first.hash[:6].upper()) == first
    assert find(data, "shorts") == shorts
    assert [version.label for version in list_versions(data)] == ["fashion-mnist", "Shorts@1", "Shoes@2", "Shoes@1"]


@pytest.mark.parametrize(
    ("text", "advice"),
    [("shoe", "Did you mean Shoes"), ("shoes@3", "Did you mean Shoes"), ("", "data list"), ("0" * 64, "data list")],
)
def test_what_names_no_version_is_refused_with_near_names(
    shelf: tuple[Path, list[Version]], text: str, advice: str
) -> None:
    with pytest.raises(DataSetError, match="There is no data set") as caught:
        find(shelf[0], text)
    assert advice in caught.value.advice


def test_fashion_mnist_is_always_there_by_its_name_and_hash(tmp_path: Path) -> None:
    version = find(tmp_path, "fashion-mnist")
    assert version == find(tmp_path, FASHION_MNIST_HASH[:8]) == list_versions(tmp_path)[0]
    assert (version.label, version.classes, version.count("train"), version.count("test")) == (
        *("fashion-mnist", CLASS_NAMES),
        *(60_000, 10_000),
    )
    with pytest.raises(DataError, match="is missing"):
        open_version(tmp_path, "fashion-mnist")
    with pytest.raises(DataSetError, match="cannot be deleted"):
        versions.set_aside(tmp_path, version)


@pytest.fixture(scope="module")
def published() -> DataSet:
    if not fashion_mnist.is_present(DATA):
        pytest.fail(f"Fashion-MNIST is not in {DATA}: run `python -m jobs data` first.")
    return fashion_mnist.load(DATA)


def test_the_hash_of_fashion_mnist_is_that_of_the_published_files(published: DataSet) -> None:
    assert read_content(DATA, versions.fashion_mnist_version()).hash() == FASHION_MNIST_HASH
    opened = open_version(DATA, "fashion-mnist")
    assert (opened.train_images == published.train_images).all()
    assert (opened.test_labels == published.test_labels).all()
    counts = versions.fashion_mnist_version().counts
    assert counts["train"] == tuple(np.bincount(published.train_labels).tolist())
    assert counts["test"] == tuple(np.bincount(published.test_labels).tolist())


def test_a_whole_version_is_verified_and_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    version = imported(tmp_path / "data", class_folders(tmp_path / "pets", {"cat": 6, "dog": 6}))
    verify(tmp_path / "data", version)
    images = folder_of(tmp_path / "data", version) / versions.IMAGES
    os.chmod(images, 0o644)
    with images.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    with pytest.raises(DataSetError, match="their hash is another one") as caught:
        verify(tmp_path / "data", version)
    assert "import it again" in caught.value.advice


@pytest.mark.parametrize("file", [versions.IMAGES, versions.LABELS, versions.SPLIT_FILE, versions.NAMES])
@pytest.mark.parametrize("harm", ["gone", "cut", "other"])
def test_a_damaged_version_is_refused_in_words(tmp_path: Path, file: str, harm: str) -> None:
    version = imported(tmp_path / "data", class_folders(tmp_path / "pets", {"cat": 6, "dog": 6}))
    path = folder_of(tmp_path / "data", version) / file
    content = path.read_bytes()
    path.unlink()
    if harm == "cut":
        path.write_bytes(content[:-1])
    elif harm == "other" and file == versions.NAMES:
        path.write_text(json.dumps(["a"]))
    elif harm == "other":
        np.save(path, np.zeros(3, np.uint8))
    with pytest.raises(DataSetError, match="missing or damaged|do not fit|is damaged"):
        open_version(tmp_path / "data", version.hash)


def test_a_version_whose_description_is_damaged_is_not_listed(tmp_path: Path) -> None:
    version = imported(tmp_path / "data", class_folders(tmp_path / "pets", {"cat": 6, "dog": 6}))
    path = folder_of(tmp_path / "data", version) / versions.VERSION
    stated = json.loads(path.read_text())
    for text in ("{", json.dumps({**stated, "format": 2}), json.dumps({**stated, "hash": "0" * 64})):
        path.unlink()
        path.write_text(text)
        assert list_versions(tmp_path / "data") == [versions.fashion_mnist_version()]


def test_a_version_that_is_set_aside_is_not_listed_until_it_is_put_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    version = imported(data, class_folders(tmp_path / "pets", {"cat": 6, "dog": 6}))
    size = versions.bytes_used(data, version)
    assert size > 12 * 28 * 28 * 3
    aside = versions.set_aside(data, version)
    assert list_versions(data) == [versions.fashion_mnist_version()]
    assert versions.bytes_used(data, version) == 0
    versions.put_back(data, version, aside)
    assert list_versions(data)[1:] == [version]
    assert versions.bytes_used(data, version) == size


def test_content_and_health_read_back_are_those_that_were_stored(tmp_path: Path) -> None:
    version = imported(tmp_path / "data", class_folders(tmp_path / "pets", {"cat": 6, "dog": 6}))
    content = read_content(tmp_path / "data", version)
    assert content.hash() == version.hash
    health = read_health(tmp_path / "data", version)
    assert (health.widths, health.heights) == ((40, 40.0, 40), (40, 40.0, 40))
    assert read_health(tmp_path / "data", versions.fashion_mnist_version()) is None
