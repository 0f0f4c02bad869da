"""What people say of a run, a comparison, an image or a photo: threads of comments, each with the view it speaks of."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from core.errors import ConfigurationError, LookbookError
from core.texts import clean_lines
from jobs.people import Role, name_or_id
from jobs.store.ids import new_id
from jobs.store.queries import run_not_found
from jobs.store.schema import comments, mentions, people, runs
from jobs.store.store import Store
from jobs.store.store_errors import ChangedMeanwhile
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.deliveries import Event, announce
from jobs.team.mentions import mentioned
from jobs.team.permission import NotAllowed, changing, role_of

LONGEST_COMMENT = 10_000
LONGEST_VIEW = 4_000


class CommentGone(LookbookError):
    """The comment has been deleted meanwhile."""

    kind = "store"


class About(StrEnum):
    """What a comment can be about."""

    RUN = "run"
    COMPARISON = "comparison"
    IMAGE = "image"
    PHOTO = "photo"


@dataclass(frozen=True)
class Topic:
    """What a thread is about; `subject` tells it from others of its kind."""

    about: About
    subject: str

    @classmethod
    def run(cls, run_id: str) -> "Topic":
        """A run."""
        return cls(About.RUN, run_id)

    @classmethod
    def comparison(cls, ids: Iterable[str]) -> "Topic":
        """Runs, or groups, that are held against each other; which is the baseline is a matter of the view."""
        return cls(About.COMPARISON, ",".join(sorted(set(ids))))

    @classmethod
    def image(cls, data: str, position: int) -> "Topic":
        """The image at a position of a version of a data set, `data` as configurations name it."""
        return cls(About.IMAGE, f"{data}:{position}")

    @classmethod
    def photo(cls, set_id: str, position: int) -> "Topic":
        """The photo that a photo set keeps under a position."""
        return cls(About.PHOTO, f"{set_id}:{position}")


@dataclass(frozen=True)
class Comment:
    """One comment. Times are seconds since 1970; `view` is an address from the page's name on.

    `thread` is the id of the comment that began the thread, and only that one is resolved. A deleted comment has no
    text any more.
    """

    id: str
    thread: str
    about: About
    subject: str
    view: str
    person: str
    person_name: str
    text: str
    created_at: float
    edited_at: float | None
    resolved_at: float | None
    resolved_by: str | None
    deleted_at: float | None


def list_threads(store: Store, topic: Topic) -> list[list[Comment]]:
    """The threads about something, the oldest first, each from the comment that began it on."""
    here = (comments.c.about == topic.about) & (comments.c.subject == topic.subject)
    threads: dict[str, list[Comment]] = {}
    with store.reading() as connection:
        for comment in read_comments(connection, here):
            threads.setdefault(comment.thread, []).append(comment)
    return list(threads.values())


def read_comments(connection: Connection, wanted: ColumnElement[bool]) -> list[Comment]:
    """The comments that fit, in the order in which they were written."""
    named = select(comments, people.c.name).outerjoin(people, people.c.id == comments.c.person)
    rows = connection.execute(named.where(wanted).order_by(comments.c.created_at, comments.c.id))
    return [_comment(row) for row in rows]


def _comment(row: Row[Any]) -> Comment:
    values = {column.name: row._mapping[column] for column in comments.columns} | {"about": About(row.about)}
    return Comment(**values, person_name=name_or_id(row.person, row.name))


def add(store: Store, topic: Topic, text: str, view: str) -> str:
    """Begin a thread and return its id, that of the comment.

    `text` is Markdown of 1 to 10,000 characters that may name people with "@"; `view` is the address, from the page's
    name on, that shows what it speaks of. Raise ConfigurationError, NotAllowed, or RunNotFound.
    """
    thread = new_id()
    with changing(store, Role.REVIEW) as connection:
        _insert(connection, store, thread, thread, topic, text, view)
    return thread


def reply(store: Store, thread: str, text: str, view: str) -> str:
    """Add a comment to a thread, which opens it again if it was resolved, and return its id.

    Raise as add(), or CommentGone.
    """
    comment_id = new_id()
    with changing(store, Role.REVIEW) as connection:
        answered = _existing(connection, thread)
        _insert(connection, store, comment_id, answered.thread, _topic(answered), text, view)
        opened = {"resolved_at": None, "resolved_by": None}
        connection.execute(update(comments).where(comments.c.id == answered.thread).values(**opened))
    return comment_id


def edit(store: Store, comment_id: str, text: str, *, based_on: str | None = None) -> None:
    """Replace the text of one's own comment; raise as add(), or CommentGone.

    With `based_on`, the text that whoever edits it has seen: raise ChangedMeanwhile if it is another one by now.
    """
    words = _checked(text)
    with changing(store, Role.REVIEW) as connection:
        row = _standing(connection, comment_id)
        if row.person != store.by.id:
            raise NotAllowed(f"This comment is {row.person}'s.", "Reply to it instead.")
        if based_on is not None and row.text not in (based_on, words):
            raise ChangedMeanwhile(
                "This comment has been changed in another window; your text is not saved yet.",
                "The other text is shown below: copy what you want to keep, then save again.",
                row.text,
            )
        values = {"text": words, "edited_at": time.time()}
        connection.execute(update(comments).where(comments.c.id == comment_id).values(**values))
        _mention(connection, store, row, words)
        _record(connection, store, Action.EDITED, _topic(row), before=row.text, after=words)


def delete_comment(store: Store, comment_id: str) -> None:
    """Delete one's own comment, or an admin anybody's; raise NotAllowed or CommentGone.

    One that was answered stays as deleted, without its text, until nothing else is left of its thread.
    """
    with changing(store, Role.REVIEW) as connection:
        row = _standing(connection, comment_id)
        if row.person != store.by.id and role_of(connection, store.by) != Role.ADMIN:
            raise NotAllowed(f"This comment is {row.person}'s.", "Ask its author or an admin to delete it.")
        gone = {"text": "", "deleted_at": time.time()}
        connection.execute(update(comments).where(comments.c.id == comment_id).values(**gone))
        connection.execute(delete(mentions).where(mentions.c.comment_id == comment_id))
        _remove_unanswered(connection, row.thread)
        _record(connection, store, Action.UNSAID, _topic(row), before=row.text)


def set_resolved(store: Store, thread: str, resolved: bool) -> None:
    """Resolve a thread or open it again; raise NotAllowed or CommentGone."""
    with changing(store, Role.REVIEW) as connection:
        row = _existing(connection, thread)
        if (row.resolved_at is not None) == resolved:
            return
        values = {"resolved_at": time.time() if resolved else None, "resolved_by": store.by.id if resolved else None}
        connection.execute(update(comments).where(comments.c.id == thread).values(**values))
        _record(connection, store, Action.RESOLVED if resolved else Action.REOPENED, _topic(row))


def remove_comments_on_run(connection: Connection, run_id: str) -> None:
    """Remove what was said of a run that is deleted, within the transaction that does it."""
    here = (comments.c.about == About.RUN) & (comments.c.subject == run_id)
    connection.execute(delete(comments).where(here))


def _checked(text: str) -> str:
    if len(text) > LONGEST_COMMENT:
        raise ConfigurationError(
            f"The comment has {len(text):,} characters.", f"Use at most {LONGEST_COMMENT:,}; attach no files to it."
        )
    words = clean_lines(text).strip()
    if not words:
        raise ConfigurationError("The comment is empty.", "Write something first.")
    return words


def _insert(
    connection: Connection, store: Store, comment_id: str, thread: str, topic: Topic, text: str, view: str
) -> None:
    words = _checked(text)
    if len(view) > LONGEST_VIEW:
        raise ConfigurationError("The address of this view is too long to be kept.", "Choose fewer filters.")
    if topic.about == About.RUN and not connection.scalar(select(runs.c.id).where(runs.c.id == topic.subject)):
        raise run_not_found(topic.subject)
    values = {"id": comment_id, "thread": thread, "about": topic.about, "subject": topic.subject, "view": view}
    values |= {"person": store.by.id, "text": words}
    connection.execute(insert(comments).values(**values, created_at=time.time()))
    _mention(connection, store, _existing(connection, comment_id), words)
    _record(connection, store, Action.COMMENTED, topic, after=words)


def _record(
    connection: Connection,
    store: Store,
    action: Action,
    topic: Topic,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    run_id = topic.subject if topic.about == About.RUN else None
    subject = "" if run_id else f"{topic.about} {topic.subject}"
    change_record.append(connection, store.by, action, run_id=run_id, subject=subject, before=before, after=after)


def _existing(connection: Connection, comment_id: str) -> Row[Any]:
    """The row of a comment, which nobody else changes until the transaction ends."""
    row = connection.execute(select(comments).where(comments.c.id == comment_id).with_for_update()).first()
    if row is None:
        raise _gone()
    return row


def _standing(connection: Connection, comment_id: str) -> Row[Any]:
    """The same of one that is not deleted."""
    row = _existing(connection, comment_id)
    if row.deleted_at is not None:
        raise _gone()
    return row


def _gone() -> CommentGone:
    return CommentGone("This comment has been deleted meanwhile.", "Write yours as a new one.")


def _topic(row: Row[Any]) -> Topic:
    return Topic(About(row.about), row.subject)


def _remove_unanswered(connection: Connection, thread: str) -> None:
    """Take deleted comments off the end of a thread, all of them where nothing else is left."""
    here = comments.c.thread == thread
    left = select(func.max(comments.c.created_at)).where(here, comments.c.deleted_at.is_(None))
    last = connection.execute(left).scalar()
    after = comments.c.created_at > last if last is not None else comments.c.id.is_not(None)
    connection.execute(delete(comments).where(here, comments.c.deleted_at.is_not(None), after))


def _mention(connection: Connection, store: Store, row: Row[Any], words: str) -> None:
    """Keep whom the text of a comment names now, and have told outside who was not named before."""
    here = mentions.c.comment_id == row.id
    before = set(connection.scalars(select(mentions.c.person).where(here)))
    named = mentioned(connection, words)
    connection.execute(delete(mentions).where(here))
    if named:
        connection.execute(insert(mentions), [{"comment_id": row.id, "person": each} for each in sorted(named)])
    if added := sorted(named - before - {store.by.id}):
        names = connection.scalars(select(people.c.name).where(people.c.id.in_(added)).order_by(people.c.name))
        run_id = row.subject if row.about == About.RUN else None
        text = f"{store.by.name} mentions {', '.join(names)} in a comment on {_A[About(row.about)]}."
        announce(connection, Event.MENTION, text, view=row.view, run_id=run_id, by=store.by, to=added)


_A = {About.RUN: "a run", About.COMPARISON: "a comparison", About.IMAGE: "an image", About.PHOTO: "a photo"}
