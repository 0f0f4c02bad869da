"""Who looks at the page."""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TypeVar

import streamlit as st

from core.errors import LookbookError
from core.texts import tidied
from jobs.people import LONGEST_ID, Person, operator
from jobs.settings import settings
from jobs.store.schema import LONGEST_NAME

SIGN_IN_COOKIE = "lookbook_sign_in"
"""The cookie with the secret of a sign-in by OpenID Connect."""
_MAIL = re.compile(r"[^\s@:]+@[^\s@:]+")
"""Without colons: one stands in ids that are no e-mail addresses, "os:NAME" and "group:NAME"."""
_MOST_GROUPS = 200
_Made = TypeVar("_Made")
_KEPT: ContextVar[Person | None] = ContextVar("kept_visitor", default=None)


class NotSignedIn(LookbookError):
    """Nobody has signed in, or what is known of who has is not enough."""

    kind = "permission"


def person() -> Person:
    """Who looks at the page: without sign-in whoever runs the server. Raise NotSignedIn."""
    if kept := _KEPT.get():
        return kept
    if not settings().sign_in:
        return operator()
    claims = st.user.to_dict()
    if settings().sign_in == "openid" and not claims.get("is_logged_in"):
        raise NotSignedIn("You have not signed in.", "Reload the page.")
    return person_of(claims)


def as_seen_now(make: Callable[[], _Made]) -> Callable[[], _Made]:
    """The same function in the name of who looks at the page now; raise NotSignedIn.

    Streamlit makes the content of a download in a thread of its own, which knows nobody.
    """
    seen = person()

    def made() -> _Made:
        before = _KEPT.set(seen)
        try:
            return make()
        finally:
            _KEPT.reset(before)

    return made


def person_of(claims: Mapping[str, object]) -> Person:
    """The person of whom a provider or a proxy says this; raise NotSignedIn with what it must say."""
    address = claims.get("email")
    if not isinstance(address, str) or not address.strip():
        raise NotSignedIn(
            "Whoever signs people in here has sent no e-mail address of you, by which Lookbook knows people.",
            "Whoever runs this server must have it sent: the claim “email” of OpenID Connect, or the header that "
            "server.trustedUserHeaders maps to it.",
        )
    if str(claims.get("email_verified", True)).lower() == "false":
        raise NotSignedIn(
            f"Your e-mail address {address[:LONGEST_ID]} has not been verified.",
            "Verify it where you have your account, then sign in again.",
        )
    mail = tidied(address).lower()
    if len(mail) > LONGEST_ID or not _MAIL.fullmatch(mail):
        raise NotSignedIn(f"{address[:60]!r} is no e-mail address.", "Have whoever runs this server look at it.")
    name = tidied(str(claims.get("name") or ""))[:LONGEST_NAME]
    return Person(mail, name or mail, _groups(claims))


def _groups(claims: Mapping[str, object]) -> tuple[str, ...]:
    """The groups that are named, in a list or with commas between them."""
    named = claims.get("groups")
    names = named.split(",") if isinstance(named, str) else named if isinstance(named, list | tuple) else ()
    return tuple(text for name in names if isinstance(name, str) and (text := tidied(name)))[:_MOST_GROUPS]
