"""Versions of data sets: what each is, which there are, and how people name them."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from secrets import token_hex

from pydantic import BaseModel, ConfigDict, ValidationError

from core.classes import CLASS_COUNT, CLASS_NAMES
from core.config import FASHION_MNIST, IMAGE_SIDE, TEST_IMAGES, TRAINING_IMAGES, VALIDATION_IMAGES
from core.datasets.pixels.squares import Form
from core.datasets.readers.listing import SPLITS, Split
from core.errors import DataSetError
from core.texts import named

FORMAT = 1
LONGEST_NAME = 60
FASHION_MNIST_HASH = "632f17bcb8e489765e05a5df46054e7b6623e81bd5091426ee1d69297ddccaae"
"""By the rule of core.datasets.storing, from the four published files."""

VERSION, IMAGES, LABELS = "version.json", "images.npy", "labels.npy"
SPLIT_FILE, GROUPS, NAMES, HEALTH = "splits.npy", "groups.npy", "names.json", "health.json"
FILES = (VERSION, IMAGES, LABELS, SPLIT_FILE, GROUPS, NAMES, HEALTH)
"""All that a version is; what else lies in its folder was computed from it."""
_SHORTEST_PREFIX = 4
_HEX = re.compile("[0-9a-f]+")
_LIST = "See which there are: python -m jobs data list."


class RefusedFile(BaseModel):
    """A file that was not stored, and why, in words that follow its name."""

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str


class Version(BaseModel):
    """An immutable version of a data set, as version.json has it."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    hash: str
    """SHA-256 over classes in their order, size and colour, images, labels, splits and groups."""
    name: str
    number: int
    """Counts the versions of this name from 1."""
    parent: str | None = None
    """Hash of the version that this one came from."""
    created_at: float
    classes: tuple[str, ...]
    side: int
    colour: bool
    cut_out: bool = False
    """Whether the images are items cut out of their surroundings (core.photos.faded)."""
    counts: dict[Split, tuple[int, ...]]
    """Images of each class in each split that there is."""
    grouped: bool = False
    drawn: bool
    """Whether Lookbook has drawn the test set, or it came with the pictures."""
    seed: int | None = None
    test_share: float | None = None
    source_kind: str
    source_name: str
    licence: str = ""
    refused: dict[str, int] = {}
    """How many files were not stored, by reason."""
    refused_files: tuple[RefusedFile, ...] = ()
    """The first of them."""
    notes: tuple[str, ...] = ()
    """What was told of the import, each a sentence."""

    @property
    def id(self) -> str:
        """The first digits of the hash: the name of its folder."""
        return self.hash[:16]

    @property
    def pinned(self) -> str:
        """What runs keep of it, as RunConfig.data: the hash, or the name of what is the same everywhere."""
        return FASHION_MNIST if self.is_built_in else self.hash

    @property
    def label(self) -> str:
        """Name and number, as people write them."""
        return self.name if self.is_built_in else f"{self.name}@{self.number}"

    @property
    def is_built_in(self) -> bool:
        """Whether it is Fashion-MNIST, which is always there."""
        return self.hash == FASHION_MNIST_HASH

    @property
    def form(self) -> Form:
        """How its images are stored: in versions of one form the same picture has the same pixels."""
        return Form(self.side, 3 if self.colour else 1, self.cut_out)

    def follows(self, earlier: "Version") -> bool:
        """Whether it came from another version, and has the same classes."""
        return self.parent == earlier.hash and self.classes == earlier.classes

    def count(self, split: Split) -> int:
        """Images of a split."""
        return sum(self.counts.get(split, ()))

    @property
    def size(self) -> int:
        """Images of all splits."""
        return sum(map(self.count, SPLITS))


