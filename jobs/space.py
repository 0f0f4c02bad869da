"""The room that the files of all runs take, and how much of it can be had back without losing a result."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import wording
from jobs import artifacts
from jobs.records import FINISHED
from jobs.runs import Filter, list_runs
from jobs.store import Store


@dataclass(frozen=True)
class RunSpace:
    """What the files of one run take, in bytes."""

    run_id: str
    name: str
    state: str
    used: int
    clearable: int
    """Of it the checkpoints of a finished run, which needs them no more."""


def space_of_runs(store: Store) -> list[RunSpace]:
    """Every run that has files, archived ones too, the largest first."""
    found = [run for archived in (False, True) for run in list_runs(store, Filter(archived=archived))]
    spaces = []
    for run in found:
        files = artifacts.listing(store, run.id)
        checkpoints = sum(size for name, size in files if name.startswith("checkpoints/"))
        clearable = checkpoints if run.status == FINISHED else 0
        spaces.append(RunSpace(run.id, run.name, run.state, sum(size for _, size in files), clearable))
    return sorted((one for one in spaces if one.used), key=lambda one: -one.used)


def space_words(spaces: Sequence[RunSpace]) -> str:
    """The room that all take in one sentence, and how much can be had back."""
    used, clearable = total(spaces)
    words = f"{wording.size(used)} of files of {wording.counted(len(spaces), 'run')}"
    if not clearable:
        return f"{words}."
    return f"{words}; {wording.size(clearable)} of it are checkpoints of finished runs, which need them no more."


def total(spaces: Sequence[RunSpace]) -> tuple[int, int]:
    """The bytes used, and those of them that can be cleared."""
    return sum(one.used for one in spaces), sum(one.clearable for one in spaces)
