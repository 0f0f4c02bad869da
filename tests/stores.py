"""Run stores with realistic runs in them, made in milliseconds instead of hours: for tests and benchmarks.

Nothing is trained. Probabilities are drawn so that accuracy, confusions and the errors that two runs share look as
they do for real models; every other figure of a run is derived from them as the trainer does.
"""

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.classes import CLASS_COUNT
from core.config import TEST_IMAGES, VALIDATION_IMAGES, RunConfig
from core.data.data_facts import facts_of
from core.data.data_set import DataSet
from core.data.splits import split_for
from core.presets import config_of
from core.statistics import metrics
from jobs.copies.foreign_store import checked_copy
from jobs.running import queue
from jobs.store import blobs, locks, run_files
from jobs.store.ids import new_id
from jobs.store.records import RunStatus
from jobs.store.schema import attempts, epochs, predictions, runs, tags
from jobs.store.store import Store, open_store

# Mean logit of each class for an image of the class itself, and of the classes it is taken for most (true, taken for).
_OWN_LOGIT = 4.6
_TAKEN_FOR = {
    (0, 6): 2.9, (0, 2): 0.9, (0, 3): 1.0, (2, 4): 2.2, (2, 6): 2.2, (3, 4): 1.1, (3, 6): 1.0, (4, 2): 2.2,
    (4, 6): 2.3, (4, 3): 1.3, (5, 7): 1.4, (5, 9): 1.0, (6, 0): 3.4, (6, 2): 2.8, (6, 4): 2.6, (6, 3): 1.4,
    (7, 9): 1.7, (7, 5): 0.9, (9, 7): 1.9, (9, 5): 0.6,
}  # fmt: skip
_BATCHES_PER_EPOCH = 844
_SPEED = {"cnn": 1_300.0, "resnet18": 1_000.0}
_DISTINCT = 12
"""Sets of predictions that are really drawn per model; with more runs than that they repeat."""


@dataclass(frozen=True)
class Sample:
    """What one made-up run shall be."""

    model: str = "cnn"
    seed: int = 0
    name: str = ""
    status: str = RunStatus.FINISHED
    created_at: float = field(default_factory=time.time)
    epochs_done: int = 12
    tags: Sequence[str] = ()
    changes: dict[str, Any] = field(default_factory=dict)
    """Values of the config that differ from the preset's."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Columns of the row that differ from what the status implies."""
    data: DataSet | None = None
    """What it learnt from, if not Fashion-MNIST."""
    validated: bool = False
    """Whether a finished run's answers to the validation images are stored too, as the trainer does."""


def empty_store(folder: Path) -> Store:
    """A store without runs in this folder."""
    return open_store(f"sqlite:///{folder / 'runs.db'}", folder / "artifacts")


def labels() -> np.ndarray:
    """10,000 labels, 1,000 of each class, shuffled; the real ones have the same counts."""
    return np.random.Generator(np.random.PCG64(0)).permutation(np.arange(TEST_IMAGES) % CLASS_COUNT).astype(np.int64)


def add(store: Store, sample: Sample, truth: np.ndarray | None = None) -> str:
    """Put one run into the store and return its id; `truth` are the test labels if they shall be the real ones."""
    run_id = new_id()
    data = {} if sample.data is None else {"data": sample.data.id}
    config = config_of(sample.model, seed=sample.seed, **sample.changes, **data).model_copy(update={"threads": 2})
    ended = _ended(sample, truth) if sample.status == RunStatus.FINISHED else None
    done = _epochs(run_id, sample) if sample.status != RunStatus.QUEUED else []
    with store.writing() as connection:
        connection.execute(
            runs.insert().values(
                id=run_id,
                name=sample.name or queue.default_name(config),
                preset=config.preset,
                model=config.model,
                seed=config.seed,
                epochs=config.epochs,
                config=config.model_dump(mode="json"),
                environment={"code": "0.1.0", "python": "3.11.2", "host": "workshop", "libraries": {"torch": "2.9.0"}},
                **{
                    **_progress(sample, done),
                    **_facts(sample, config),
                    **(ended or {}).get("row", {}),
                    **sample.columns,
                },
            )
        )
        if done:
            connection.execute(epochs.insert(), done)
            connection.execute(attempts.insert().values(run_id=run_id, **_attempt(sample)))
        if ended:
            connection.execute(predictions.insert().values(run_id=run_id, split="test", **ended["predictions"]))
            if sample.validated:
                connection.execute(
                    predictions.insert().values(run_id=run_id, split="validation", **_validation(sample, config))
                )
        for tag in sample.tags:
            connection.execute(tags.insert().values(run_id=run_id, tag=tag))
    return run_id


