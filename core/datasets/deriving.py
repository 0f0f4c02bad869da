"""The next version of a data set, made of the images of one that is stored."""

import time
from pathlib import Path

import numpy as np

from core.datasets import health, versions
from core.datasets.duplicates import Duplicates, find_duplicates
from core.datasets.health import Health
from core.datasets.importing import Plan
from core.datasets.opening import read_health
from core.datasets.storing import Content, in_stored_order
from core.datasets.versions import Version

_NOT_SEARCHED = "Duplicates were not searched among these images: those of Fashion-MNIST are found on its own page."


def chosen(content: Content, labels: np.ndarray, kept: np.ndarray) -> Content:
    """The images at the places `kept` (m,), with these labels (n,) of all; splits and groups stay as they are."""
    names = tuple(content.names[place] for place in kept)
    rows = content.rows.reordered(kept)
    return in_stored_order(content.classes, rows, labels[kept], content.splits[kept], names, content.bound[kept])


def derived(folder: Path, version: Version, name: str, content: Content, note: str) -> Plan:
    """The content as the next version of a name, with a note of how it was made from `version`; raise DataSetError."""
    newest = next(iter(versions.versions_called(folder, name)), None)
    changed = {
        "hash": content.hash(),
        "name": newest.name if newest else name,
        "number": newest.number + 1 if newest else 1,
        "parent": version.hash,
        "created_at": time.time(),
        "counts": content.counts(),
        "grouped": content.groups is not None,
        "notes": (note,),
    }
    new = Version.model_validate({**version.model_dump(), **changed})
    examined = _examined(content, read_health(folder, version))
    return Plan(new, content, examined, versions.with_hash(folder, new.hash))


def _examined(content: Content, before: Health | None) -> Health:
    """The health of the content, with the sizes that the pictures had; `before` is None for Fashion-MNIST's.

    A search among its images takes minutes and tells nothing new.
    """
    places, side = np.arange(len(content.labels)), content.rows.side
    about = content.names, content.labels, content.splits, content.bound
    if before is not None and before.search_note != _NOT_SEARCHED:
        return health.examine(*about, find_duplicates(content.rows), before.widths, before.heights, before.grey)
    no_pairs = np.empty((0, 2), np.int64)
    not_searched = Duplicates(no_pairs, no_pairs, places, _NOT_SEARCHED)
    return health.examine(*about, not_searched, (side, side, side), (side, side, side), len(places))
