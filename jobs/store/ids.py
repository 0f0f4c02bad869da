"""The ids of runs, of their groups and of photo sets: short, typed without mistakes, and fit to name a folder."""

import re
import secrets
from hashlib import sha256
from pathlib import Path

# No letter or digit that is mistaken for another when an id is read aloud or typed.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH = 8
_ID = re.compile(r"[a-z0-9]{1,16}", re.ASCII)


def new_id() -> str:
    """A random id of 8 characters: one in a million that two of 1,300 runs share it, and then the store refuses."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def is_id(words: str) -> bool:
    """Whether this may be an id: at most 16 small letters and digits of ASCII, so that it is no path either."""
    return _ID.fullmatch(words) is not None


def folder_for(parent: Path, words: str) -> Path:
    """The folder of what has this id, always right inside `parent`.

    A store that somebody else has written may hold anything for an id, "../other" or an absolute path. What is no id
    gets a folder of its own all the same, named so that no id is.
    """
    if is_id(words):
        return parent / words
    return parent / f"no-id-{sha256(words.encode(errors='surrogatepass')).hexdigest()[:32]}"
