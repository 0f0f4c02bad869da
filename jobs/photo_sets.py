"""Photos with known classes, kept under a name: a test set of one's own that runs are measured and compared on.

The store holds the labels and what the photos were called, the artifacts folder the decoded pictures under names of
ours; nothing of a file that was uploaded but its pixels is kept. What a run says of a set is stored as its answers to
the test images are, under a split of the set's own.
"""

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.exc import IntegrityError

from core.decoding import DECODING_ERRORS
from core.errors import ConfigurationError, LookbookError
from core.reading import Photo, UnreadablePhoto
from jobs import blobs
from jobs.new_files import new_folder
from jobs.queue import new_id
from jobs.records import Predictions
from jobs.runs import get_predictions
from jobs.schema import LONGEST_NAME, photo_sets, photos, predictions
from jobs.store import Store

MOST_PHOTOS = 10_000


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
    chosen, set_id, rows = _checked_name(store, name), new_id(), []
    _folder(store, set_id).parent.mkdir(parents=True, exist_ok=True)
    with new_folder(_folder(store, set_id)) as folder:
        for position, (photo, label) in enumerate(labelled):
            _write(photo, folder / _file_name(position))
            rows.append({"set_id": set_id, "position": position, "name": photo.name, "label": label})
        if not 1 <= len(rows) <= MOST_PHOTOS:
            raise ConfigurationError(f"A set of {len(rows):,} photos.", f"Keep 1 to {MOST_PHOTOS:,} labelled photos.")
    try:
        with store.writing() as connection:
            connection.execute(photo_sets.insert().values(id=set_id, name=chosen, created_at=time.time()))
            connection.execute(photos.insert(), rows)
    except (LookbookError, IntegrityError):
        shutil.rmtree(_folder(store, set_id), ignore_errors=True)
        raise
    return find_set(store, set_id)


def list_sets(store: Store) -> list[PhotoSet]:
    """Every photo set, by name."""
    with store.reading() as connection:
        return [_as_set(row) for row in connection.execute(_counted().order_by(photo_sets.c.name))]


def find_set(store: Store, words: str) -> PhotoSet:
    """The photo set of this id or name; raise PhotoSetNotFound."""
    wanted = or_(photo_sets.c.id == words, photo_sets.c.name == words)
    with store.reading() as connection:
        row = connection.execute(_counted().where(wanted)).first()
    if row is None:
        raise PhotoSetNotFound(
            f"There is no photo set {words!r}.", "`python -m jobs photo-set list` shows all there are."
        )
    return _as_set(row)


def photos_of(store: Store, photo_set: PhotoSet) -> list[KeptPhoto]:
    """The photos of a set in their order."""
    query = select(photos).where(photos.c.set_id == photo_set.id).order_by(photos.c.position)
    folder = _folder(store, photo_set.id)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return [KeptPhoto(row.name, row.label, folder / _file_name(row.position)) for row in rows]


def answered_by(store: Store, photo_set: PhotoSet) -> list[str]:
    """The ids of the runs whose answers to a set are stored."""
    query = select(predictions.c.run_id).where(predictions.c.split == photo_set.split).order_by(predictions.c.run_id)
    with store.reading() as connection:
        return list(connection.execute(query).scalars())


def answers_of(store: Store, photo_set: PhotoSet, run_id: str) -> Predictions:
    """What a run said of a set; raise NoPredictions where it was not asked."""
    return get_predictions(store, run_id, photo_set.split)


def store_answers(
    store: Store, photo_set: PhotoSet, run_id: str, log_probabilities: npt.NDArray[np.float32]
) -> Predictions:
    """Store what a run says of a set, float32 (n, 10), in place of what it said before; raise NoPredictions."""
    labels = np.array([photo.label for photo in photos_of(store, photo_set)], dtype=np.int64)
    with store.writing() as connection:
        connection.execute(
            predictions.delete().where(predictions.c.run_id == run_id, predictions.c.split == photo_set.split)
        )
        connection.execute(
            predictions.insert().values(
                run_id=run_id,
                split=photo_set.split,
                count=len(labels),
                labels=blobs.encode_labels(labels),
                log_probabilities=blobs.encode_log_probabilities(log_probabilities),
            )
        )
    return answers_of(store, photo_set, run_id)


def bytes_used(store: Store, photo_set: PhotoSet) -> int:
    """The room that the pictures of a set take, in bytes."""
    return sum(file.stat().st_size for file in _folder(store, photo_set.id).glob("*.png"))


def delete(store: Store, photo_set: PhotoSet) -> int:
    """Delete a set, its pictures and what runs said of it; return the bytes freed on disk. The rows go first."""
    with store.writing() as connection:
        connection.execute(predictions.delete().where(predictions.c.split == photo_set.split))
        connection.execute(photo_sets.delete().where(photo_sets.c.id == photo_set.id))
    freed = bytes_used(store, photo_set)
    shutil.rmtree(_folder(store, photo_set.id), ignore_errors=True)
    return freed


def _checked_name(store: Store, name: str) -> str:
    chosen = name.strip()
    if not 1 <= len(chosen) <= LONGEST_NAME:
        raise ConfigurationError(f"A name of {len(chosen)} characters.", f"Use 1 to {LONGEST_NAME}.")
    if any(one.name == chosen for one in list_sets(store)):
        raise ConfigurationError(
            f"There is a photo set {chosen!r} already.", "Choose another name, or delete that one."
        )
    return chosen


def _counted() -> Select[tuple[str, str, float, int]]:
    return select(photo_sets, func.count(photos.c.position).label("count")).outerjoin(photos).group_by(photo_sets.c.id)


def _as_set(row: Row[tuple[str, str, float, int]]) -> PhotoSet:
    return PhotoSet(row.id, row.name, row.created_at, row._mapping["count"])


def _folder(store: Store, set_id: str) -> Path:
    return store.artifacts / "photo-sets" / set_id


def _file_name(position: int) -> str:
    return f"{position:05d}.png"


def _write(photo: Photo, file: Path) -> None:
    pixels = photo.pixels if photo.opacity is None else np.dstack([photo.pixels, photo.opacity])
    Image.fromarray(pixels).save(file, compress_level=1)
