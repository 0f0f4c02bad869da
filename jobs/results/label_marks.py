"""What people say of the labels of images: right as it is, another class, or not usable; and what follows from it.

An image is named by its position in a version: its place among all images, those of the test last.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select

from core.datasets.storing import Content
from core.statistics.wording import listed
from core.texts import named
from jobs.people import Person, Role
from jobs.store.schema import LONGEST_PERSON, label_marks
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import NotAllowed, changing

NOT_USABLE = "not usable"
RIGHT = "right as it is"
_MOST_NAMED = 5


@dataclass(frozen=True)
class Mark:
    """What a person says of the image at a position: the label that it should have, None where it cannot be used."""

    position: int
    person: str
    label: int | None
    marked_at: float

    def words(self, content: Content) -> str:
        """The mark in words, beside the label that the image of this version has."""
        if self.label is None:
            return NOT_USABLE
        return RIGHT if self.label == content.labels[self.position] else content.classes[self.label]


@dataclass(frozen=True)
class Review:
    """The marks of a version by position, ascending, of each image the earlier first."""

    marks: Mapping[int, Sequence[Mark]]

    @property
    def corrections(self) -> dict[int, int | None]:
        """The label by position, None for not usable, wherever all who have marked an image agree."""
        return {position: marks[0].label for position, marks in self.marks.items() if not self.is_disputed(position)}

    @property
    def disputed(self) -> list[int]:
        """The positions of the images on which people disagree: their marks are not applied."""
        return [position for position in self.marks if self.is_disputed(position)]

    def with_marks(self, marks: Iterable[Mark]) -> "Review":
        """The same with marks in place of those that the same people have made on the same images."""
        by_person = {(each.position, each.person): each for of_image in self.marks.values() for each in of_image}
        return _review((by_person | {(each.position, each.person): each for each in marks}).values())

    def is_disputed(self, position: int) -> bool:
        """Whether people have marked an image in different ways."""
        return len({mark.label for mark in self.marks.get(position, ())}) > 1

    def of(self, position: int, person: str) -> Mark | None:
        """The mark of a person on an image."""
        return next((mark for mark in self.marks.get(position, ()) if mark.person == person), None)

    def sentence(self, position: int, content: Content) -> str:
        """Who has marked an image, and how; empty where nobody has."""
        marks = self.marks.get(position, ())
        if not marks:
            return ""
        told = listed([f"{mark.person}: {mark.words(content)}" for mark in marks], _MOST_NAMED)
        return f"Marked by {told}.{' They disagree, so nothing is applied.' if self.is_disputed(position) else ''}"


def _review(marks: Iterable[Mark]) -> Review:
    """The marks by position, of each image the earlier first."""
    by_position: dict[int, list[Mark]] = {}
    for each in sorted(marks, key=lambda each: (each.position, each.marked_at, each.person)):
        by_position.setdefault(each.position, []).append(each)
    return Review(by_position)


_MOST_TOLD = 100


def mark(store: Store, data: str, position: int, person: str, label: int | None) -> None:
    """Keep what a person says of an image, in place of what the same person has said before.

    `data` is the version as configurations name it. Raise ConfigurationError for a name that cannot be.
    """
    keep_marks(store, data, [Mark(position, checked_person(person), label, time.time())])


def keep_marks(store: Store, data: str, marks: Iterable[Mark]) -> None:
    """Keep several marks at once, at most one of a person on an image."""
    rows = [{"data": data, **vars(each)} for each in marks]
    if not rows:
        return
    columns = label_marks.c
    same = (columns[name] == bindparam(f"same_{name}") for name in ("data", "position", "person"))
    keys = [{f"same_{name}": row[name] for name in ("data", "position", "person")} for row in rows]
    with changing(store, Role.REVIEW) as connection:
        _refuse_others(store.by, {row["person"] for row in rows})
        connection.execute(label_marks.delete().where(*same), keys)
        connection.execute(label_marks.insert(), rows)
        positions = [row["position"] for row in rows[:_MOST_TOLD]]
        told = {"images": len(rows), "positions": positions}
        change_record.append(connection, store.by, Action.MARKED, subject=data, after=told)


def withdraw(store: Store, data: str, position: int, person: str) -> None:
    """Take back what a person has said of an image."""
    columns = label_marks.c
    mine = (columns.data == data, columns.position == position, columns.person == checked_person(person))
    with changing(store, Role.REVIEW) as connection:
        _refuse_others(store.by, {person})
        connection.execute(label_marks.delete().where(*mine))
        change_record.append(connection, store.by, Action.WITHDREW, subject=data, before={"position": position})


def _refuse_others(by: Person, persons: set[str]) -> None:
    """Refuse marks in the name of others from who has signed in; the operator keeps lists that people hand in."""
    if not by.is_operator and persons != {by.id}:
        raise NotAllowed(f"{by.name} cannot mark labels for somebody else.", "Mark them as yourself.")


def review_of(store: Store, data: str, images: int, classes: int) -> Review:
    """All marks of a version of so many images and classes; those of images or classes beyond are left aside."""
    columns = label_marks.c
    query = select(columns.position, columns.person, columns.label, columns.marked_at)
    known = or_(columns.label.is_(None), columns.label < classes)
    with store.reading() as connection:
        rows = connection.execute(query.where(columns.data == data, columns.position < images, known))
        return Review({}).with_marks(Mark(*row) for row in rows)


def checked_person(text: str) -> str:
    """A person's name as it is kept; raise ConfigurationError where it cannot be told from others."""
    return named(text, "name of the person", LONGEST_PERSON)
