"""The four files of Fashion-MNIST in the IDX format: what each must be, and whether a file on disk is that."""

import hashlib
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from core.errors import DataError
from core.files import read_start

FETCH_ADVICE = "Fetch the data again: python -m jobs data."

_UNSIGNED_BYTE = 0x08


@dataclass(frozen=True)
class IdxFile:
    """One uncompressed IDX file of unsigned bytes: its name, the shape of its array and its SHA-256."""

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> bytes:
        """The file's first bytes: two zeros, the element type, the number of dimensions, each dimension big-endian."""
        return struct.pack(f">BBBB{len(self.shape)}I", 0, 0, _UNSIGNED_BYTE, len(self.shape), *self.shape)

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self.header) + prod(self.shape)


TRAIN_IMAGES = IdxFile(
    "train-images-idx3-ubyte",
    (60_000, 28, 28),
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
)
TRAIN_LABELS = IdxFile(
    "train-labels-idx1-ubyte",
    (60_000,),
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
)
TEST_IMAGES = IdxFile(
    "t10k-images-idx3-ubyte",
    (10_000, 28, 28),
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
)
TEST_LABELS = IdxFile(
    "t10k-labels-idx1-ubyte",
    (10_000,),
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def raw_folder(folder: Path) -> Path:
    """Where the files lie in a data folder: the place that torchvision.datasets.FashionMNIST(folder) reads too."""
    return folder / "FashionMNIST" / "raw"


def check_quickly(path: Path, file: IdxFile) -> None:
    """Compare size and header only; raise DataError that names the file and what to do."""
    try:
        size = path.stat().st_size
        header = read_start(path, len(file.header), error=DataError, advice="Check the data folder.")
    except FileNotFoundError as error:
        raise DataError(f"Fashion-MNIST is not complete: {path} is missing.", FETCH_ADVICE) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", "Check the folder's permissions.") from error
    if size != file.size:
        raise DataError(f"{path} is damaged: it has {size:,} bytes instead of {file.size:,}.", FETCH_ADVICE)
    if header != file.header:
        raise DataError(f"{path} is damaged: its header is not that of {file.name}.", FETCH_ADVICE)


def check_fully(path: Path, file: IdxFile) -> None:
    """Compare every byte by SHA-256; raise DataError that names the file and what to do."""
    check_quickly(path, file)
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != file.sha256:
        raise DataError(f"{path} is damaged: its SHA-256 is not the published one.", FETCH_ADVICE)


def is_whole(path: Path, file: IdxFile) -> bool:
    """Whether every byte of the file is as published."""
    try:
        check_fully(path, file)
    except DataError:
        return False
    return True


def read(path: Path, file: IdxFile) -> np.ndarray:
    """The file's array, uint8 of file.shape, memory-mapped read-only; raise DataError as check_quickly does."""
    check_quickly(path, file)
    return np.memmap(path, dtype=np.uint8, mode="r", offset=len(file.header), shape=file.shape)
