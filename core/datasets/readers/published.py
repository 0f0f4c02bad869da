"""Data sets that torchvision knows how to download; their files are what it says that they are, by MD5."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.readers.idx_reader import read_idx
from core.datasets.readers.listing import Content, Item, Listing, Split
from core.datasets.readers.trees import Folder
from core.errors import DataSetError

PATIENCE_S = 20.0
"""How long a server may say nothing."""
LICENCES = {"mnist": "CC BY-SA 3.0", "kmnist": "CC BY-SA 4.0", "cifar10": "none stated by the authors"}
NAMES = tuple(LICENCES)
KIND = "torchvision"


def fetch_published(name: str, folder: Path) -> Listing:
    """Download one of NAMES into a folder, unless it is there, and list it; raise DataSetError where that fails."""
    from torchvision import datasets  # seconds that only this needs

    if name == "cifar10":
        with _explained(name):
            parts = [datasets.CIFAR10(folder, train=train, download=True) for train in (True, False)]
        return _arrays(name, parts)
    maker = {"mnist": datasets.MNIST, "kmnist": datasets.KMNIST}[name]
    with _explained(name):
        maker(folder, download=True)
    return _packed_idx(name, folder / maker.__name__ / "raw", dict(maker.resources))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_S)
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError is what torchvision raises for files whose sums differ, and after its last mirror; ValueError
        # for files that are cut short.
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataSetError(
            f"{name} could not be downloaded or read: {reason}.",
            f"Connect to the network and try again, or get its files in another way and run "
            f"python -m jobs data add {name} FOLDER.",
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _packed_idx(name: str, raw: Path, sums: dict[str, str]) -> Listing:
    """The listing of the packed files; torchvision looks at them when it downloads them, and not at what lies there."""
    from torchvision.datasets.utils import check_integrity

    for file, md5 in sums.items():
        if not check_integrity(str(raw / file), md5):
            raise DataSetError(
                f"{raw / file} is missing or not the published file of {name}: its MD5 is another one.",
                f"Remove {raw} and fetch it again.",
            )
    tree = Folder(raw)
    tree.files = [file for file in tree.files if file.path in sums]
    tree.name = name
    return read_idx(tree)


def _arrays(name: str, parts: list[Any]) -> Listing:
    """The listing of torchvision's arrays, uint8 (n, 32, 32, 3), for training and for the test."""
    images = np.concatenate([part.data for part in parts])
    classes = [str(words) for words in parts[0].classes]
    splits: tuple[Split, Split] = ("train", "test")
    items = [
        Item(f"{split}/{at}", classes[label], split)
        for split, part in zip(splits, parts, strict=True)
        for at, label in enumerate(part.targets)
    ]

    def contents(first: int, step: int) -> Iterator[Content]:
        yield from images[first::step]

    return Listing(KIND, items, contents, f"{name} {len(items)}", order=classes)
