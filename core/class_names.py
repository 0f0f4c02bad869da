"""Classes as people write them: in the cell of a table, and as the name of a folder."""

import re
import unicodedata

from core.classes import CLASS_COUNT, CLASS_NAMES

_NUMBER = re.compile(r"0*(\d)(?:[.,]0*)?", re.ASCII)
_PREFIXED = re.compile(r"(?:class|label|category)[\s_.:#-]*0*(\d)", re.ASCII)
_WORDS = re.compile(r"[^\W\d_]+")
_LONGEST = 200


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _joined(text: str) -> str:
    """The letters of a name without what separates its words, each word in the singular."""
    return "".join(_singular(word) for word in _WORDS.findall(text))


_BY_NAME = {_joined(name.lower()): label for label, name in enumerate(CLASS_NAMES)}
_BY_NAME |= {"tshirt": 0, "top": 0, "toptshirt": 0, "boot": 9}


def label_named(words: str) -> int | None:
    """The label of a class that is written out: "Ankle boot", "ankle-boots", "T-Shirts/Tops", "0_tshirt", "Bag (2)".

    A number beside the name orders or repeats it and says nothing. None for any other words.
    """
    return _BY_NAME.get(_joined(_plain(words)))


def label_numbered(words: str) -> int | None:
    """The label that a number states, as spreadsheets and tools write it: "8", "08", "8.0", "class_8"; None else."""
    text = _plain(words)
    match = _NUMBER.fullmatch(text) or _PREFIXED.fullmatch(text)
    return int(match[1]) if match and int(match[1]) < CLASS_COUNT else None


def label_of(words: str) -> int | None:
    """The label of a class by its name or its number; None where it is neither."""
    named = label_named(words)
    return label_numbered(words) if named is None else named


def _plain(words: str) -> str:
    # NFKC: full-width letters and digits are those letters and digits.
    return unicodedata.normalize("NFKC", words[:_LONGEST]).strip().casefold() if len(words) <= _LONGEST else ""
