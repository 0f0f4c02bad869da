"""Sign-ins: each begins with a secret that the browser keeps, and ends by signing out or after the time that is set."""

import hashlib
import secrets
import time

from sqlalchemy import insert, select, update

from jobs.settings import settings
from jobs.store.schema import sign_ins
from jobs.store.store import Store

_HOUR_S = 3_600


def begin(store: Store) -> str:
    """Begin a sign-in; return its secret, of which the store keeps a hash only."""
    secret = secrets.token_urlsafe(32)
    with store.writing() as connection:
        connection.execute(insert(sign_ins).values(id=_id(secret), person="", begun_at=time.time()))
    return secret


def is_open(store: Store, secret: str) -> bool:
    """Whether a sign-in has begun by this secret, and neither been ended nor lasted for the time that is set."""
    with store.reading() as connection:
        row = connection.execute(
            select(sign_ins.c.begun_at, sign_ins.c.ended_at).where(sign_ins.c.id == _id(secret))
        ).first()
    return row is not None and row.ended_at is None and time.time() < row.begun_at + settings().session_hours * _HOUR_S


def name_person(store: Store, secret: str, person_id: str) -> None:
    """Write down whose sign-in it is, once."""
    nameless = (sign_ins.c.id == _id(secret)) & (sign_ins.c.person == "")
    with store.writing() as connection:
        connection.execute(update(sign_ins).where(nameless).values(person=person_id))


def end(store: Store, secret: str) -> None:
    """End a sign-in everywhere; one that has ended keeps its time."""
    going_on = (sign_ins.c.id == _id(secret)) & sign_ins.c.ended_at.is_(None)
    with store.writing() as connection:
        connection.execute(update(sign_ins).where(going_on).values(ended_at=time.time()))


def _id(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
