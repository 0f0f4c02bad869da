"""A version with other labels than the one that it comes from, and without the images that cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.deriving import chosen, derived
from core.datasets.health import TEST, TRAIN
from core.datasets.importing import Plan
from core.datasets.opening import read_content
from core.datasets.storing import Content
from core.datasets.versions import Version, checked_name
from core.errors import DataSetError
from core.statistics.wording import counted, listed

CORRECTED = "fashion-mnist-corrected"
"""What a corrected Fashion-MNIST is called if nobody says otherwise."""
_MOST_NAMED = 5


@dataclass(frozen=True)
class Changes:
    """What corrections change: the label of every image, int64 (n,), and the places with another or taken out."""

    labels: np.ndarray
    relabelled: np.ndarray
    taken_out: np.ndarray

    @property
    def sentence(self) -> str:
        """How many labels and images."""
        return f"{counted(len(self.relabelled), 'label')} changed, {counted(len(self.taken_out), 'image')} taken out"


def changes_of(content: Content, corrections: Mapping[int, int | None]) -> Changes:
    """What labels by place, None for an image to take out, change in a version.

    Raise DataSetError where they change nothing, or leave a class without an image to learn from, or no test.
    """
    labels = content.labels.copy()
    taken_out = np.array(sorted(place for place, label in corrections.items() if label is None), np.int64)
    for place, label in corrections.items():
        if label is not None:
            labels[place] = label
    relabelled = np.flatnonzero(labels != content.labels)
    if not len(relabelled) and not len(taken_out):
        raise DataSetError("Nothing would change: every label is right as it is.", "Mark what is wrong first.")
    left = ~np.isin(np.arange(len(labels)), taken_out)
    if not (left & (content.splits == TEST)).any():
        raise DataSetError("No test image would be left.", "Keep some: without them nothing is measured.")
    learnt = np.bincount(labels[left & (content.splits == TRAIN)], minlength=len(content.classes))
    if lost := [content.classes[place] for place in np.flatnonzero(learnt == 0)]:
        raise DataSetError(
            f"No image of {listed(lost, _MOST_NAMED)} would be left to learn from.",
            "Keep some of its images, or import the pictures again without that class.",
        )
    return Changes(labels, relabelled, taken_out)


def correct(folder: Path, version: Version, corrections: Mapping[int, int | None], name: str = "") -> Plan:
    """The corrected version to store, of the same name; of Fashion-MNIST of another `name`, CORRECTED without one.

    Every image keeps its split, and those that stay their order. Raise DataSetError as changes_of does, for a name that
    cannot be, and for one where there is none to choose.
    """
    if name and not version.is_built_in:
        raise DataSetError(f"{version.label} keeps its name when it is corrected.", "Name no other one.")
    content = read_content(folder, version)
    changes = changes_of(content, corrections)
    kept = np.setdiff1d(np.arange(len(changes.labels)), changes.taken_out)
    called = checked_name(name or CORRECTED) if version.is_built_in else version.name
    note = f"From {version.label}: {changes.sentence}."
    return derived(folder, version, called, chosen(content, changes.labels, kept), note)
