"""How the stores of earlier revisions in stores/ were made: `python -m tests.jobs.old_stores 0001 FILE`.

Each is a new file brought to that revision by the migrations and filled with the same runs as far as it has columns.
"""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, inspect, text

from core.presets import config_of
from jobs.store import blobs, migration
from jobs.store.store import Store, connect

FOLDER = Path(__file__).parent / "stores"
IMAGES = 60
STATUSES = ("finished", "finished", "failed", "stopped", "queued")


def labels() -> np.ndarray:
    return np.arange(IMAGES, dtype=np.int64) % 10


def log_probabilities(run: int) -> np.ndarray:
    logits = np.random.Generator(np.random.PCG64(run)).normal(0, 2, (IMAGES, 10))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def rows() -> dict[str, list[dict[str, Any]]]:
    """What is in every old store, by table."""
    return {
        "runs": [_run(number, status) for number, status in enumerate(STATUSES)],
        "epochs": [_epoch(number, epoch) for number in range(4) for epoch in (1, 2, 3)],
        "predictions": [
            {
                "run_id": _id(number),
                "split": "test",
                "count": IMAGES,
                "labels": blobs.encode_labels(labels()),
                "log_probabilities": blobs.encode_log_probabilities(log_probabilities(number)),
            }
            for number in (0, 1)
        ],
        "attempts": [
            {
                "run_id": _id(number),
                "attempt": 1,
                "host": "workshop",
                "started_at": 1.7e9 + 5,
                "ended_at": 1.7e9 + 65,
                "start_epoch": 1,
                "start_batch": 0,
                "outcome": STATUSES[number],
            }
            for number in range(4)
        ],
        "tags": [{"run_id": _id(0), "tag": "baseline"}, {"run_id": _id(0), "tag": "report"}],
        "shop": [{"key": "slots", "value": "2"}],
        "photo_sets": [{"id": "oldset2a", "name": "phone photos", "created_at": 1.7e9}],
        "photos": [{"set_id": "oldset2a", "position": 0, "name": "Bag/1.jpg", "label": 8}],
        "photo_answers": [{"run_id": _id(0), "set_id": "oldset2a", "photo_path": 1, "verdicts": "s"}],
        "label_marks": [
            {"data": "fashion-mnist", "position": 60_005, "person": "anna", "label": 6, "marked_at": 1.7e9},
            {"data": "0a" * 32, "position": 0, "person": "ben", "label": None, "marked_at": 1.7e9},
        ],
        "people": [{"id": "anna@example.org", "name": "Anna", "first_at": 1.7e9, "seen_at": 1.7e9 + 60}],
        "roles": [{"subject": "group:team", "role": "launch", "given_by": "anna@example.org", "given_at": 1.7e9}],
        "sign_ins": [{"id": "0a" * 32, "person": "anna@example.org", "begun_at": 1.7e9, "ended_at": 1.7e9 + 60}],
        "changes": [
            {
                "at": 1.7e9,
                "person": "anna@example.org",
                "person_name": "Anna",
                "action": "renamed",
                "run_id": _id(0),
                "before": '"cnn"',
                "after": '"cnn seed 0"',
            }
        ],
        "comments": [
            {
                "id": "oldtalk2",
                "thread": "oldtalk2",
                "about": "run",
                "subject": _id(0),
                "view": f"runs?run={_id(0)}",
                "person": "anna@example.org",
                "text": "Why is epoch 3 worse?",
                "created_at": 1.7e9,
            }
        ],
        "mentions": [{"comment_id": "oldtalk2", "person": "ben@example.org"}],
        "reviews": [{"run_id": _id(0), "state": "review asked", "person": "anna@example.org", "at": 1.7e9}],
        "nodes": [{"name": "workshop", "seen_at": 1.7e9, "facts": "{}"}],
        "deliveries": [{"id": "oldtold2", "event": "finished", "payload": "{}", "created_at": 1.7e9, "tries": 1}],
    }


def _id(number: int) -> str:
    return f"oldrun{number + 2}a"


def _run(number: int, status: str) -> dict[str, Any]:
    worked = status != "queued"
    config = config_of("cnn", seed=number, threads=2, epochs=3, precision="float32")
    return {
        "id": _id(number),
        "name": f"cnn seed {number}",
        "preset": "cnn",
        "model": "cnn",
        "seed": number,
        "epochs": 3,
        "config": config.model_dump_json(),
        "environment": json.dumps({"code": "0.1.0", "host": "workshop"}),
        "status": status,
        "status_since": 1.7e9 + 65,
        "created_at": 1.7e9 + number,
        "started_at": 1.7e9 + 5 if worked else None,
        "ended_at": 1.7e9 + 65 if worked else None,
        "queue_position": number + 1,
        "queued_s": 4.0,
        "work_s": 60.0 if worked else 0.0,
        "attempt": int(worked),
        "host": "workshop" if worked else None,
        "epoch": 3 if worked else 0,
        "batch": 844 if worked else 0,
        "batches": 844 if worked else 0,
        "best_epoch": 2 if worked else None,
        "test_accuracy": 0.9 if status == "finished" else None,
        "test_count": IMAGES if status == "finished" else None,
        "error_kind": "data" if status == "failed" else None,
        "error_message": "The data were gone." if status == "failed" else None,
        "note": "kept since the beginning" if number == 0 else "",
        "pinned": number == 1,
        "owner": "anna@example.org" if number else None,
        "archived_at": 1.7e9 + 99 if status == "stopped" else None,
    }


def _epoch(run: int, epoch: int) -> dict[str, Any]:
    return {
        "run_id": _id(run),
        "epoch": epoch,
        "train_loss": 0.5 / epoch,
        "train_accuracy": 0.8 + epoch / 100,
        "val_loss": 0.6 / epoch,
        "val_accuracy": 0.79 + epoch / 100,
        "learning_rate": 0.001,
        "duration_s": 20.0,
    }


def make(revision: str, path: Path) -> None:
    """Make a store of that revision; raise FileExistsError rather than change one that is kept."""
    if path.exists():
        raise FileExistsError(path)
    engine = connect(f"sqlite:///{path}")
    store = Store(engine, path.parent)
    migration.upgrade(store, None, revision)
    fill(store)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")


def fill(store: Store) -> None:
    """Put the rows into an open store of any revision, whose tables have not all columns."""
    with store.writing() as connection:
        known = {name: _columns_of(connection, name) for name in inspect(connection).get_table_names()}
        for table, values in rows().items():
            for row in values if table in known else []:
                names = [name for name in row if name in known[table]]
                places = ", ".join(f":{name}" for name in names)
                quoted = ", ".join(f'"{name}"' for name in names)
                connection.execute(text(f'INSERT INTO "{table}" ({quoted}) VALUES ({places})'), row)


def _columns_of(connection: Connection, table: str) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(table)}


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]).absolute())