def fill(
    store: Store,
    count: int,
    truth: np.ndarray | None = None,
    now: float | None = None,
    epochs_done: int | None = None,
    validated: bool = False,
    data: DataSet | None = None,
) -> list[str]:
    """Put so many finished runs of both models into the store, one every half hour; return their ids, oldest first."""
    first = (now or time.time()) - 1800 * count
    return [
        add(
            store,
            Sample(
                model="resnet18" if place % 3 == 2 else "cnn",
                seed=place,
                created_at=first + 1800 * place,
                epochs_done=epochs_done or 8 + place % 13,
                tags=[("baseline", "sweep", "report")[place % 3]] if place % 4 == 0 else (),
                changes={"learning_rate": (1e-3, 3e-4, 1e-4)[place % 3], "epochs": epochs_done or 20},
                validated=validated,
                data=data,
            ),
            truth,
        )
        for place in range(count)
    ]


@contextmanager
def at_work(store: Store, run_id: str) -> Iterator[None]:
    """Hold the lock of a run, as its trainer would, so that it counts as alive."""
    lock = locks.acquire(run_files.files_of(store, run_id).lock)
    try:
        yield
    finally:
        os.close(lock)


def write_log(store: Store, run_id: str, text: str) -> None:
    """Give a run a log."""
    log = run_files.files_of(store, run_id).log
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")


def log_probabilities(model: str, seed: int, truth: np.ndarray, classes: int = CLASS_COUNT) -> np.ndarray:
    """What a model of that kind might say of images with these labels: float32 (n, classes)."""
    generator = np.random.Generator(np.random.PCG64([seed, len(model)]))
    shared = np.random.Generator(np.random.PCG64(1)).normal(0, 0.95, (len(truth), classes))
    noise = shared + generator.normal(0, (0.53 if model == "cnn" else 0.63) + 0.01 * (seed % 5), shared.shape)
    logits = 1.8 * (_mean_logits(classes)[truth] + noise)
    highest = logits.max(axis=1, keepdims=True)
    total = highest + np.log(np.exp(logits - highest).sum(axis=1, keepdims=True))
    return (logits - total).astype(np.float32)


def _mean_logits(classes: int) -> np.ndarray:
    """Mean logits (classes, classes): other classes than the ten of Fashion-MNIST are taken for the next."""
    means = np.eye(classes) * _OWN_LOGIT - 1.0
    if classes != CLASS_COUNT:
        return means + 3.0 * np.roll(np.eye(classes), 1, axis=1)
    for (true, taken_for), logit in _TAKEN_FOR.items():
        means[true, taken_for] = logit - 1.0
    return means


def _ended(sample: Sample, truth: np.ndarray | None) -> dict[str, Any]:
    seed = sample.seed % _DISTINCT
    if sample.data is not None:
        return _drawn(sample.model, seed, sample.data.test_labels.tobytes(), len(sample.data.classes))
    return _drawn(sample.model, seed, None if truth is None else truth.tobytes())


def _facts(sample: Sample, config: RunConfig) -> dict[str, Any]:
    """What a run keeps of its data, where that is not Fashion-MNIST."""
    if sample.data is None or sample.status == RunStatus.QUEUED:
        return {}
    training, validation = split_for(config, sample.data)
    return {"data_set": facts_of(sample.data, len(training), len(validation)).model_dump(mode="json")}


@cache
def _drawn(model: str, seed: int, truth: bytes | None, classes: int = CLASS_COUNT) -> dict[str, Any]:
    true = labels() if truth is None else np.frombuffer(truth, np.int64)
    answers = log_probabilities(model, seed, true, classes)
    encoded = blobs.encode_log_probabilities(answers)
    kept = np.exp(blobs.decode_log_probabilities(encoded, len(true), classes).astype(np.float64))
    return {
        "row": {
            "test_loss": metrics.log_loss(true, kept),
            "test_accuracy": metrics.accuracy(true, kept.argmax(axis=1)),
            "test_count": len(true),
        },
        "predictions": _stored(true, encoded, classes),
    }


