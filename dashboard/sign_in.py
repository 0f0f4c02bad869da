"""Who is here: what a page says to who has not signed in, and the plate with the name of who has."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from core.errors import LookbookError
from dashboard import page, permitted, pickers, sessions
from dashboard.addresses import redirect_uri
from dashboard.queries import run_queries, visitor
from jobs.people import Role
from jobs.reports.html import words
from jobs.settings import settings
from jobs.store.store import Store
from jobs.team import members, sign_ins

_MET = "met"


def refusal() -> LookbookError | None:
    """Why who looks at the page may not see it; None for who may. Whoever has just signed in is written down."""
    if not settings().sign_in:
        return None
    try:
        _meet(run_queries.store())
        permitted.require_look()
    except LookbookError as error:
        return error
    return None


def leads_team() -> bool:
    """Whether who looks at the page is an admin of a server that people have signed in to."""
    try:
        return permitted.may(Role.ADMIN) and bool(members.list_members(run_queries.store()))
    except LookbookError:
        return False  # which the page itself tells, or what asks to sign in


def ask(refused: LookbookError) -> None:
    """What stands in the place of a page: to sign in, or why that was not enough."""
    page.title("Lookbook")
    chosen = settings()
    if chosen.sign_in == "openid" and not st.user.get("is_logged_in"):
        st.write(
            "You have signed out, or your session has ended. Sign in to go on where you were."
            if sessions.number()
            else "Sign in to see this page."
        )
        _sign_in_button()
        return
    page.say(refused)
    _sign_out_control()


def name_plate() -> None:
    """Who has signed in, with what role, and the way out; nothing where nobody signs in."""
    if not settings().sign_in:
        return
    store, role = run_queries.store(), permitted.rights().role
    with (
        st.container(key="name_plate", horizontal=True, horizontal_alignment="right"),
        st.popover(page.plain(store.by.name), type="tertiary"),
    ):
        st.write(page.plain(store.by.id))
        st.caption(f"Role: {role.word if role else 'none'}")
        _sign_out_control()


def _meet(store: Store) -> None:
    """Write down once in a session who has signed in, by the name that is given now."""
    if _MET in st.session_state:
        return
    members.meet(store, store.by)
    if secret := st.context.cookies.get(visitor.SIGN_IN_COOKIE):
        sign_ins.name_person(store, secret, store.by.id)
    st.session_state[_MET] = True


def _sign_in_button() -> None:
    """The button that leads to the provider, on the address that the provider leads back to: cookies are kept by it."""
    shown, back = urlsplit(st.context.url or ""), urlsplit(redirect_uri(st.secrets["auth"]))
    if shown.netloc and shown.netloc != back.netloc:
        query = urlencode(pickers.whole_url(), doseq=True)
        there = shown._replace(scheme=back.scheme, netloc=back.netloc, query=query)
        st.link_button(f"Sign in at {back.netloc}", there.geturl())
    else:
        st.button("Sign in", type="primary", on_click=st.login)


def _sign_out_control() -> None:
    """A button, or behind a proxy the link that was set, to sign out by."""
    chosen = settings()
    if chosen.sign_in == "openid":
        st.button("Sign out", on_click=st.logout)
    elif chosen.sign_out_address:
        st.html(f'<a href="{words(chosen.sign_out_address)}" target="_self">Sign out</a>')
