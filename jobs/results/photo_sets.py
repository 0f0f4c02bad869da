"""Photos with known classes, kept under a name: a test set of one's own that runs are measured and compared on.

The store holds the labels and what the photos were called, the artifacts folder the decoded pictures under names of
ours; nothing of a file that was uploaded but its pixels is kept. What a run says of a set is stored as its answers to
the test images are, under a split of the set's own.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import Connection, Row, Select, func, or_, select

from core.answers.verdict import Judgement, Verdict
from core.datasets import versions
from core.datasets.versions import Version
from core.errors import ConfigurationError, LookbookError
from core.photos.picture import PHOTO_PATH, Photo, UnreadablePhoto
from core.photos.pixels import DECODING_ERRORS
from core.statistics.metrics import SMALLEST_PROBABILITY
from core.texts import named, tidied
from jobs.people import Role
from jobs.results.data_users import data_behind
from jobs.settings import settings
from jobs.store import blobs
from jobs.store.ids import folder_for, new_id
from jobs.store.new_files import new_folder
from jobs.store.queries import get_predictions
from jobs.store.records import Predictions
from jobs.store.schema import LONGEST_NAME, photo_answers, photo_sets, photos, predictions
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing

MOST_PHOTOS = 10_000
_VERSIONS = "versions.txt"
_LETTERS: dict[Verdict | None, str] = {"sure": "s", "not sure": "n", "none of these": "0", None: "-"}
"""How the verdicts are stored, a letter for each photo."""


class PhotoSetNotFound(LookbookError):
    """There is no photo set of that name."""

    kind = "photo"


@dataclass(frozen=True)
class PhotoSet:
    """A named set of `count` photos."""

    id: str
    name: str
    created_at: float
    count: int

    @property
    def split(self) -> str:
        """Under which split the answers of runs are stored."""
        return f"photos-{self.id}"


@dataclass(frozen=True)
class KeptPhoto:
    """One photo of a set: what it was called, its label 0 to 9, and the file that holds its pixels."""

    name: str
    label: int
    file: Path

    def load(self) -> Photo:
        """The photo as it was decoded, to the pixel; raise UnreadablePhoto where its file is gone or damaged."""
        try:
            with Image.open(self.file, formats=["PNG"]) as opened:
                pixels = np.asarray(opened)
        except DECODING_ERRORS as error:
            advice = "Delete the photo set and add its photos again."
            raise UnreadablePhoto(f"The picture {self.file} of {self.name} is gone or damaged.", advice) from error
        return Photo(self.name, pixels[..., :3], pixels[..., 3] if pixels.shape[2] == 4 else None, ())


def keep(store: Store, name: str, labelled: Iterable[tuple[Photo, int]]) -> PhotoSet:
    """Keep photos with their labels as a set of this name, which is new; raise ConfigurationError or NotWritten.

    Files come first: if the machine dies between, files without a set are left, never a set without its files.
    """
    chosen, set_id = named(name, "name", LONGEST_NAME), new_id()
    with store.reading() as connection:
        _refuse_taken(connection, chosen)
    folder = folder_of(store, set_id)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _adding_to(folder.parent), ExitStack() as undone:
        undone.callback(shutil.rmtree, folder, ignore_errors=True)
        rows = _write_all(folder, labelled)
        with changing(store, Role.REVIEW) as connection:
            # Somebody else may have taken the name while the pictures were written.
            _refuse_taken(connection, chosen)
            connection.execute(photo_sets.insert().values(id=set_id, name=chosen, created_at=time.time()))
            connection.execute(photos.insert(), [{"set_id": set_id, **row} for row in rows])
            change_record.append(connection, store.by, Action.STORED, subject=f"photo set {chosen}", after=len(rows))
        undone.pop_all()
    return find_set(store, set_id)


def list_sets(store: Store) -> list[PhotoSet]:
    """Every photo set, by name."""
    with store.reading() as connection:
        return [_as_set(row) for row in connection.execute(_counted().order_by(photo_sets.c.name))]


def find_set(store: Store, words: str) -> PhotoSet:
    """The photo set of this id or name; raise PhotoSetNotFound."""
    wanted = or_(photo_sets.c.id == words, photo_sets.c.name.in_((words, tidied(words))))
    with store.reading() as connection:
        row = connection.execute(_counted().where(wanted)).first()
    if row is None:
        raise PhotoSetNotFound(f"There is no photo set {words!r}.", "`python -m jobs photo-set list` lists all sets.")
    return _as_set(row)


def photos_of(store: Store, photo_set: PhotoSet) -> list[KeptPhoto]:
    """The photos of a set in their order."""
    query = select(photos).where(photos.c.set_id == photo_set.id).order_by(photos.c.position)
    folder = folder_of(store, photo_set.id)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return [KeptPhoto(row.name, row.label, folder / file_name(row.position)) for row in rows]


def answered_by(store: Store, photo_set: PhotoSet) -> list[str]:
    """The ids of the runs whose answers to a set are stored."""
    query = select(predictions.c.run_id).where(predictions.c.split == photo_set.split).order_by(predictions.c.run_id)
    with store.reading() as connection:
        return list(connection.execute(query).scalars())


def outdated(store: Store, photo_set: PhotoSet) -> list[str]:
    """The ids of the runs whose stored answers were given by another version of the photo path than this one's."""
    told = select(photo_answers.c.run_id).where(
        photo_answers.c.set_id == photo_set.id, photo_answers.c.photo_path == PHOTO_PATH
    )
    with store.reading() as connection:
        current = set(connection.execute(told).scalars())
    return [run_id for run_id in answered_by(store, photo_set) if run_id not in current]