def _validation(sample: Sample, config: RunConfig) -> dict[str, Any]:
    true, classes = labels()[:VALIDATION_IMAGES], CLASS_COUNT
    if sample.data is not None:
        true, classes = sample.data.train_labels[split_for(config, sample.data)[1]], len(sample.data.classes)
    answers = log_probabilities(sample.model, 100 + sample.seed, true, classes)
    return _stored(true, blobs.encode_log_probabilities(answers), classes)


def _stored(true: np.ndarray, encoded: bytes, classes: int = CLASS_COUNT) -> dict[str, Any]:
    return {"count": len(true), "labels": blobs.encode_labels(true, classes), "log_probabilities": encoded}


def _epochs(run_id: str, sample: Sample) -> list[dict[str, Any]]:
    """Losses that fall towards a floor, validation a little above training and rising again in the end."""
    generator = np.random.Generator(np.random.PCG64([sample.seed, 7]))
    seconds = 54_000 / _SPEED[sample.model]
    rows = []
    for epoch in range(1, sample.epochs_done + 1):
        train_loss = 0.16 + 0.38 * math.exp(-epoch / 4) + generator.normal(0, 0.004)
        val_loss = 0.235 + 0.26 * math.exp(-epoch / 3) + 0.0011 * max(0, epoch - 9) ** 2 + generator.normal(0, 0.006)
        rows.append(
            {
                "run_id": run_id,
                "epoch": epoch,
                "train_loss": train_loss,
                "train_accuracy": 1 - 0.36 * train_loss,
                "val_loss": val_loss,
                "val_accuracy": max(0.1, 1 - 0.36 * val_loss),
                "learning_rate": 1e-3 if sample.model == "cnn" else 1e-4 * 0.1 ** ((epoch - 1) // 5),
                "duration_s": seconds * (1 + abs(generator.normal(0, 0.03))),
            }
        )
    return rows


def _progress(sample: Sample, done: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The columns that tell how far a run of this status is."""
    best = min(done, key=lambda row: row["val_loss"], default=None)
    work_s = sum(row["duration_s"] for row in done)
    started = None if sample.status == RunStatus.QUEUED else sample.created_at + 3
    ended = (
        started + work_s + 5
        if started and sample.status in (RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED)
        else None
    )
    return {
        "status": sample.status,
        "status_since": ended or started or sample.created_at,
        "created_at": sample.created_at,
        "queue_position": sample.created_at,
        "queued_s": 3.0 if started else 0.0,
        "started_at": started,
        "ended_at": ended,
        "work_s": work_s,
        "attempt": 1 if started else 0,
        "host": "workshop" if started else None,
        "device": "cpu" if started else None,
        "threads": 2,
        "parameters_total": 3_202_122 if sample.model == "cnn" else 11_181_642,
        "parameters_trained": 3_202_122 if sample.model == "cnn" else 8_398_858,
        "epoch": len(done) + 1 if sample.status == RunStatus.RUNNING else len(done),
        "batch": 300 if sample.status == RunStatus.RUNNING else _BATCHES_PER_EPOCH if started else 0,
        "batches": _BATCHES_PER_EPOCH if started else 0,
        "progress_at": ended or (time.time() if started else None),
        "images_per_s": _SPEED[sample.model] if started else None,
        "prediction_images_per_s": 4 * _SPEED[sample.model] if sample.status == RunStatus.FINISHED else None,
        "best_epoch": best["epoch"] if best else None,
        "best_val_loss": best["val_loss"] if best else None,
        "best_val_accuracy": best["val_accuracy"] if best else None,
    }


def _attempt(sample: Sample) -> dict[str, Any]:
    ended = None if sample.status == RunStatus.RUNNING else sample.created_at + 800
    return {
        "attempt": 1,
        "host": "workshop",
        "started_at": sample.created_at + 3,
        "ended_at": ended,
        "start_epoch": 1,
        "start_batch": 0,
        "outcome": None if ended is None else sample.status,
    }


def check_database(path: Path) -> None:
    """Raise StoreError unless the file is a whole run store with nothing in it but what a run store holds."""
    with checked_copy(path, path):
        pass
