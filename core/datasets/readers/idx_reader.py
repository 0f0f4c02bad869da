"""IDX files as MNIST, KMNIST and EMNIST have them, packed or not, with the names of their classes."""

import gzip
import re
import struct
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import IO

import numpy as np

from core.classes import CLASS_NAMES
from core.datasets.readers.listing import Content, Item, Listing, Split, split_of
from core.datasets.readers.trees import Tree, TreeFile, close_quietly, stamp_of
from core.errors import DataSetError
from core.photos.archives import ZIP_ERRORS

KIND = "IDX files"
_NAME = re.compile(
    r"(?P<stem>.*?)[-_.]?(?P<split>train|training|test|t10k|val|valid|validation|dev)[-_.]"
    r"(?P<what>images|labels)[-_.]idx[13][-_.]ubyte(\.gz)?",
    re.IGNORECASE,
)
_MAPPING = re.compile(r".*mapping\.txt|(.*[-_])?(classes|class_names|classnames|labels)\.txt", re.IGNORECASE)
_CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("kmnist", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")),
    ("fashion", CLASS_NAMES),
)
"""By a word in the name of a file or of its folder. KMNIST: the first column of Clanuwat et al. 2018, in romaji."""
MAX_BYTES = 8 * 2**30
_CHUNK = 1 << 20
_MAX_MAPPING = 10**6
_COPY_AGAIN = "Copy or download it again."


@dataclass(frozen=True)
class _Part:
    """The images and labels of one split."""

    split: Split
    images: TreeFile
    labels: TreeFile


def has_idx_files(tree: Tree) -> bool:
    """Whether there is a file of images in the IDX format, by its name."""
    return any((match := _NAME.fullmatch(file.parts[-1])) and _is_images(match) for file in tree.files)


def read_idx(tree: Tree) -> Listing:
    """List the images of IDX files; raise DataSetError where images or labels are missing, damaged or do not fit."""
    parts = _parts(tree)
    labels = [_array(tree, part.labels, 1) for part in parts]
    where = f"{tree.name}/{parts[0].images.path}".casefold()
    names, source = _class_names(tree, where, np.concatenate(labels))
    items = [
        Item(f"{part.split}/{at}", names.get(int(label), str(label)), part.split)
        for part, values in zip(parts, labels, strict=True)
        for at, label in enumerate(values)
    ]
    turned = "emnist" in where
    files = [file for part in parts for file in (part.images, part.labels)]
    notes = [f"Class names are {source}."]
    if turned:
        notes.append("EMNIST stores its images on their side; they are stored upright.")
    return Listing(
        KIND,
        items,
        lambda first, step: _contents(
            tree, parts, [len(values) for values in labels], turned, range(first, len(items), step)
        ),
        stamp_of(files, KIND, *names.values()),
        list(tree.refused),
        notes,
        tuple(names[number] for number in sorted(names)),
    )


def _is_images(match: re.Match[str]) -> bool:
    return match["what"].lower() == "images"


def _parts(tree: Tree) -> list[_Part]:
    files: dict[tuple[str, Split, bool], TreeFile] = {}
    for file in tree.files:
        match = _NAME.fullmatch(file.parts[-1])
        split = split_of(match["split"]) if match else None
        if match and split:
            files.setdefault((match["stem"].casefold(), split, _is_images(match)), file)
    stems = sorted({stem for stem, _, _ in files})
    if len(stems) > 1:
        raise DataSetError(
            f"There are IDX files of several data sets: {', '.join(stem or 'MNIST' for stem in stems)}.",
            "Put each into a folder of its own and name that folder.",
        )
    parts = []
    for split in dict.fromkeys(split for _, split, _ in files):
        images, labels = (files.get((stems[0], split, is_images)) for is_images in (True, False))
        if images is None or labels is None:
            missing, there = ("images", labels) if images is None else ("labels", images)
            name = there.path if there else split
            raise DataSetError(f"{name} is there, but its {missing} are missing.", "Put both files into the folder.")
        parts.append(_Part(split, images, labels))
    return sorted(parts, key=lambda part: ("train", "validation", "test").index(part.split))


