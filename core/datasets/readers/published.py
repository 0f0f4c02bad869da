"""Data sets that torchvision knows how to download, verified by the sums that it states."""

import socket
from collections.abc import Callable, Iterator
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
    """Download a data set into a folder, unless it is there, and list it; raise DataSetError where that fails."""
    from torchvision import datasets  # seconds that only this needs

    makers: dict[str, Callable[..., Any]] = {
        "mnist": datasets.MNIST,
        "kmnist": datasets.KMNIST,
        "cifar10": datasets.CIFAR10,
    }
    with _explained(name, folder):
        parts = [makers[name](folder, train=train, download=True) for train in (True, False)]
    if name != "cifar10":
        return read_idx(Folder(folder / name.upper() / "raw"))
    return _arrays(name, parts)


@contextmanager
def _explained(name: str, folder: Path) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_S)
    try:
        yield
    except (OSError, RuntimeError) as error:
        # RuntimeError is what torchvision raises for files whose sums differ, and after its last mirror.
        raise DataSetError(
            f"{name} could not be downloaded: {error}.",
            f"Connect to the network and try again, or copy its files to {folder} and run python -m jobs data add.",
        ) from error
    finally:
        socket.setdefaulttimeout(before)


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
