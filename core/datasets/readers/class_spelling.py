"""Classes as people write them: what differs in writing alone is one class, and what is nearly so is pointed out."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.classes import CLASS_NAMES
from core.errors import ConfigurationError, DataSetError
from core.texts import named, tidied

LONGEST_CLASS = 100
MOST_CLASSES = 1_000
_JOINERS = re.compile(r"[\s_\-\u2010-\u2015]+")
_PATH = re.compile(r"(\.\.?|~)?[/\\]|[a-z]:[/\\]|.*[/\\]\.\.([/\\]|$)", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Classes:
    """The classes in their order, and for each way of writing the place of its class; sentences on what was merged."""

    names: tuple[str, ...]
    place_of: Mapping[str, int]
    notes: tuple[str, ...]


def key_of(words: str) -> str:
    """What two ways of writing a class have in common: letters without case, words without what joins them."""
    return _JOINERS.sub(" ", unicodedata.normalize("NFC", words)).strip().casefold()


def wrong_with(words: str) -> str:
    """Why words cannot be the name of a class, to follow them in a sentence; empty if they can."""
    if not words.strip():
        return "has no label"
    if _PATH.match(words):
        return "has a path for its label"
    try:
        named(words, "class", LONGEST_CLASS)
    except ConfigurationError as error:
        return f"has a label that cannot be used: {error.message.rstrip('.')}"
    return ""


def classes_of(written: Sequence[str], order: Sequence[str] = ()) -> Classes:
    """The classes of so many labels as written, each once per image; in the order given, or sorted as people count.

    Raise DataSetError for fewer than two classes or more than MOST_CLASSES.
    """
    counts = Counter(written)
    spellings: dict[str, list[str]] = defaultdict(list)
    for words in sorted(counts, key=lambda words: (-counts[words], words)):
        spellings[key_of(words)].append(words)
    _require_several(spellings)
    keys = _ordered(list(spellings), order)
    stated = {key_of(words): tidied(words) for words in (*_benchmark(spellings), *order)}
    names = tuple(stated.get(key, tidied(spellings[key][0])) for key in keys)
    place_of = {words: place for place, key in enumerate(keys) for words in spellings[key]}
    return Classes(names, place_of, (*_merged(spellings), *_alike(names)))


def _require_several(spellings: Mapping[str, Sequence[str]]) -> None:
    if not spellings:
        raise DataSetError("There is no picture with a label.", "Put pictures into a folder for each class.")
    if len(spellings) == 1:
        name = next(iter(spellings.values()))[0]
        raise DataSetError(
            f"There is only one class, {name!r}; a classifier needs at least two.",
            "Add a folder for each other class, or name the folder above them.",
        )
    if len(spellings) > MOST_CLASSES:
        raise DataSetError(
            f"There are {len(spellings):,} classes; at most {MOST_CLASSES:,} are supported.",
            "Check that the label column or the folders name classes, or import fewer of them.",
        )


def _benchmark(spellings: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The ten classes of Fashion-MNIST where there are no others, so that runs on both have one order of classes."""
    return CLASS_NAMES if set(spellings) == set(map(key_of, CLASS_NAMES)) else ()


def _ordered(keys: Sequence[str], order: Sequence[str]) -> list[str]:
    stated = [key_of(words) for words in (order or _benchmark(dict.fromkeys(keys, ())))]
    rest = sorted((key for key in keys if key not in set(stated)), key=_as_counted)
    return [*(key for key in dict.fromkeys(stated) if key in set(keys)), *rest]


def _as_counted(key: str) -> list[tuple[int, int, str]]:
    """ "class 10" after "class 9"."""
    parts = _NUMBERS.split(key)
    return [(0, int(part), "") if part.isdecimal() and len(part) < 20 else (1, 0, part) for part in parts if part]


def _merged(spellings: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        f"{' and '.join(repr(words) for words in ways)} are one class in different writing: {tidied(ways[0])}."
        for ways in spellings.values()
        if len({tidied(words) for words in ways}) > 1
    ]


def _alike(names: Sequence[str]) -> list[str]:
    """Classes that differ by signs or a plural only: perhaps one, but more than writing tells them apart."""
    by_letters: dict[str, list[str]] = defaultdict(list)
    for name in names:
        letters = "".join(letter for letter in key_of(name) if letter.isalnum())
        by_letters[letters.removesuffix("s") if len(letters) > 3 else letters].append(name)
    return [
        f"{' and '.join(alike)} are stored as different classes. If they are one, give them one name and import again."
        for letters, alike in by_letters.items()
        if letters and len(alike) > 1
    ]
