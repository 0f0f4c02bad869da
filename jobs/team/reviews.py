"""The review of a run: it is asked for, the run is accepted or needs work; the last step counts."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select

from core.errors import ConfigurationError
from core.texts import clean_lines
from jobs.people import Role, name_or_id
from jobs.store.queries import NotPossible, run_not_found
from jobs.store.records import ReviewState, RunStatus
from jobs.store.schema import people, reviews, runs
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.deliveries import Event, announce
from jobs.team.mentions import find_person
from jobs.team.permission import NotAllowed, changing, role_of

LONGEST_WHY = 2_000


@dataclass(frozen=True)
class Step:
    """One step of the review of a run, by a person, at a time in seconds since 1970.

    `asked_of` is the id of who is asked, None for anybody.
    """

    run_id: str
    run_name: str
    state: str
    person: str
    person_name: str
    asked_of: str | None
    why: str
    at: float


def are_there(store: Store) -> bool:
    """Whether any run has ever had a review."""
    with store.reading() as connection:
        return connection.execute(select(reviews.c.id).limit(1)).first() is not None


def list_steps(store: Store, run_id: str) -> list[Step]:
    """Every step of the review of a run, the last one first."""
    with store.reading() as connection:
        return read_steps(connection, reviews.c.run_id == run_id)


def read_steps(connection: Connection, *wanted: ColumnElement[bool]) -> list[Step]:
    """The steps that fit, the last one first."""
    columns = (reviews.c[name] for name in ("run_id", "state", "person", "asked_of", "why", "at"))
    named = (
        select(*columns, runs.c.name.label("run_name"), people.c.name.label("person_name"))
        .join(runs, runs.c.id == reviews.c.run_id)
        .outerjoin(people, people.c.id == reviews.c.person)
    )
    rows = connection.execute(named.where(*wanted).order_by(reviews.c.id.desc()))
    return [Step(**{**row._mapping, "person_name": name_or_id(row.person, row.person_name)}) for row in rows]


def take_step(store: Store, run_id: str, state: ReviewState, *, why: str = "", ask: str = "") -> None:
    """Ask for the review of a run, accept it, say that it needs work, or withdraw the last step.

    `ask` is who shall review it, by name or e-mail address, nobody in particular if empty. Raise RunNotFound,
    NotAllowed, ConfigurationError, or NotPossible: only a finished run is accepted, by somebody else than who launched
    it, and what is accepted is changed by who accepted it or an admin alone.
    """
    words = _checked(state, why)
    with changing(store, Role.REVIEW) as connection:
        run = _run(connection, run_id)
        last = _last_step(connection, run_id)
        _check_last(connection, store, run, last, state)
        if state == ReviewState.ACCEPTED:
            _check_acceptable(store, run)
        asked_of = find_person(connection, ask) if ask and state == ReviewState.ASKED else None
        values = {"run_id": run_id, "state": state, "person": store.by.id, "asked_of": asked_of, "why": words}
        connection.execute(insert(reviews).values(**values, at=time.time()))
        before = last.state if last else None
        change_record.append(connection, store.by, Action.REVIEWED, run_id=run_id, before=before, after=state)
        if state == ReviewState.ASKED:
            _tell(connection, store, run_id, run.name, asked_of)


def refuse_locked(connection: Connection, run_id: str, what: str) -> None:
    """Raise NotPossible if a run is pinned or accepted and so cannot be `what`: "deleted"; or RunNotFound."""
    run = _run(connection, run_id)
    last = _last_step(connection, run_id)
    if last and last.state == ReviewState.ACCEPTED:
        raise NotPossible(
            f"Run {run.name} was accepted by {last.person_name} and cannot be {what}.",
            f"{last.person_name} or an admin can withdraw the acceptance, in the section Review of its page.",
        )
    if run.pinned:
        raise NotPossible(f"Run {run.name} is pinned as a baseline and cannot be {what}.", "Unpin it first.")


def _tell(connection: Connection, store: Store, run_id: str, name: str, asked_of: str | None) -> None:
    """Have told outside that a review is asked for."""
    whom = connection.scalar(select(people.c.name).where(people.c.id == asked_of)) if asked_of else "anybody"
    text, view = f"{store.by.name} asks {whom} for a review of run {name}.", f"runs?run={run_id}&section=review"
    to = [asked_of] if asked_of else []
    announce(connection, Event.REVIEW_ASKED, text, view=view, run_id=run_id, by=store.by, to=to)


def _last_step(connection: Connection, run_id: str) -> Step | None:
    return next(iter(read_steps(connection, reviews.c.run_id == run_id)), None)


def _run(connection: Connection, run_id: str) -> Row[Any]:
    """What a review asks of a run; its row stays as it is until the transaction ends."""
    columns = [runs.c[name] for name in ("name", "owner", "status", "pinned")]
    row = connection.execute(select(*columns).where(runs.c.id == run_id).with_for_update()).first()
    if row is None:
        raise run_not_found(run_id)
    return row


def _checked(state: ReviewState, why: str) -> str:
    words = clean_lines(why).strip()
    if len(words) > LONGEST_WHY:
        raise ConfigurationError(f"The reason has {len(words):,} characters.", f"Use at most {LONGEST_WHY:,}.")
    if state == ReviewState.NEEDS_WORK and not words:
        raise ConfigurationError("Nothing says what needs work.", "Say why.")
    return words


def _check_last(connection: Connection, store: Store, run: Row[Any], last: Step | None, state: ReviewState) -> None:
    """Refuse to change what somebody else has accepted, and to withdraw what is not one's own."""
    withdraws = state == ReviewState.WITHDRAWN
    if last is None or last.state == ReviewState.WITHDRAWN:
        if withdraws:
            raise NotPossible(f"Run {run.name} has no review that could be withdrawn.")
        return
    if not withdraws and last.state != ReviewState.ACCEPTED:
        return
    if last.person != store.by.id and role_of(connection, store.by) != Role.ADMIN:
        raise NotAllowed(
            f"“{last.state}” on run {run.name} is {last.person_name}'s.",
            f"Ask {last.person_name} or an admin to withdraw it.",
        )


def _check_acceptable(store: Store, run: Row[Any]) -> None:
    if run.status != RunStatus.FINISHED:
        raise NotPossible(f"Run {run.name} is {run.status}; only a finished run can be accepted.", "Wait until it is.")
    if run.owner == store.by.id and not store.by.is_operator:
        raise NotAllowed(f"You launched run {run.name} yourself.", "Ask somebody else for a review of it.")
