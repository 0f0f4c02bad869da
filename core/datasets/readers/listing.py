"""What a source lists before any picture is decoded: each with the class as written, perhaps its split and group."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
SPLIT_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "t10k"), "test"),
}
"""How people call the splits, in any case."""

NO_PICTURE_YET = "there are no pictures in it"


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a source: its name there, and what is written about it."""

    name: str
    words: str
    split: Split | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that is not stored, and why, in words that follow its name: "is damaged"."""

    name: str
    reason: str


Content = bytes | np.ndarray | Refusal
"""Of one picture: the bytes of its file; its pixels, uint8 (h, w) or (h, w, 3); or why it cannot be read."""


@dataclass(frozen=True)
class Listing:
    """All that a source has. `contents(n, step)` reads every step-th of the pictures, from place n on."""

    kind: str
    items: Sequence[Item]
    contents: Callable[[int, int], Iterator[Content]]
    stamp: str
    """Changes when the source does: over names, sizes and times of files."""
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was understood and should be told, each a sentence."""
    order: Sequence[str] = ()
    """The classes in their order, where the source states it."""


def split_of(words: str) -> Split | None:
    """The split that a word means, None if it is none."""
    return SPLIT_WORDS.get(words.strip().casefold())
