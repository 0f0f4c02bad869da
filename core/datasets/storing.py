"""A version written whole or not at all, and the hash that it is known by.

The hash is SHA-256 over a line of JSON with the classes in their order, the side, whether there is colour, the number
of images and whether there are groups; then the bytes of images, labels (int64), splits (uint8) and groups (int64),
each little-endian in C order, the images to learn from before those of the test.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets import versions
from core.datasets.health import TEST, Health
from core.datasets.pixels.disk_room import enough_disk, make_private, sync_all
from core.datasets.pixels.pixel_rows import PixelRows
from core.datasets.pixels.taking_turns import held
from core.datasets.readers.listing import SPLITS, Split
from core.datasets.versions import Version
from core.files import sync

_LOCK = ".lock"


@dataclass(frozen=True)
class Content:
    """What a version holds: images, and for each label, split (its place in SPLITS) and name; groups if any."""

    classes: tuple[str, ...]
    rows: PixelRows
    labels: np.ndarray
    splits: np.ndarray
    names: tuple[str, ...]
    groups: np.ndarray | None = None

    @property
    def bound(self) -> np.ndarray:
        """Groups, int64 (n,), also where each image is its own."""
        return np.arange(len(self.labels)) if self.groups is None else self.groups

    def counts(self) -> dict[Split, tuple[int, ...]]:
        """Images of each class in each split that there is."""
        return {
            split: tuple(np.bincount(self.labels[self.splits == place], minlength=len(self.classes)).tolist())
            for place, split in enumerate(SPLITS)
            if (self.splits == place).any()
        }

    def hash(self) -> str:
        """The hash, in hexadecimal digits."""
        is_colour = self.rows.channels == 3
        return content_hash(
            self.classes, self.rows.side, is_colour, self.rows.chunks(), self.labels, self.splits, self.groups
        )


def in_stored_order(
    classes: tuple[str, ...],
    rows: PixelRows,
    labels: np.ndarray,
    splits: np.ndarray,
    names: tuple[str, ...],
    groups: np.ndarray,
) -> Content:
    """The content with the test images last, and groups numbered as they come; None where each image is its own."""
    order = np.argsort(splits == TEST, kind="stable")
    numbered = _numbered(groups[order])
    return Content(
        classes,
        rows.reordered(order),
        labels[order].astype(np.int64),
        splits[order].astype(np.uint8),
        tuple(names[place] for place in order),
        numbered if len(np.unique(numbered)) < len(numbered) else None,
    )


def content_hash(
    classes: tuple[str, ...],
    side: int,
    colour: bool,
    images: Iterable[np.ndarray],
    labels: np.ndarray,
    splits: np.ndarray,
    groups: np.ndarray | None,
) -> str:
    """The hash of a version, by the rule that the module states."""
    facts = {"classes": classes, "side": side, "colour": colour, "count": len(labels), "groups": groups is not None}
    digest = hashlib.sha256(json.dumps(facts, ensure_ascii=True, sort_keys=True).encode() + b"\n")
    for chunk in images:
        digest.update(np.ascontiguousarray(chunk, np.uint8).data)
    digest.update(np.ascontiguousarray(labels, "<i8").data)
    digest.update(np.ascontiguousarray(splits, np.uint8).data)
    if groups is not None:
        digest.update(np.ascontiguousarray(groups, "<i8").data)
    return digest.hexdigest()


def store(folder: Path, version: Version, content: Content, health: Health) -> Version:
    """Write a version into a data folder and give it the next number of its name; return it as it is stored.

    A version of the same content that is there already is returned instead. Raises DataSetError for a full disk.
    """
    sets = versions.sets_folder(folder)
    make_private(sets)
    with held(sets / _LOCK):
        same = versions.with_hash(folder, version.hash)
        if same is not None:
            return same
        earlier = versions.versions_called(folder, version.name)
        number = earlier[0].number + 1 if earlier else 1
        numbered = Version.model_validate({**version.model_dump(), "number": number})
        aside = sets / f".new-{version.id}"
        shutil.rmtree(aside, ignore_errors=True)
        try:
            with enough_disk(sets, content.rows.bytes):
                _write(aside, numbered, content, health)
                aside.rename(sets / version.id)
                sync(sets)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return numbered


def _write(folder: Path, version: Version, content: Content, health: Health) -> None:
    folder.mkdir()
    with (folder / versions.IMAGES).open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": content.rows.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in content.rows.chunks():
            file.write(np.ascontiguousarray(chunk).data)
    np.save(folder / versions.LABELS, content.labels)
    np.save(folder / versions.SPLIT_FILE, content.splits)
    if content.groups is not None:
        np.save(folder / versions.GROUPS, content.groups)
    (folder / versions.NAMES).write_text(json.dumps(content.names, ensure_ascii=False), encoding="utf-8")
    (folder / versions.HEALTH).write_text(health.model_dump_json(indent=1), encoding="utf-8")
    (folder / versions.VERSION).write_text(version.model_dump_json(indent=1), encoding="utf-8")
    for path in folder.iterdir():
        os.chmod(path, 0o444)
    sync_all(folder)


def _numbered(groups: np.ndarray) -> np.ndarray:
    """The same groups, counted from 0 as they come: names of groups are no part of what a version is."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