def _array(tree: Tree, file: TreeFile, dimensions: int) -> np.ndarray:
    """The array of a file, uint8, memory-mapped; raise DataSetError where it is not such a file."""
    opened = None
    try:
        opened = tree.opened(file)
        unpacked = _unpacked(opened) if opened.read(2) == b"\x1f\x8b" else opened
        unpacked.seek(0)
        return _mapped(unpacked, file.path, dimensions)
    except (*ZIP_ERRORS, gzip.BadGzipFile, zlib.error) as error:
        raise DataSetError(f"{file.path} is damaged or cannot be read: {error}.", _COPY_AGAIN) from error
    finally:
        if opened is not None:
            close_quietly(opened)


def _unpacked(packed: IO[bytes]) -> IO[bytes]:
    packed.seek(0)
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115
    content, left = gzip.GzipFile(fileobj=packed), MAX_BYTES
    while left > 0 and (chunk := content.read(min(left, _CHUNK))):
        unpacked.write(chunk)
        left -= len(chunk)
    unpacked.flush()
    return unpacked


def _mapped(file: IO[bytes], name: str, dimensions: int) -> np.ndarray:
    start = file.read(4)
    if len(start) < 4 or start[:3] != b"\0\0\x08" or start[3] != dimensions:
        raise DataSetError(f"{name} is not an IDX file of {dimensions} dimensions of bytes.", _COPY_AGAIN)
    shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions).ljust(4 * dimensions, b"\0"))
    size = file.seek(0, 2)
    if size != 4 + 4 * dimensions + prod(shape) or 0 in shape:
        raise DataSetError(
            f"{name} is cut short or too long: its header says {' x '.join(map(str, shape))}.", _COPY_AGAIN
        )
    return np.memmap(file, dtype=np.uint8, mode="r", offset=4 + 4 * dimensions, shape=shape)


def _contents(
    tree: Tree, parts: Sequence[_Part], counts: Sequence[int], turned: bool, wanted: range
) -> Iterator[Content]:
    end = 0
    for part, count in zip(parts, counts, strict=True):
        start, end = end, end + count
        places = [place - start for place in wanted if start <= place < end]
        if not places:
            continue
        images = _array(tree, part.images, 3)
        if len(images) != count:
            raise DataSetError(
                f"{part.images.path} has {len(images):,} images, and {part.labels.path} {count:,} labels.", _COPY_AGAIN
            )
        for place in places:
            yield images[place].T if turned else images[place]


def _class_names(tree: Tree, where: str, labels: np.ndarray) -> tuple[dict[int, str], str]:
    """The name of each label that occurs, and where the names are from."""
    present = [int(label) for label in np.unique(labels)]
    for file in tree.files:
        if _MAPPING.fullmatch(file.parts[-1]) and file.size <= _MAX_MAPPING:
            names = _mapping(tree.read(file, _MAX_MAPPING).decode("utf-8", "replace"))
            if all(label in names for label in present):
                return {label: names[label] for label in present}, f"those of {file.path}"
    for word, known in _CLASSES:
        if word in where and max(present) < len(known):
            return dict(enumerate(known)), "the published ones"
    if "emnist" in where and "letters" in where and max(present) <= 26:
        return {label: chr(ord("A") + label - 1) for label in present}, "the published ones"
    return {label: str(label) for label in present}, "the numbers of the labels: no file beside them names them"


def _mapping(text: str) -> dict[int, str]:
    """Names by label: lines of a label and code points as EMNIST has them, or a name in each line from label 0 on."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if lines and all(len(line) >= 2 and all(word.isdecimal() for word in line) for line in lines):
        return {int(line[0]): chr(int(line[1])) for line in lines if int(line[1]) < 0x110000}
    return dict(enumerate(" ".join(line) for line in lines))
