"""May they? The one place where it is decided, below pages and command line alike.

Who asks is who the store was opened by (`Store.by`). Roles are read in the very transaction of the change, so that one
that was taken away a moment ago counts no more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, select

from core.errors import LookbookError
from jobs.people import Person, Role
from jobs.settings import settings
from jobs.store.schema import people, roles, runs
from jobs.store.store import Store

GROUP = "group:"
"""Before the name of a provider's group, where it stands in the place of an e-mail address."""
_MAY = {
    Role.LOOK: "look at runs",
    Role.REVIEW: "comment, label and sign off",
    Role.LAUNCH: "launch runs and change {whose} own",
    Role.ADMIN: "change everything, and roles",
}


class NotAllowed(LookbookError):
    """Who asks has not the role that it takes, or the run is somebody else's."""

    kind = "permission"


def what_may(role: Role, whose: str = "their") -> str:
    """What a role adds to those before it, in words that follow "may"; `whose` own are the runs of who has it."""
    return _MAY[role].format(whose=whose)


def too_low(person: Person, role: Role | None, needs: Role) -> NotAllowed:
    """The error that somebody has a lower role than it takes, or none."""
    may = what_may(role) if role else "not use this server"
    return NotAllowed(f"{person.name} may {may}; this takes the role “{needs.word}”.", "Ask an admin for it.")


def role_of(connection: Connection, person: Person) -> Role | None:
    """The highest role that somebody has by e-mail, by group or as a newcomer; None for who may not even look."""
    if person.is_operator or person.id in settings().admin_ids:
        return Role.ADMIN
    removed = select(people.c.removed_at).where(people.c.id == person.id)
    if connection.execute(removed).scalar() is not None:
        return None
    subjects = [person.id, *(f"{GROUP}{group}" for group in person.groups)]
    words = connection.execute(select(roles.c.role).where(roles.c.subject.in_(subjects))).scalars()
    given = [role for role in map(Role.named, words) if role is not None]
    return max(given, default=Role.named(settings().newcomers))


def role_here(store: Store) -> Role | None:
    """The role of who opened the store; None for who may not even look."""
    if store.by.is_operator:
        return Role.ADMIN
    with store.reading() as connection:
        return role_of(connection, store.by)


@contextmanager
def changing(store: Store, needs: Role, *, own_runs: Sequence[str] = ()) -> Iterator[Connection]:
    """One transaction in which who opened the store changes something; raise NotAllowed for a role that is too low.

    `own_runs` are ids of runs that must be that person's, unless it is an admin's doing.
    """
    with store.writing() as connection:
        _check(connection, store.by, needs, own_runs)
        yield connection


def require(store: Store, needs: Role, *, own_runs: Sequence[str] = ()) -> None:
    """The same check for what is done outside the store: files, processes, data sets."""
    if store.by.is_operator:
        return
    with store.reading() as connection:
        _check(connection, store.by, needs, own_runs)


def somebody_elses(name: str, owner: str | None) -> NotAllowed:
    """The error that a run of this name is another person's, or nobody's."""
    whose = f"is {owner}'s" if owner else "was launched before runs had owners"
    return NotAllowed(f"Run {name} {whose}.", "Ask its owner or an admin, or clone it.")


def _check(connection: Connection, by: Person, needs: Role, own_runs: Sequence[str]) -> None:
    role = role_of(connection, by)
    if role is None or role < needs:
        raise too_low(by, role, needs)
    if role == Role.ADMIN or not own_runs:
        return
    others = select(runs.c.name, runs.c.owner).where(runs.c.id.in_(own_runs), runs.c.owner.is_distinct_from(by.id))
    if first := connection.execute(others.order_by(runs.c.id)).first():
        raise somebody_elses(first.name, first.owner)
