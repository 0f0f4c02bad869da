"""What torchvision downloads is read with its class names, and only where its files are the published ones."""

import gzip
import pickle
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from core.datasets.readers.published import fetch_published
from core.errors import DataSetError
from tests.core.datasets.test_readers import contents, idx_folder

pytestmark = pytest.mark.slow


def test_kmnist_that_was_downloaded_has_its_class_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "KMNIST" / "raw"
    images, _ = idx_folder(raw)
    for packed in list(raw.iterdir()):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    with pytest.raises(DataSetError, match="not the published file of kmnist"):
        fetch_published("kmnist", tmp_path)
    sums = [(path.name, md5(path.read_bytes()).hexdigest()) for path in raw.glob("*.gz")]
    monkeypatch.setattr(datasets.KMNIST, "resources", sums)
    listing = fetch_published("kmnist", tmp_path)
    assert [item.words for item in listing.items[:3]] == ["o", "ki", "su"]
    assert (np.stack(contents(listing)) == images).all()
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(DataSetError, match="could not be downloaded or read"):
        fetch_published("kmnist", tmp_path)


def test_cifar10_that_was_downloaded_is_read_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3072), dtype=np.uint8)
    written = {
        "data_batch_1": {"data": pixels[:4], "labels": [0, 1, 1, 0]},
        "test_batch": {"data": pixels[4:], "labels": [1, 0]},
        "batches.meta": {"label_names": ["airplane", "cat"]},
    }
    sums = {}
    for name, value in written.items():
        (folder / name).write_bytes(pickle.dumps(value))
        sums[name] = md5((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [("data_batch_1", sums["data_batch_1"])])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [("test_batch", sums["test_batch"])])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    listing = fetch_published("cifar10", tmp_path)
    assert [(item.split, item.words) for item in listing.items[3:]] == [
        *(("train", "airplane"), ("test", "cat"), ("test", "airplane")),
    ]
    assert (np.stack(contents(listing)) == pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)).all()
