"""Photo sets that change: photos join one, get another label, or leave it again.

What runs have said of a set covers the photos that there were: it is deleted with every change, and the set is then
measured again.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from filecmp import cmp
from pathlib import Path
from shutil import rmtree
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from core.errors import ConfigurationError
from core.photos.picture import Photo
from jobs.people import Role
from jobs.results.photo_sets import (
    MOST_PHOTOS,
    KeptPhoto,
    PhotoSet,
    PhotoSetNotFound,
    file_name,
    folder_of,
    photos_of,
    write_photo,
)
from jobs.store.new_files import NotWritten
from jobs.store.schema import photo_answers, photo_sets, photos, predictions
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing


@dataclass(frozen=True)
class Joined:
    """The positions of the photos that joined a set, and those of the set that others showed to the pixel."""

    positions: list[int] = field(default_factory=list)
    already_there: list[KeptPhoto] = field(default_factory=list)


def add_photos(store: Store, photo_set: PhotoSet, labelled: Iterable[tuple[Photo, int]]) -> Joined:
    """Let photos join a set, but for those whose pixels it holds already.

    Raise PhotoSetNotFound, NotWritten, or ConfigurationError where the set would grow too large. Files come first, as
    for a new set: what is left of somebody who was killed between is written over by the next.
    """
    joined, rows = Joined(), list[dict[str, object]]()
    folder = folder_of(store, photo_set.id)
    with _alone_in(folder, photo_set):
        known = photos_of(store, photo_set)
        free = _first_free(store, photo_set)
        for photo, label in labelled:
            position = free + len(rows)
            if len(known) == MOST_PHOTOS:
                raise ConfigurationError(f"More than {MOST_PHOTOS:,} photos.", "Add them to another set.")
            added = KeptPhoto(photo.name, label, folder / file_name(position))
            _write(photo, added.file)
            if same := _same_as(added, known):
                added.file.unlink()
                joined.already_there.append(same)
                continue
            known.append(added)
            rows.append({"set_id": photo_set.id, "position": position, "name": photo.name, "label": label})
            joined.positions.append(position)
        if rows:
            with _changing(store, photo_set) as connection:
                connection.execute(photos.insert(), rows)
                _record(connection, store, Action.STORED, photo_set, after=len(rows))
    return joined


def relabel_photo(store: Store, photo_set: PhotoSet, position: int, label: int) -> None:
    """Give the photo at a position another label, 0 to 9; raise PhotoSetNotFound where the set is gone."""
    with _changing(store, photo_set) as connection:
        before = connection.execute(select(photos.c.label).where(_at(photo_set, position))).scalar()
        connection.execute(photos.update().where(_at(photo_set, position)).values(label=label))
        _record(connection, store, Action.LABELLED, photo_set, before=before, after=label)


def remove_photo(store: Store, photo_set: PhotoSet, position: int) -> None:
    """Take the photo at a position out of a set, which goes with its last one; raise PhotoSetNotFound where it is gone.

    Whoever wants to add to it then finds that it was deleted.
    """
    folder = folder_of(store, photo_set.id)
    with _alone_in(folder, photo_set):
        with _changing(store, photo_set) as connection:
            connection.execute(photos.delete().where(_at(photo_set, position)))
            _record(connection, store, Action.REMOVED, photo_set, before=position)
            left = connection.execute(select(photos.c.position).where(photos.c.set_id == photo_set.id)).first()
            if left is None:
                connection.execute(photo_sets.delete().where(photo_sets.c.id == photo_set.id))
                _record(connection, store, Action.DELETED, photo_set)
        (folder / file_name(position)).unlink(missing_ok=True)
        if left is None:
            rmtree(folder, ignore_errors=True)


def _at(photo_set: PhotoSet, position: int) -> ColumnElement[bool]:
    return (photos.c.set_id == photo_set.id) & (photos.c.position == position)


@contextmanager
def _alone_in(folder: Path, photo_set: PhotoSet) -> Iterator[None]:
    """Have the folder of a set alone, so that nobody else writes a file of the same position."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _gone(photo_set) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not folder.is_dir():
            raise _gone(photo_set)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _changing(store: Store, photo_set: PhotoSet) -> Iterator[Connection]:
    """A transaction that changes a set, in which what runs have said of it goes."""
    with changing(store, Role.REVIEW) as connection:
        if connection.execute(select(photo_sets.c.id).where(photo_sets.c.id == photo_set.id)).first() is None:
            raise _gone(photo_set)
        connection.execute(predictions.delete().where(predictions.c.split == photo_set.split))
        connection.execute(photo_answers.delete().where(photo_answers.c.set_id == photo_set.id))
        yield connection


def _record(
    connection: Connection, store: Store, action: Action, photo_set: PhotoSet, *, before: Any = None, after: Any = None
) -> None:
    words = f"photo set {photo_set.name}"
    change_record.append(connection, store.by, action, subject=words, before=before, after=after)


def _gone(photo_set: PhotoSet) -> PhotoSetNotFound:
    return PhotoSetNotFound(f"The photo set {photo_set.name} was deleted meanwhile.", "Keep the photo under a name.")


def _first_free(store: Store, photo_set: PhotoSet) -> int:
    highest = select(func.max(photos.c.position)).where(photos.c.set_id == photo_set.id)
    with store.reading() as connection:
        last: int | None = connection.execute(highest).scalar()
    return 0 if last is None else last + 1


def _same_as(added: KeptPhoto, known: Iterable[KeptPhoto]) -> KeptPhoto | None:
    """The photo of a set whose file holds the same pixels as this one's."""
    return next((photo for photo in known if photo.file.is_file() and cmp(photo.file, added.file, shallow=False)), None)


def _write(photo: Photo, file: Path) -> None:
    try:
        write_photo(photo, file)
    except OSError as error:
        reason = error.strerror or error
        raise NotWritten(f"{file} could not be written: {reason}.", "Check its folder and disk space.") from error
