"""A version without its leaks: what is bound to images held out, as a copy or by a group, is taken out."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets import health, versions
from core.datasets.duplicates import find_duplicates
from core.datasets.health import TEST, TRAIN, VALIDATION, Health
from core.datasets.importing import Plan
from core.datasets.opening import read_content, read_health
from core.datasets.storing import Content, in_stored_order
from core.datasets.versions import Version
from core.errors import DataSetError
from core.statistics.wording import counted


@dataclass(frozen=True)
class Repair:
    """What a repair comes to: the version to store, and the names of the images that it leaves out."""

    plan: Plan
    taken_out: tuple[str, ...]


def repair(folder: Path, version: Version) -> Repair:
    """The next version of a data set without leaks; raise DataSetError where there are none, or too little is left."""
    if version.is_built_in:
        raise DataSetError("Fashion-MNIST stays as it was published.", "Import it under another name to change it.")
    content, before = read_content(folder, version), read_health(folder, version)
    groups = np.arange(len(content.labels)) if content.groups is None else content.groups
    leaks = _leaks(content.splits, groups)
    if not len(leaks) or before is None:
        raise DataSetError(f"{version.label} has no leaks: there is nothing to repair.", "Use it as it is.")
    kept = np.setdiff1d(np.arange(len(content.labels)), leaks)
    learnt = np.bincount(content.labels[kept][content.splits[kept] == 0], minlength=len(content.classes))
    if (learnt == 0).any():
        name = content.classes[int(np.flatnonzero(learnt == 0)[0])]
        raise DataSetError(
            f"Without its leaks {version.label} would have no image of {name} to learn from.",
            "Add pictures of it and import again.",
        )
    names = tuple(content.names[place] for place in kept)
    repaired = in_stored_order(
        content.classes, content.rows.reordered(kept), content.labels[kept], content.splits[kept], names, groups[kept]
    )
    taken_out = tuple(content.names[place] for place in leaks)
    new = _next(folder, version, repaired, len(leaks))
    same = next((known for known in versions.list_versions(folder) if known.hash == new.hash), None)
    return Repair(Plan(new, repaired, _examined(repaired, before), same), taken_out)


def _leaks(splits: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """What is learnt from and bound to the test, and what is trained on and bound to what is left for validation."""
    to_test = health.leaking(splits != TEST, splits == TEST, groups)[:, 0]
    stays = ~np.isin(np.arange(len(splits)), to_test)
    to_validation = health.leaking(stays & (splits == TRAIN), stays & (splits == VALIDATION), groups)[:, 0]
    return np.union1d(to_test, to_validation)


def _next(folder: Path, version: Version, repaired: Content, count: int) -> Version:
    newest = versions.versions_called(folder, version.name)[0]
    note = f"From {version.label}: {counted(count, 'image')} bound to others held out {_was(count)} taken out."
    changed = {
        "hash": repaired.hash(),
        "number": newest.number + 1,
        "parent": version.hash,
        "created_at": time.time(),
        "counts": repaired.counts(),
        "grouped": repaired.groups is not None,
        "notes": (note,),
    }
    return Version.model_validate({**version.model_dump(), **changed})


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _examined(content: Content, before: Health) -> Health:
    """The health of what is left, with the sizes that the pictures had."""
    groups = np.arange(len(content.labels)) if content.groups is None else content.groups
    return health.examine(
        *(content.names, content.labels, content.splits, groups, find_duplicates(content.rows)),
        *(before.widths, before.heights, before.grey),
    )
