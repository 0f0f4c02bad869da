"""A stored version opened for a run, read for a report, or verified to the last byte."""

import json
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.datasets import versions
from core.datasets.health import TEST, VALIDATION, Health
from core.datasets.pixels.pixel_rows import stored_rows
from core.datasets.storing import Content
from core.datasets.versions import Version, folder_of
from core.errors import DataSetError

_AGAIN = "Delete it and import it again; the same pictures give the same version."


def open_version(folder: Path, identity: str) -> DataSet:
    """The data set of a version, by its hash or what `versions.find` understands; images are memory-mapped.

    Sizes are checked, sums are not (see verify). Raises DataSetError where there is none or it is damaged, DataError
    where Fashion-MNIST is not there; its id is its name, as of all runs that learnt from it.
    """
    version = versions.find(folder, identity)
    if version.is_built_in:
        return fashion_mnist.load(folder)
    content = read_content(folder, version)
    images = np.load(folder_of(folder, version) / versions.IMAGES, mmap_mode="r", allow_pickle=False)
    learnt = int(np.count_nonzero(content.splits != TEST))
    validation = np.flatnonzero(content.splits[:learnt] == VALIDATION)
    return DataSet(
        version.hash,
        version.name,
        version.classes,
        images[:learnt],
        content.labels[:learnt],
        images[learnt:],
        content.labels[learnt:],
        None if content.groups is None else content.groups[:learnt],
        validation if len(validation) else None,
    )


def read_content(folder: Path, version: Version) -> Content:
    """What a version holds; raise DataSetError where its files are missing, damaged or do not fit together."""
    place = folder_of(folder, version)
    rows = stored_rows(place / versions.IMAGES)
    try:
        labels = np.load(place / versions.LABELS, allow_pickle=False)
        splits = np.load(place / versions.SPLIT_FILE, allow_pickle=False)
        groups = np.load(place / versions.GROUPS, allow_pickle=False) if version.grouped else None
        names = tuple(json.loads((place / versions.NAMES).read_text(encoding="utf-8")))
    except (OSError, ValueError, EOFError) as error:
        raise DataSetError(f"The files of {version.label} in {place} are missing or damaged.", _AGAIN) from error
    content = Content(version.classes, rows, labels, splits, names, groups)
    is_whole = (
        {len(rows), len(labels), len(splits), len(names), version.size} == {version.size}
        and (rows.side, rows.channels) == (version.side, 3 if version.colour else 1)
        and bool((np.diff(splits == TEST) >= 0).all())
    )
    if not is_whole or labels.max(initial=0) >= len(version.classes) or content.counts() != version.counts:
        raise DataSetError(f"The files of {version.label} in {place} do not fit together.", _AGAIN)
    return content


def read_health(folder: Path, version: Version) -> Health | None:
    """The health report of a version; None for Fashion-MNIST. Raises DataSetError where it is damaged."""
    if version.is_built_in:
        return None
    try:
        return Health.model_validate_json((folder_of(folder, version) / versions.HEALTH).read_bytes())
    except (OSError, ValidationError) as error:
        raise DataSetError(f"The health report of {version.label} is missing or damaged.", _AGAIN) from error


def verify(folder: Path, version: Version) -> None:
    """Compare every byte by the hash; raise DataSetError, or DataError for Fashion-MNIST."""
    if version.is_built_in:
        fashion_mnist.verify(folder)
    elif read_content(folder, version).hash() != version.hash:
        raise DataSetError(f"The files of {version.label} are damaged: their hash is another one.", _AGAIN)
