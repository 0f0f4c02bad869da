"""The gate where people sign in by OpenID Connect: what Streamlit's own sign-in leaves open.

Streamlit keeps who somebody is in a cookie of 30 days, sends everybody home afterwards, and knows of no end in other
tabs. So a sign-in also begins one of ours (jobs/team/sign_ins.py), whose secret the browser keeps in a second cookie;
without it, or once it has ended, Streamlit is not shown its cookie at all. And the page that somebody wanted is kept in
a third one for as long as signing in takes: the one last asked for, until the browser says from which it came.
"""

import asyncio
from collections.abc import Callable, Container, Sequence
from urllib.parse import SplitResult, quote, unquote, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.addresses import redirect_uri
from dashboard.gates.watching import needs_sign_in, path_below, refuse, watched
from dashboard.queries.visitor import SIGN_IN_COOKIE
from jobs.reports.html import words
from jobs.settings import settings
from jobs.store.store import Store
from jobs.store.store_errors import StoreError
from jobs.team import sign_ins

WANTED_COOKIE = "lookbook_wanted"
_WANTED_S = 600
_LONGEST_WANTED = 2_000
_STREAMLITS_COOKIE = "_streamlit_user"

UNREACHABLE = (
    "The sign-in provider does not answer, so nobody can sign in just now. Try again in a minute; if it goes on, tell "
    "whoever runs this server."
)
NOT_CONFIRMED = (
    "Signing in did not work: the provider has not confirmed who you are. Try again; if it goes on, tell whoever runs "
    "this server."
)
STORE_CLOSED = (
    "Nobody can sign in or out just now: the run store cannot be written. Try again in a minute; if it goes on, tell "
    "whoever runs this server."
)


