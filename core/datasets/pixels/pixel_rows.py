"""Images in files, read a few at a time: never more of them is in memory than is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import DataSetError

CHUNK_BYTES = 16 * 2**20
_AGAIN = "Delete the data set and import it again."


@dataclass(frozen=True)
class Part:
    """So many images, one after another, in a file from `offset` on."""

    path: Path
    offset: int
    count: int


@dataclass(frozen=True)
class PixelRows:
    """Images uint8 (n, side, side, depth) in the parts, counted through them all, of which `order` (m,) are meant."""

    parts: tuple[Part, ...]
    side: int
    """Side of the square images, in pixels."""
    depth: int
    """Channels that are stored."""
    order: np.ndarray
    channels: int
    """1 or as many as are stored; with 1 of 3 the first is taken, where all images are grey."""

    def __len__(self) -> int:
        return len(self.order)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the images as a version stores them: without an axis for the one channel of grey."""
        return (len(self), self.side, self.side, *([3] if self.channels == 3 else []))

    @property
    def bytes(self) -> int:
        """What the images take."""
        return int(np.prod(self.shape, dtype=np.int64))

    def take(self, places: np.ndarray | slice) -> np.ndarray:
        """The images at these places of the order: (k, side, side) or (k, side, side, 3)."""
        chosen = self.order[places]
        images = np.empty((len(chosen), self.side, self.side, self.depth), np.uint8)
        first = 0
        for part in self.parts:
            mapped = np.memmap(part.path, np.uint8, "r", part.offset, (part.count, *images.shape[1:]))
            here = (chosen >= first) & (chosen < first + part.count)
            images[here] = mapped[chosen[here] - first]
            first += part.count
        return images if self.channels == 3 else images[..., 0]

    def chunks(self) -> Iterator[np.ndarray]:
        """All images in their order, so many at a time."""
        step = max(1, CHUNK_BYTES // (self.side**2 * self.depth))
        for first in range(0, len(self), step):
            yield self.take(slice(first, first + step))

    def reordered(self, places: np.ndarray) -> "PixelRows":
        """The same images, those at these places in that order."""
        return replace(self, order=self.order[places])


def stored_rows(path: Path) -> PixelRows:
    """The images of a version; raise DataSetError where the file is missing or damaged."""
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataSetError(f"{path} is missing or damaged.", _AGAIN) from error
    if not isinstance(images, np.memmap) or images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataSetError(f"{path} is damaged.", _AGAIN)
    if images.shape[1] != images.shape[2]:
        raise DataSetError(f"{path} is damaged: its images are no squares.", _AGAIN)
    count, side = images.shape[:2]
    channels = images.shape[3] if images.ndim == 4 else 1
    return PixelRows((Part(path, int(images.offset), count),), side, channels, np.arange(count), channels)
