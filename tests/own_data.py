"""A small data set of coloured shapes, imported as people import theirs, and runs that have really learnt from it."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import update

from core.config import RunConfig
from core.data.data_facts import facts_of
from core.data.data_set import DataSet
from core.datasets import importing
from core.datasets.duplicates import Duplicates
from core.datasets.health import TEST, TRAIN, examine
from core.datasets.importing import Options
from core.datasets.opening import open_version
from core.datasets.pixels.pixel_rows import stored_rows
from core.datasets.storing import in_stored_order
from core.datasets.storing import store as store_version
from core.datasets.versions import Version
from core.machine.clock import Clock
from core.presets import config_of
from jobs.running import queue, trainer
from jobs.running.claims import claim
from jobs.running.trainer_reports import Reporter, StopRequest
from jobs.settings import settings
from jobs.store import blobs
from jobs.store.queries import get_run
from jobs.store.records import Run
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample

NAMES = ("red square", "blue disc", "<b>green</b> *bar*")
"""The last one would be markup, if it were not shown as it is written."""
_COLOURS = ("#c03020", "#2040c0", "#20a040")
_OF_EACH = 24


def data_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that the settings name, with Fashion-MNIST where this installation has it."""
    whole = settings().data / "FashionMNIST"
    path.mkdir()
    (path / "FashionMNIST").symlink_to(whole.resolve())
    monkeypatch.setenv("LOOKBOOK_DATA", str(path))
    settings.cache_clear()
    return path


def import_shapes(folder: Path, source: Path, name: str = "shapes") -> Version:
    """The shapes as a version in a data folder; `source` is a folder that is not there yet."""
    generator = np.random.default_rng(0)
    for label, words in enumerate(NAMES):
        place = source / words.replace("/", "∕")
        place.mkdir(parents=True)
        for number in range(_OF_EACH):
            _draw(label, generator).save(place / f"{number}.png")
    return importing.add(folder, name, source, Options(side=28), lambda _message, _share: None)


def import_arrays(folder: Path, source: Path, data: DataSet, name: str = "birds") -> Version:
    """The images of a data set in memory, imported from files; `source` is a folder that is not there yet."""
    splits = {"train": (data.train_images, data.train_labels), "test": (data.test_images, data.test_labels)}
    for split, (images, labels) in splits.items():
        for number, (image, words) in enumerate(zip(images, data.class_names(labels), strict=True)):
            place = source / split / words
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number}.png")
    return importing.add(folder, name, source, Options(side=data.side), lambda _message, _share: None)


def store_colours(
    folder: Path, name: str, classes: int, of_each: int, *, side: int = 8, colour: bool = True
) -> Version:
    """A version of random pixels, with so many images of each class to learn from, and as many for the test."""
    labels = np.tile(np.arange(classes), 2 * of_each)
    learnt = len(labels) // 2
    pixels = np.random.default_rng(classes).integers(0, 256, (len(labels), side, side, 3 if colour else 1), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "pixels.npy", pixels)
    none = np.empty((0, 2), np.int64)
    content = in_stored_order(
        tuple(f"kind {label:03d}" for label in range(classes)),
        stored_rows(folder / "pixels.npy"),
        labels,
        np.repeat([TRAIN, TEST], [learnt, len(labels) - learnt]),
        tuple(f"{place}.png" for place in range(len(labels))),
        np.arange(len(labels)),
    )
    report = examine(
        content.names, content.labels, content.splits, np.arange(len(labels)),
        Duplicates(none, none, np.arange(len(labels))), (side,) * 3, (side,) * 3, 0,
    )  # fmt: skip
    version = Version(
        hash=content.hash(),
        name=name,
        number=1,
        created_at=time.time(),
        classes=content.classes,
        side=side,
        colour=colour,
        counts=content.counts(),
        drawn=False,
        source_kind="arrays",
        source_name=name,
    )
    stored = store_version(folder, version, content, report)
    (folder / "pixels.npy").unlink()
    return stored


def _draw(label: int, generator: np.random.Generator) -> Image.Image:
    left, top = generator.integers(2, 16, 2).tolist()
    box = (left, top, left + 18, top + (6 if label == 2 else 18))
    noise = generator.integers(200, 256, (40, 40, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    draw = ImageDraw.Draw(image)
    (draw.ellipse if label == 1 else draw.rectangle)(box, fill=_COLOURS[label])
    return image


def trained(store: Store, preset: str = "cnn", data: str = "shapes", **changes: object) -> Run:
    """A run that has learnt from a data set for two epochs, in this process."""
    brief = {"epochs": 2, "threads": 1, "batch_size": 8, "precision": "float32"}
    return done(store, config_of(preset, data=data, **(brief | changes)))


def answered(store: Store, version: Version, probabilities: np.ndarray, name: str) -> Run:
    """A finished run on a version whose answers to the test images are these probabilities (n, classes)."""
    data = open_version(settings().data, version.pinned)
    facts = facts_of(data, len(data.train_labels), 0).model_dump(mode="json")
    told = {"data_set": facts, "test_accuracy": float(np.mean(probabilities.argmax(axis=1) == data.test_labels))}
    run_id = stores.add(store, Sample(name=name, changes={"data": version.pinned}, columns=told))
    answers = {
        "count": len(data.test_labels),
        "labels": blobs.encode_labels(data.test_labels),
        "log_probabilities": blobs.encode_log_probabilities(np.log(probabilities).astype(np.float32)),
    }
    with store.writing() as connection:
        connection.execute(update(predictions).where(predictions.c.run_id == run_id).values(**answers))
    return get_run(store, run_id)


def trained_folds(store: Store, data: str = "shapes") -> list[Run]:
    """Two runs, each trained for one epoch on one half of the training images."""
    config = config_of("cnn", data=data, epochs=1, threads=1, batch_size=8, precision="float32")
    return [_worked(store, run_id) for run_id in queue.launch_all(store, config, folds=2)]


def done(store: Store, config: RunConfig) -> Run:
    """A run of this configuration, trained in this process."""
    return _worked(store, queue.launch(store, config))


def _worked(store: Store, run_id: str) -> Run:
    attempt = claim(store, run_id, "here")
    assert attempt is not None
    trainer._work(Reporter(attempt, StopRequest(), Clock()))
    return get_run(store, run_id)
