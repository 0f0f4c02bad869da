"""The people of a server: who has signed in, what roles they and their groups have, and who gave them."""

import re
import time
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from core.errors import ConfigurationError
from core.texts import tidied
from jobs.people import LONGEST_ID, Person, Role
from jobs.settings import settings
from jobs.store.schema import LONGEST_NAME, people, roles, runs
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import GROUP, changing

_SUBJECT = re.compile(r"group:\S.*|[^\s@]+@[^\s@]+")


@dataclass(frozen=True)
class Member:
    """Somebody who has signed in. Times are seconds since 1970; `removed_at` is None for who may come in."""

    id: str
    name: str
    first_at: float
    seen_at: float
    removed_at: float | None


@dataclass(frozen=True)
class Grant:
    """The role that a person or group has been given; `subject` is an e-mail address or "group:NAME"."""

    subject: str
    role: Role
    given_by: str
    given_at: float


def meet(store: Store, person: Person) -> None:
    """Remember that somebody has signed in, by the name that the provider gives now."""
    now = time.time()
    with store.writing() as connection:
        values = {"name": person.name[:LONGEST_NAME], "seen_at": now}
        if connection.execute(update(people).where(people.c.id == person.id).values(**values)).rowcount == 0:
            connection.execute(insert(people).values(id=person.id, first_at=now, **values))


def list_members(store: Store) -> list[Member]:
    """Everybody who has ever signed in, by name."""
    columns = (people.c.id, people.c.name, people.c.first_at, people.c.seen_at, people.c.removed_at)
    with store.reading() as connection:
        rows = connection.execute(select(*columns).order_by(people.c.name, people.c.id))
        return [Member(*row) for row in rows]


def names_of(store: Store) -> dict[str, str]:
    """What everybody is called who has ever signed in, by id."""
    return {member.id: member.name for member in list_members(store)}


def list_owners(store: Store) -> dict[str, str]:
    """What everybody is called who has launched runs that are still there, by id, in the order of the names."""
    names = names_of(store)
    with store.reading() as connection:
        ids = connection.execute(select(runs.c.owner).where(runs.c.owner.is_not(None)).distinct()).scalars().all()
    return {person: names.get(person, person) for person in sorted(ids, key=lambda each: (names.get(each, each), each))}


def list_grants(store: Store) -> list[Grant]:
    """Every role that was given, by subject; those that the settings give are not among them."""
    with store.reading() as connection:
        rows = connection.execute(select(roles).order_by(roles.c.subject)).all()
    return [
        Grant(row.subject, role, row.given_by, row.given_at)
        for row in rows
        if (role := Role.named(row.role)) is not None
    ]


def list_admins(store: Store) -> list[str]:
    """The e-mail addresses of the admins that are known by them, sorted; who is one by a group is not among them."""
    gone = {member.id for member in list_members(store) if member.removed_at is not None}
    given = {
        grant.subject
        for grant in list_grants(store)
        if grant.role == Role.ADMIN and not grant.subject.startswith(GROUP) and grant.subject not in gone
    }
    return sorted(given | settings().admin_ids)


def give_role(store: Store, subject: str, role: Role | None) -> None:
    """Give an e-mail address or "group:NAME" a role, or with None take it away.

    Raise NotAllowed, ConfigurationError for what is neither, and for the last admin who would take the role from
    himself or herself.
    """
    chosen = checked_subject(subject)
    with changing(store, Role.ADMIN) as connection:
        admins = _admins(connection)
        before = connection.execute(select(roles.c.role).where(roles.c.subject == chosen)).scalar()
        connection.execute(delete(roles).where(roles.c.subject == chosen))
        if role is not None:
            values = {"subject": chosen, "role": role.word, "given_by": store.by.id, "given_at": time.time()}
            connection.execute(insert(roles).values(**values))
        _refuse_to_lose_all(connection, admins)
        after = role.word if role else None
        change_record.append(connection, store.by, Action.ROLE, subject=chosen, before=before, after=after)


def set_removed(store: Store, person_id: str, removed: bool) -> None:
    """Keep somebody out from now on, or let them in again; their runs go on and stay theirs. Raise as give_role."""
    with changing(store, Role.ADMIN) as connection:
        admins = _admins(connection)
        values = {"removed_at": time.time() if removed else None}
        if connection.execute(update(people).where(people.c.id == person_id).values(**values)).rowcount == 0:
            raise ConfigurationError(f"Nobody called {person_id} has signed in.", "Choose somebody from the list.")
        _refuse_to_lose_all(connection, admins)
        after = "removed" if removed else "let in"
        change_record.append(connection, store.by, Action.ROLE, subject=person_id, after=after)


def checked_subject(text: str) -> str:
    """An e-mail address in small letters, or "group:NAME", as it is stored; raise ConfigurationError for neither."""
    subject = tidied(text)
    if not subject.startswith(GROUP):
        subject = subject.lower()
    if len(subject) > LONGEST_ID or not _SUBJECT.fullmatch(subject):
        raise ConfigurationError(
            f"{text[:60]!r} is neither an e-mail address nor a group.", f"Write name@example.org or {GROUP}NAME."
        )
    return subject


def _admins(connection: Connection) -> set[str]:
    """The people and groups that are admins by the settings or the store, without those who are kept out."""
    admins = connection.execute(select(roles.c.subject).where(roles.c.role == Role.ADMIN.word)).scalars().all()
    gone = set(connection.execute(select(people.c.id).where(people.c.removed_at.is_not(None))).scalars())
    return {*settings().admin_ids, *(set(admins) - gone)}


def _refuse_to_lose_all(connection: Connection, before: set[str]) -> None:
    """Refuse the last admin's going: then only the operator of the server could give roles."""
    if before and not _admins(connection):
        raise ConfigurationError("That would leave the server without an admin.", "Make somebody else an admin first.")
