"""What is asked of somebody, and what has changed since they looked."""

import time
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, insert, or_, select, update

from jobs.people import Person, Role
from jobs.store.filters import is_last_step
from jobs.store.records import ReviewState, RunStatus
from jobs.store.schema import LONGEST_NAME, comments, mentions, people, reviews, runs
from jobs.store.store import Store
from jobs.team.comments import Comment, read_comments
from jobs.team.permission import role_of
from jobs.team.reviews import Step, read_steps

MOST_LISTED = 50
"""Of what has changed; the rest is on the page Runs."""


@dataclass(frozen=True)
class Ended:
    """A run of one's own that has finished or failed, at a time in seconds since 1970."""

    run_id: str
    name: str
    status: str
    at: float


@dataclass(frozen=True)
class Inbox:
    """What is asked: reviews of somebody or of anybody, and comments that mention them or answer in their threads.

    A review is asked until somebody takes the next step; a comment until its thread is answered or resolved. What has
    changed is there until it is marked as seen: own runs that ended, and what others say in reviews of own runs.
    """

    asked: list[Step] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    reviewed: list[Step] = field(default_factory=list)

    @property
    def asked_count(self) -> int:
        """How much waits for an answer."""
        return len(self.asked) + len(self.comments)

    @property
    def changed_count(self) -> int:
        """How much has changed since they looked."""
        return len(self.ended) + len(self.reviewed)


def read_inbox(store: Store) -> Inbox:
    """The inbox of who opened the store, the newest first. Nothing has changed for who never looked before."""
    me = store.by
    with store.reading() as connection:
        since = _looked_at(connection, me)
        return Inbox(
            asked=_asked(connection, me),
            comments=_waiting(connection, me),
            ended=[] if since is None else _ended(connection, me, since),
            reviewed=[] if since is None else _reviewed(connection, me, since),
        )


def begin(store: Store) -> None:
    """Begin to keep what changes for who opened the store, once."""
    with store.reading() as connection:
        if _looked_at(connection, store.by) is not None:
            return
    mark_seen(store)


def mark_seen(store: Store) -> None:
    """Remember that who opened the store has seen what changed until now."""
    now, me = time.time(), store.by
    with store.writing() as connection:
        if connection.execute(update(people).where(people.c.id == me.id).values(looked_at=now)).rowcount == 0:
            values = {"id": me.id, "name": me.name[:LONGEST_NAME], "first_at": now, "seen_at": now, "looked_at": now}
            connection.execute(insert(people).values(**values))


def _looked_at(connection: Connection, me: Person) -> float | None:
    looked: float | None = connection.execute(select(people.c.looked_at).where(people.c.id == me.id)).scalar()
    return looked


def _asked(connection: Connection, me: Person) -> list[Step]:
    """Reviews of runs that are not archived; those asked of anybody only where somebody may review the run."""
    role = role_of(connection, me)
    if role is None or role < Role.REVIEW:
        return []
    others = and_(reviews.c.asked_of.is_(None), reviews.c.person != me.id, runs.c.owner.is_distinct_from(me.id))
    mine = or_(reviews.c.asked_of == me.id, others)
    waits = and_(reviews.c.state == ReviewState.ASKED, is_last_step(), runs.c.archived_at.is_(None))
    return read_steps(connection, waits, mine)


def _waiting(connection: Connection, me: Person) -> list[Comment]:
    """Comments of others in open threads that mention somebody, or in which they wrote before and not since."""
    first, by_me = comments.alias("first"), comments.alias("by_me")
    is_open = select(first.c.id).where(first.c.id == comments.c.thread, first.c.resolved_at.is_(None)).exists()
    mine = select(by_me.c.thread).where(by_me.c.person == me.id, by_me.c.deleted_at.is_(None))
    named = select(mentions.c.comment_id).where(mentions.c.person == me.id)
    answered = (
        select(by_me.c.id)
        .where(by_me.c.thread == comments.c.thread, by_me.c.person == me.id, by_me.c.created_at > comments.c.created_at)
        .exists()
    )
    concerns = or_(comments.c.id.in_(named), comments.c.thread.in_(mine))
    theirs = and_(comments.c.person != me.id, comments.c.deleted_at.is_(None))
    return read_comments(connection, and_(concerns, theirs, is_open, ~answered))[::-1]


def _ended(connection: Connection, me: Person, since: float) -> list[Ended]:
    columns = (runs.c.id, runs.c.name, runs.c.status, runs.c.ended_at)
    ended = and_(runs.c.owner == me.id, runs.c.ended_at > since)
    wanted = ended, runs.c.status.in_((RunStatus.FINISHED, RunStatus.FAILED))
    query = select(*columns).where(*wanted).order_by(runs.c.ended_at.desc()).limit(MOST_LISTED)
    return [Ended(*row) for row in connection.execute(query)]


def _reviewed(connection: Connection, me: Person, since: float) -> list[Step]:
    return read_steps(connection, reviews.c.at > since, reviews.c.person != me.id, runs.c.owner == me.id)
