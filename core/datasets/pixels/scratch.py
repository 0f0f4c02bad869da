"""Decoded pictures of an import that is under way: killed and started again, it goes on where it was.

The squares are appended to one file. After each block a line of JSON says, for each of its pictures, the size and
whether it is grey, or why it is refused: what has no line yet is decoded again.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from core.datasets.pixels.decoding import Outcome, Square, decoded
from core.datasets.pixels.disk_room import enough_disk, make_private
from core.datasets.pixels.pixel_rows import CHUNK_BYTES, Part, PixelRows
from core.datasets.pixels.squares import Form
from core.datasets.pixels.taking_turns import held
from core.datasets.readers.listing import Listing, Refusal
from core.errors import DataSetError

PREFIX = ".import-"
ABANDONED_S = 7 * 24 * 3600
_PIXELS, _BLOCKS, _LOCK = "squares.raw", "blocks.jsonl", "lock"
_BLOCK = 2_000
Progress = Callable[[str, float | None], None]


@dataclass
class Decoded:
    """All pictures of a listing: `sizes` int64 (n, 2) of width and height, `grey` bool (n,), `kept` their places.

    Refused ones have none of these; `rows` are the squares of the kept, in order.
    """

    rows: PixelRows
    kept: np.ndarray
    sizes: np.ndarray
    grey: np.ndarray
    refused: list[Refusal] = field(default_factory=list)


@contextmanager
def scratch_folder(within: Path, listing: Listing, form: Form) -> Iterator[Path]:
    """The folder for the squares of a listing, within another; one process has it at a time.

    Raises DataSetError where another process imports the same pictures, or the folder cannot be made.
    """
    key = sha256(f"{listing.stamp}\0{form}".encode()).hexdigest()[:16]
    folder = within / f"{PREFIX}{key}"
    with enough_disk(within, 0):
        make_private(within)
        folder.mkdir(exist_ok=True)
    with held(folder / _LOCK, wait=False):
        yield folder


def remove(folder: Path) -> None:
    """Remove the squares, once the version is stored."""
    shutil.rmtree(folder, ignore_errors=True)


def decode(folder: Path, listing: Listing, form: Form, progress: Progress) -> Decoded:
    """Decode what is not decoded yet, and return everything. Raises DataSetError, as for a full disk."""
    with enough_disk(folder, 0):
        outcomes = _recovered(folder, form)
    total = len(listing.items)
    if outcomes and len(outcomes) < total:
        progress(f"Going on with picture {len(outcomes) + 1:,}", None)
    if len(outcomes) < total:
        with enough_disk(folder, (total - len(outcomes)) * form.bytes):
            _decode_rest(folder, listing, form, outcomes, progress)
    if len(outcomes) != total:
        raise DataSetError("The pictures changed while they were imported.", "Import them again.")
    return _collected(folder, listing, outcomes, form)


def _decode_rest(folder: Path, listing: Listing, form: Form, outcomes: "list[_Told]", progress: Progress) -> None:
    """Decode the pictures that have no outcome yet, and append theirs."""
    total = len(listing.items)
    with (folder / _PIXELS).open("ab") as pixels, (folder / _BLOCKS).open("a", encoding="utf-8") as blocks:
        new = decoded(listing.contents(len(outcomes), 1), form)
        for block in _blocks(new, form.bytes):
            pixels.write(b"".join(outcome.pixels.tobytes() for outcome in block if isinstance(outcome, Square)))
            pixels.flush()
            os.fsync(pixels.fileno())
            lines = list(map(_line, block))
            blocks.write(json.dumps(lines) + "\n")
            blocks.flush()
            os.fsync(blocks.fileno())
            outcomes += lines
            progress(f"Decoding {total:,} pictures", len(outcomes) / total)


_Told = list[int] | str


def _line(outcome: Outcome) -> _Told:
    return outcome if isinstance(outcome, str) else [*outcome.size, int(outcome.is_grey)]


def _blocks(outcomes: Iterator[Outcome], bytes_each: int) -> Iterator[list[Outcome]]:
    most = max(1, min(_BLOCK, CHUNK_BYTES // bytes_each))
    for first in outcomes:
        block = [first]
        for outcome in outcomes:
            block.append(outcome)
            if len(block) >= most:
                break
        yield block


def _recovered(folder: Path, form: Form) -> list[_Told]:
    """What whole blocks say; the file of squares, and that of lines, are cut to where they end."""
    path, squares = folder / _BLOCKS, folder / _PIXELS
    outcomes: list[_Told] = []
    whole = pictures = 0
    available = squares.stat().st_size if squares.exists() else 0
    each = form.bytes
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        block = _parsed(line)
        if block is None or available < each * (pictures + _pictures(block)):
            break
        outcomes += block
        pictures += _pictures(block)
        whole += len(line)
    if path.exists():
        os.truncate(path, whole)
        os.truncate(squares, each * pictures)
    return outcomes


def _parsed(line: bytes) -> list[_Told] | None:
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None


def _pictures(block: list[_Told]) -> int:
    return sum(not isinstance(outcome, str) for outcome in block)


def _collected(folder: Path, listing: Listing, outcomes: list[_Told], form: Form) -> Decoded:
    kept = [place for place, outcome in enumerate(outcomes) if not isinstance(outcome, str)]
    told = np.array([outcome for outcome in outcomes if not isinstance(outcome, str)], np.int64).reshape(-1, 3)
    part = Part(folder / _PIXELS, 0, len(kept))
    rows = PixelRows((part,), form.side, form.channels, np.arange(len(kept)), form.channels)
    refused = [
        Refusal(item.name, outcome)
        for item, outcome in zip(listing.items, outcomes, strict=True)
        if isinstance(outcome, str)
    ]
    return Decoded(rows, np.array(kept, np.int64), told[:, :2], told[:, 2].astype(bool), refused)


def clear_abandoned(sets: Path) -> None:
    """Remove what nobody has gone on with: imports, uploads, and what a kill has left of storing or deleting."""
    for folder in sets.glob(".*-*"):
        blocks = folder / _BLOCKS
        if time.time() - (blocks if blocks.exists() else folder).stat().st_mtime > ABANDONED_S:
            remove(folder)