class OpenIDGate:
    """Lets through to Streamlit who somebody is only while the sign-in goes on, and leads back to the page wanted."""

    def __init__(self, app: ASGIApp, views: Sequence[str], store: Callable[[], Store]) -> None:
        self._app = app
        self._pages = {"", *views[1:]}
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = {"auth/login": self._login, "oauth2callback": self._callback, "auth/logout": self._logout}
        if scope["type"] == "http" and (path := path_below(scope)) in answer:
            await answer[path](scope, receive, send)
            return
        secret = HTTPConnection(scope).cookies.get(SIGN_IN_COOKIE, "")
        if not await self._goes_on(secret):
            answering = refuse if needs_sign_in(scope) else self._app
            await answering(_without_user(scope), receive, self._keeping_page(scope, send))
        elif scope["type"] == "websocket":
            await self._app(scope, watched(receive, send, lambda: self._goes_on(secret)), send)
        else:
            await self._app(scope, receive, send)

    async def _goes_on(self, secret: str) -> bool:
        if not secret:
            return False
        try:
            return await asyncio.to_thread(sign_ins.is_open, self._store(), secret)
        except StoreError:
            return False

    def _keeping_page(self, scope: Scope, send: Send) -> Send:
        """Sends an answer; with that to a request for a page goes which page it was, for who signs in next."""
        wanted = None
        if scope["type"] == "http" and scope["method"] == "GET":
            wanted = own_page(scope["path"], scope["query_string"].decode("latin-1"), self._pages)

        async def sending(message: Message) -> None:
            if wanted and message["type"] == "http.response.start":
                _set_cookie(message, WANTED_COOKIE, quote(wanted, safe=""), _WANTED_S)
            await send(message)

        return sending

    def _kept_page(self, asked: HTTPConnection) -> str | None:
        """The page that a browser has kept; None where it has none, or what it has leads elsewhere."""
        kept = _parts(unquote(asked.cookies.get(WANTED_COOKIE, "")))
        return own_page(kept.path, kept.query, self._pages)

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep where somebody comes from while the provider asks who it is.

        Browsers may be set to say nothing of that, or the server alone.
        """
        came_from = _parts(Headers(scope=scope).get("referer", ""))
        is_here = came_from.netloc == _parts(redirect_uri(st.secrets["auth"])).netloc
        wanted = own_page(came_from.path, came_from.query, self._pages) if is_here else None
        if wanted in (None, _home()):
            wanted = self._kept_page(HTTPConnection(scope))
        failed = False

        async def sending(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                failed = message["status"] >= 400
                _set_cookie(message, WANTED_COOKIE, quote(wanted or "", safe=""), _WANTED_S)
            if not failed:
                await send(message)

        await self._app(scope, receive, sending)
        if failed:
            await _problem(503, UNREACHABLE, wanted)(scope, receive, send)

    async def _callback(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin a sign-in where the provider has confirmed who it is, and lead to the page that was wanted."""
        asked = HTTPConnection(scope)
        wanted = self._kept_page(asked)
        # A provider leads here after signing out too, with none of these.
        is_answer = bool({"state", "code", "error"} & set(asked.query_params))
        problem = ""

        async def sending(message: Message) -> None:
            nonlocal problem
            if message["type"] == "http.response.start":
                if _confirms(Headers(raw=message["headers"])):
                    problem = await self._begin(message, asked)
                    MutableHeaders(scope=message)["location"] = wanted or _home()
                elif is_answer and not await self._goes_on(asked.cookies.get(SIGN_IN_COOKIE, "")):
                    problem = NOT_CONFIRMED
            if not problem:
                await send(message)

        await self._app(scope, receive, sending)
        if problem:
            await _problem(403, problem, wanted)(scope, receive, send)

    async def _logout(self, scope: Scope, receive: Receive, send: Send) -> None:
        """End the sign-in in all tabs before Streamlit forgets who it was in this one."""
        try:
            await self._end(HTTPConnection(scope))
        except StoreError:
            await _problem(503, STORE_CLOSED, None)(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_cookie(message, SIGN_IN_COOKIE, "", 0)
            await send(message)

        await self._app(scope, receive, sending)

    async def _begin(self, message: Message, asked: HTTPConnection) -> str:
        """Begin a sign-in in the place of the one that a browser has; return what has gone wrong, if anything."""
        try:
            await self._end(asked)
            secret = await asyncio.to_thread(sign_ins.begin, self._store())
        except StoreError:
            return STORE_CLOSED
        _set_cookie(message, SIGN_IN_COOKIE, secret, round(settings().session_hours * 3_600))
        _set_cookie(message, WANTED_COOKIE, "", 0)
        return ""

    async def _end(self, asked: HTTPConnection) -> None:
        """End the sign-in of a browser, if it has one. Raise StoreError."""
        if secret := asked.cookies.get(SIGN_IN_COOKIE):
            await asyncio.to_thread(sign_ins.end, self._store(), secret)


def own_page(path: str, query: str, pages: Container[str]) -> str | None:
    """Path and query of a page of this dashboard as they are put into an address; None for everything else."""
    below = path_below({"path": path})
    address = f"{_home()}{below}{'?' if query else ''}{query}"
    if path != f"{_home()}{below}" or below not in pages or len(address) > _LONGEST_WANTED:
        return None
    return address if address.isascii() and address.isprintable() and " " not in address else None


def _parts(address: str) -> SplitResult:
    """The parts of an address that a browser has sent; of none where it is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _home() -> str:
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}/" if base else "/"


def _confirms(headers: Headers) -> bool:
    """Whether Streamlit tells the browser who has signed in, rather than to forget it."""
    cookies = [cookie for cookie in headers.getlist("set-cookie") if cookie.startswith(f"{_STREAMLITS_COOKIE}=")]
    return any("max-age=0" not in cookie.lower() for cookie in cookies)


def _set_cookie(message: Message, name: str, value: str, seconds: int) -> None:
    """Have the browser keep a value that no script may read, and that pages of other sites do not make it send."""
    secure = "; Secure" if redirect_uri(st.secrets["auth"]).startswith("https:") else ""
    cookie = f"{name}={value}; Path={_home()}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    MutableHeaders(scope=message).append("set-cookie", cookie)


def _without_user(scope: Scope) -> Scope:
    """The request without the cookies by which Streamlit knows who has signed in."""
    headers = [(name, _without_streamlits(value) if name == b"cookie" else value) for name, value in scope["headers"]]
    return {**scope, "headers": headers}


def _without_streamlits(cookies: bytes) -> bytes:
    parts = [part for part in cookies.split(b";") if not part.strip().startswith(_STREAMLITS_COOKIE.encode())]
    return b";".join(parts)


def _problem(status: int, sentence: str, wanted: str | None) -> HTMLResponse:
    """A page of its own that says what has gone wrong and leads back to where somebody wanted to go."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Lookbook</title><main><h1>Lookbook</h1><p>{words(sentence)}</p>"
        f'<p><a href="{words(wanted or _home())}">Try again</a></p></main></html>',
        status,
    )
