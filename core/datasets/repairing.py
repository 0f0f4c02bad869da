"""A version without its leaks: what is bound to images held out, as a copy or by a group, is taken out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets import health
from core.datasets.deriving import chosen, derived
from core.datasets.health import TEST, TRAIN, VALIDATION
from core.datasets.importing import Plan
from core.datasets.opening import read_content
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
    content = read_content(folder, version)
    leaks = _leaks(content.splits, content.bound)
    if not len(leaks):
        raise DataSetError(f"{version.label} has no leaks: there is nothing to repair.", "Use it as it is.")
    kept = np.setdiff1d(np.arange(len(content.labels)), leaks)
    learnt = np.bincount(content.labels[kept][content.splits[kept] == 0], minlength=len(content.classes))
    if (learnt == 0).any():
        name = content.classes[int(np.flatnonzero(learnt == 0)[0])]
        raise DataSetError(
            f"Without its leaks {version.label} would have no image of {name} to learn from.",
            "Add pictures of it and import again.",
        )
    was = "was" if len(leaks) == 1 else "were"
    note = f"From {version.label}: {counted(len(leaks), 'image')} bound to others held out {was} taken out."
    plan = derived(folder, version, version.name, chosen(content, content.labels, kept), note)
    return Repair(plan, tuple(content.names[place] for place in leaks))


def _leaks(splits: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """What is learnt from and bound to the test, and what is trained on and bound to what is left for validation."""
    to_test = health.leaking(splits != TEST, splits == TEST, groups)[:, 0]
    stays = ~np.isin(np.arange(len(splits)), to_test)
    to_validation = health.leaking(stays & (splits == TRAIN), stays & (splits == VALIDATION), groups)[:, 0]
    return np.union1d(to_test, to_validation)