@cache
def fashion_mnist_version() -> Version:
    """Fashion-MNIST as a version: the same constants for everybody, whether or not its files are there yet."""
    train = (TRAINING_IMAGES + VALIDATION_IMAGES) // CLASS_COUNT
    return Version(
        hash=FASHION_MNIST_HASH,
        name=FASHION_MNIST,
        number=1,
        created_at=0.0,
        classes=CLASS_NAMES,
        side=IMAGE_SIDE,
        colour=False,
        counts={"train": (train,) * CLASS_COUNT, "test": (TEST_IMAGES // CLASS_COUNT,) * CLASS_COUNT},
        drawn=False,
        source_kind="IDX files",
        source_name="Fashion-MNIST (Xiao, Rasul, Vollgraf 2017)",
        licence="MIT",
    )


def sets_folder(folder: Path) -> Path:
    """Where the versions lie in a data folder."""
    return folder / "sets"


def folder_of(folder: Path, version: Version) -> Path:
    """The folder of a version in a data folder."""
    return sets_folder(folder) / version.id


def list_versions(folder: Path) -> list[Version]:
    """Every whole version in a data folder: Fashion-MNIST, then the newest first."""
    stored = [version for path in sets_folder(folder).glob(f"*/{VERSION}") if (version := _read(path)) is not None]
    return [fashion_mnist_version(), *sorted(stored, key=lambda version: (-version.created_at, version.id))]


def find(folder: Path, text: str) -> Version:
    """The version that a text means: the newest of a name, `name@number`, or the beginning of a hash.

    Raises DataSetError where it is none or several, with names that are near.
    """
    versions = list_versions(folder)
    words = text.strip()
    name, _, number = words.rpartition("@")
    if name and number.isdecimal() and len(number) < 10:
        chosen = [version for version in _called(versions, name) if version.number == int(number)]
    else:
        chosen = _called(versions, words)[:1]
    if not chosen and len(words) >= _SHORTEST_PREFIX and _HEX.fullmatch(words.lower()):
        chosen = [version for version in versions if version.hash.startswith(words.lower())]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise DataSetError(f"Several data sets begin with {words}.", "Write more digits of the hash.")
    raise DataSetError(f"There is no data set {text[:LONGEST_NAME]!r}.", _near(versions, words))


def with_hash(folder: Path, content_hash: str) -> Version | None:
    """The version in a data folder that holds the content of a hash, if there is one."""
    return next((version for version in list_versions(folder) if version.hash == content_hash), None)


def versions_called(folder: Path, name: str) -> list[Version]:
    """The versions of a name, the newest first."""
    return _called(list_versions(folder), name)


def checked_name(text: str) -> str:
    """A name for a data set; raise ConfigurationError or DataSetError where it cannot be told from other things."""
    name = named(text, "name of the data set", LONGEST_NAME)
    if "@" in name or "/" in name:
        raise DataSetError(f"The name {name!r} has a sign that means something else.", "Write it without @ and /.")
    if name.casefold() == FASHION_MNIST:
        raise DataSetError(f"{FASHION_MNIST} is always there.", "Choose another name.")
    return name


def set_aside(folder: Path, version: Version) -> Path:
    """Take a version out of the list, at one stroke, and return the folder in which its files wait to be removed.

    Whether runs need it is for the caller to ask. Raises DataSetError, OSError.
    """
    if version.is_built_in:
        raise DataSetError("Fashion-MNIST is always there and cannot be deleted.", _LIST)
    place = folder_of(folder, version)
    # Not the same name each time: files of the same pictures may be left from a removal that was cut short.
    return place.rename(place.with_name(f".deleted-{version.id}-{token_hex(4)}"))


def put_back(folder: Path, version: Version, aside: Path) -> None:
    """List a version again that was set aside. Raises OSError."""
    aside.rename(folder_of(folder, version))


def bytes_used(folder: Path, version: Version) -> int:
    """The disk space that a version takes; 0 where its files are not here."""
    return sum(path.stat().st_size for path in folder_of(folder, version).glob("*"))


def _called(versions: Sequence[Version], name: str) -> list[Version]:
    same = [version for version in versions if version.name.casefold() == name.strip().casefold()]
    return sorted(same, key=lambda version: -version.number)


def _near(versions: Sequence[Version], words: str) -> str:
    names = sorted({version.name for version in versions})
    near = get_close_matches(words.partition("@")[0], names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}? {_LIST}" if near else _LIST


def _read(path: Path) -> Version | None:
    """The version of a file; None where it is damaged or of a later format."""
    if path.parent.name.startswith("."):
        return None
    try:
        version = Version.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return version if version.format == FORMAT and path.parent.name == version.id else None
