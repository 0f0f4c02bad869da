"""What the folders of photos say of their classes: names at any depth, and numbers where nothing else is said."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.classes import CLASS_NAMES
from core.labelling.class_names import Words, read_words
from core.labelling.label_tables import shown

_SHORT_NUMBER = re.compile("0?[0-9]")
"""A number that may be a label: "001" is one of a camera."""


@dataclass(frozen=True)
class Statement:
    """One statement about a photo: its label, None for words that are no class, and who says so.

    What is said only `by_number` does not count beside any other statement; a `conflict` says two things at once.
    """

    label: int | None
    words: str
    by: str
    by_number: bool = False
    conflict: bool = False

    @property
    def told(self) -> str:
        """The statement in a sentence: "Bag by line 2 of labels.csv"."""
        return f"{self.words if self.label is None else CLASS_NAMES[self.label]} by {self.by}"


def folders_of(name: str, roots: Iterable[str]) -> tuple[str, ...]:
    """The folders of a path that count: those from a named folder on, of a file that is itself named its own."""
    *folders, _ = name.replace("\\", "/").split("/")
    for root in sorted(roots, key=len):
        above = root.rstrip("/").split("/")
        if name == root:
            return tuple(folders[-1:])
        if name.startswith(f"{root.rstrip('/')}/"):
            return tuple(folders[len(above) - 1 :])
    return tuple(folders)


def parts_inside(name: str, roots: Iterable[str]) -> int:
    """How many parts of a path are its place in the folder or zip that was given; all of a file that was itself."""
    parts = name.replace("\\", "/").split("/")
    packed = [at for at, part in enumerate(parts[:-1]) if part.lower().endswith(".zip")]
    if packed:
        return len(parts) - packed[-1] - 1
    above = [len(root.rstrip("/").split("/")) for root in roots if name.startswith(f"{root.rstrip('/')}/")]
    return len(parts) - min(above, default=0)


def ask_folders(photos: Sequence[tuple[str, ...]]) -> tuple[list[list[Statement]], list[str]]:
    """What the folders of each photo say, and numbers of folders that are no labels: then no number of a folder is."""
    known = {folder: read_words(folder.strip()) for folders in photos for folder in folders}
    counted = {at: numbers for at, folders in enumerate(photos) if (numbers := _numbers(folders, known))}
    others = [folder for numbers in counted.values() for folder in numbers if not _may_be_label(folder, known[folder])]
    statements = []
    for at, folders in enumerate(photos):
        named = [folder for folder in folders if known[folder].name is not None]
        numbers = [] if others else counted.get(at, [])
        statements.append([_statement(folder, known[folder]) for folder in dict.fromkeys([*named, *numbers])])
    return statements, list(dict.fromkeys(others))


def _numbers(folders: Sequence[str], known: dict[str, Words]) -> list[str]:
    """The folders of a photo that are called by a number of a class: "class 3", or only numbers around the photo."""
    counting = [folder for folder in folders if known[folder].name is None and known[folder].number is not None]
    told = [folder for folder in counting if not known[folder].bare]
    is_named = any(known[folder].name is not None for folder in folders)
    is_in_number = bool(folders) and known[folders[-1]].bare
    return counting if is_in_number and not told and not is_named else told


def _may_be_label(folder: str, words: Words) -> bool:
    return words.number_label is not None and (not words.bare or _SHORT_NUMBER.fullmatch(folder.strip()) is not None)


def _statement(folder: str, words: Words) -> Statement:
    return Statement(words.label, words.told, f"its folder {shown(folder)}", words.bare, words.contradict)
