"""The disk space that the files of all runs take, and how much of it can be freed without losing a result."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from core.statistics import wording
from jobs.store import run_files
from jobs.store.filters import is_accepted
from jobs.store.ids import is_id
from jobs.store.records import RunStatus
from jobs.store.schema import reviews, runs
from jobs.store.store import Store


@dataclass(frozen=True)
class RunSpace:
    """What the files of one run take, in bytes."""

    run_id: str
    name: str
    status: str
    used: int
    clearable: int
    """Of it the checkpoints of a finished run, which no longer needs them, unless it is pinned or accepted."""


def space_of_runs(store: Store) -> list[RunSpace]:
    """Every run that has files, archived ones too, the largest first."""
    with store.reading() as connection:
        rows = connection.execute(select(runs.c.id, runs.c.name, runs.c.status, runs.c.pinned)).all()
        accepted = set(connection.scalars(select(reviews.c.run_id).where(is_accepted())))
    folders = _folders(store)
    spaces = [
        _space_of(store, row.id, row.name, row.status, row.pinned or row.id in accepted)
        for row in rows
        if row.id in folders or not is_id(row.id)
    ]
    return sorted((space for space in spaces if space.used), key=lambda space: -space.used)


def _folders(store: Store) -> set[str]:
    """The names of what is in the artifacts folder: a run without a folder there has no files to look for."""
    try:
        return set(os.listdir(store.artifacts))
    except FileNotFoundError:
        return set()


def _space_of(store: Store, run_id: str, name: str, status: str, locked: bool) -> RunSpace:
    files = run_files.listing(store, run_id)
    checkpoints = sum(size for file, size in files if Path(file).parts[0] == "checkpoints")
    clearable = checkpoints if status == RunStatus.FINISHED and not locked else 0
    return RunSpace(run_id, name, status, sum(size for _, size in files), clearable)


def space_words(spaces: Sequence[RunSpace]) -> str:
    """The disk space that all take in one sentence, and how much can be freed."""
    used, clearable = total(spaces)
    words = f"{wording.size(used)} of files of {wording.counted(len(spaces), 'run')}"
    if not clearable:
        return f"{words}."
    return f"{words}; {wording.size(clearable)} of them checkpoints that finished runs no longer need."


def total(spaces: Sequence[RunSpace]) -> tuple[int, int]:
    """The bytes used, and those of them that can be cleared."""
    return sum(space.used for space in spaces), sum(space.clearable for space in spaces)
