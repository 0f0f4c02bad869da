"""What a machine of a cluster learns from is copied to it once, and is what it was where all see it."""

import threading
from pathlib import Path

import pytest

from core.data.idx import raw_folder
from core.datasets import versions
from core.datasets.versions import Version, fashion_mnist_version, folder_of
from core.errors import DataSetError
from core.presets import config_of
from jobs.running.node_cache import CacheUnusable, data_folder, with_weights_here
from jobs.running.run_data import open_data
from jobs.settings import settings
from tests import own_data


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that all see; this machine has a folder for copies."""
    monkeypatch.setenv("LOOKBOOK_NODE_CACHE", str(tmp_path / "cache"))
    return own_data.data_folder(tmp_path / "shared", monkeypatch)


@pytest.fixture
def version(shared: Path) -> Version:
    return own_data.store_colours(shared, "colours", classes=3, of_each=4)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_version_is_copied_once_and_learnt_from_there(shared: Path, version: Version, cache: Path) -> None:
    assert data_folder(version) == cache
    copied = folder_of(cache, version) / versions.IMAGES
    stamp = copied.stat().st_mtime_ns
    assert data_folder(version) == cache
    assert copied.stat().st_mtime_ns == stamp
    data = open_data(config_of("cnn", data=version.hash, input_size=8, epochs=1))
    assert data.train_images.shape[0] == version.count("train")
    assert shared.is_dir()


def test_a_damaged_copy_is_thrown_away_and_made_again(version: Version, cache: Path) -> None:
    data_folder(version)
    labels = folder_of(cache, version) / versions.LABELS
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    data_folder(version)
    assert labels.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"{}", b"no JSON"])
def test_a_copy_that_does_not_know_what_it_is_is_made_again(version: Version, cache: Path, content: bytes) -> None:
    data_folder(version)
    (folder_of(cache, version) / versions.VERSION).write_bytes(content)
    assert versions.with_hash(data_folder(version), version.hash) == version


def test_only_the_version_itself_is_copied(shared: Path, version: Version, cache: Path) -> None:
    (folder_of(shared, version) / "features.npy").write_bytes(b"being written")
    data_folder(version)
    assert not (folder_of(cache, version) / "features.npy").exists()


def test_what_is_damaged_where_all_see_it_is_not_learnt_from(shared: Path, version: Version) -> None:
    labels = folder_of(shared, version) / versions.LABELS
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DataSetError):
        data_folder(version)


def test_fashion_mnist_is_copied_too(shared: Path, cache: Path) -> None:
    assert data_folder(fashion_mnist_version()) == cache
    assert {path.name for path in raw_folder(cache).iterdir()} >= {"train-images-idx3-ubyte"}
    assert not raw_folder(cache).is_symlink()
    assert shared.is_dir()


def test_two_trainers_at_once_copy_it_once(version: Version, cache: Path) -> None:
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(data_folder(version))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders == [cache] * 4


def test_a_folder_that_cannot_be_written_is_named(version: Version, cache: Path) -> None:
    cache.write_text("no folder")
    with pytest.raises(CacheUnusable, match="cannot be copied") as raised:
        data_folder(version)
    assert "LOOKBOOK_NODE_CACHE" in raised.value.advice


def test_weights_are_copied_once_and_again_where_they_or_their_copy_have_changed(shared: Path, cache: Path) -> None:
    source = shared / "trunk.pth"
    source.write_bytes(b"weights")
    config = config_of("resnet18", weights_file=str(source))
    first = Path(str(with_weights_here(config).weights_file))
    assert first.is_relative_to(cache)
    assert first.read_bytes() == b"weights"
    first.write_bytes(b"damaged")
    assert with_weights_here(config).weights_file == str(first)
    assert first.read_bytes() == b"weights"
    source.write_bytes(b"other weights")
    assert Path(str(with_weights_here(config).weights_file)).read_bytes() == b"other weights"


def test_weights_that_are_not_there_are_left_to_who_reads_them(shared: Path) -> None:
    config = config_of("resnet18", weights_file=str(shared / "none.pth"))
    assert with_weights_here(config) == config


def test_without_a_folder_for_copies_everything_is_read_in_place(
    shared: Path, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOOKBOOK_NODE_CACHE")
    settings.cache_clear()
    assert data_folder(version) == shared