def measured_on(store: Store, run_id: str) -> list[PhotoSet]:
    """The photo sets that a run was measured on as photos are read now, the largest first."""
    told = select(photo_answers.c.set_id).where(
        photo_answers.c.run_id == run_id, photo_answers.c.photo_path == PHOTO_PATH
    )
    largest_first = func.count(photos.c.position).desc(), photo_sets.c.name
    with store.reading() as connection:
        rows = connection.execute(_counted().where(photo_sets.c.id.in_(told)).order_by(*largest_first))
        return [_as_set(row) for row in rows]


def source_of(photo_set: PhotoSet) -> str:
    """What a data set version that was made of a photo set says of its source."""
    return f"photo set {photo_set.name} ({photo_set.id})"


def note_version(store: Store, photo_set: PhotoSet, version: Version) -> None:
    """Remember that a data set version holds photos of a set."""
    with (folder_of(store, photo_set.id) / _VERSIONS).open("a", encoding="ascii") as file:
        file.write(f"{version.hash}\n")


def versions_of(store: Store, photo_set: PhotoSet) -> list[Version]:
    """The data set versions known to hold photos of a set, also as it was before: it cannot test what learnt them."""
    noted = folder_of(store, photo_set.id) / _VERSIONS
    hashes = noted.read_text(encoding="ascii").split() if noted.is_file() else []
    return [version for version in versions.list_versions(settings().data) if version.hash in hashes]


def learners_of(store: Store, photo_set: PhotoSet) -> set[str]:
    """The ids of the runs that learnt from one of these versions, or build on a run that did."""
    holding = {version.pinned for version in versions_of(store, photo_set)}
    return {run_id for run_id, data in data_behind(store).items() if data & holding}


def answers_of(store: Store, photo_set: PhotoSet, run_id: str) -> Predictions:
    """What a run said of a set; raise NoPredictions where it was not asked."""
    return get_predictions(store, run_id, photo_set.split)


def verdicts_of(store: Store, photo_set: PhotoSet, run_id: str) -> list[Verdict | None]:
    """A run's verdict on each photo of a set; None where it gives none, or gave its answers before they were kept."""
    query = select(photo_answers.c.verdicts).where(
        photo_answers.c.run_id == run_id, photo_answers.c.set_id == photo_set.id
    )
    with store.reading() as connection:
        letters = connection.execute(query).scalar() or _LETTERS[None] * photo_set.count
    known = {letter: verdict for verdict, letter in _LETTERS.items()}
    return [known[letter] for letter in letters]


def store_answers(store: Store, photo_set: PhotoSet, run_id: str, judged: Sequence[Judgement]) -> Predictions:
    """Store what a run says of the photos of a set, in their order, in place of what it said before.

    Raise PhotoSetNotFound for a set that was deleted meanwhile; nothing is stored then.
    """
    shares = np.array([judgement.probabilities for judgement in judged], dtype=np.float32)
    logs = np.log(np.maximum(shares, SMALLEST_PROBABILITY)).astype(np.float32)
    ordered = select(photos.c.label).where(photos.c.set_id == photo_set.id).order_by(photos.c.position)
    with changing(store, Role.REVIEW) as connection:
        labels = np.array(connection.execute(ordered).scalars().all(), dtype=np.int64)
        if not len(labels):
            raise PhotoSetNotFound(f"The photo set {photo_set.name} was deleted meanwhile.", "Nothing is stored.")
        earlier = predictions.c.run_id == run_id, predictions.c.split == photo_set.split
        connection.execute(predictions.delete().where(*earlier))
        connection.execute(
            photo_answers.delete().where(photo_answers.c.run_id == run_id, photo_answers.c.set_id == photo_set.id)
        )
        connection.execute(
            predictions.insert().values(
                run_id=run_id,
                split=photo_set.split,
                count=len(labels),
                labels=blobs.encode_labels(labels),
                log_probabilities=blobs.encode_log_probabilities(logs),
            )
        )
        letters = "".join(_LETTERS[judgement.verdict] for judgement in judged)
        connection.execute(
            photo_answers.insert().values(run_id=run_id, set_id=photo_set.id, photo_path=PHOTO_PATH, verdicts=letters)
        )
        change_record.append(
            connection, store.by, Action.MEASURED, run_id=run_id, subject=f"photo set {photo_set.name}"
        )
    return answers_of(store, photo_set, run_id)


def bytes_used(store: Store, photo_set: PhotoSet) -> int:
    """The disk space that the pictures of a set take, in bytes."""
    return sum(file.stat().st_size for file in folder_of(store, photo_set.id).glob("*.png"))


def delete(store: Store, photo_set: PhotoSet) -> int:
    """Delete a set, its pictures and what runs said of it; return the bytes freed on disk. The rows go first."""
    with changing(store, Role.LAUNCH) as connection:
        connection.execute(predictions.delete().where(predictions.c.split == photo_set.split))
        connection.execute(photo_sets.delete().where(photo_sets.c.id == photo_set.id))
        change_record.append(connection, store.by, Action.DELETED, subject=f"photo set {photo_set.name}")
    freed = bytes_used(store, photo_set)
    shutil.rmtree(folder_of(store, photo_set.id), ignore_errors=True)
    return freed


@contextmanager
def _adding_to(place: Path) -> Iterator[None]:
    """Share the folder of all sets with others who add to it.

    Whoever has it alone first clears away what is left there of somebody who was killed while adding.
    """
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in place.glob(".*.part"):
                shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _write_all(place: Path, labelled: Iterable[tuple[Photo, int]]) -> list[dict[str, object]]:
    """Write the photos to a new folder, and return their rows without the set."""
    rows: list[dict[str, object]] = []
    with new_folder(place) as folder:
        for position, (photo, label) in enumerate(labelled):
            if position == MOST_PHOTOS:
                raise ConfigurationError(f"More than {MOST_PHOTOS:,} photos.", "Split it into several sets.")
            write_photo(photo, folder / file_name(position))
            rows.append({"position": position, "name": photo.name, "label": label})
        if not rows:
            raise ConfigurationError("A set of 0 photos.", f"Keep 1 to {MOST_PHOTOS:,} labelled photos.")
    return rows


def _refuse_taken(connection: Connection, name: str) -> None:
    if connection.execute(select(photo_sets.c.id).where(photo_sets.c.name == name)).first() is not None:
        raise ConfigurationError(
            f"A photo set named {name!r} exists already.", "Choose another name, or delete that one."
        )


def _counted() -> Select[tuple[str, str, float, int]]:
    return select(photo_sets, func.count(photos.c.position).label("count")).outerjoin(photos).group_by(photo_sets.c.id)


def _as_set(row: Row[tuple[str, str, float, int]]) -> PhotoSet:
    return PhotoSet(row.id, row.name, row.created_at, row._mapping["count"])


def folder_of(store: Store, set_id: str) -> Path:
    """Where the pictures of a set lie."""
    return folder_for(store.artifacts / "photo-sets", set_id)


def file_name(position: int) -> str:
    """Under which name the picture of the photo at a position lies in the folder of its set."""
    return f"{position:05d}.png"


def write_photo(photo: Photo, file: Path) -> None:
    """Write what was decoded of a photo as a PNG file, the same bytes for the same pixels."""
    pixels = photo.pixels if photo.opacity is None else np.dstack([photo.pixels, photo.opacity])
    Image.fromarray(pixels).save(file, compress_level=1)
