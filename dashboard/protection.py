"""What stands before every page: who may ask this server, from which page, and whether it is set up to be asked at all.

Unless people sign in (dashboard/gates), what keeps others out is that the dashboard listens on this machine only,
answers to names of this machine only (a foreign page may give its own name the address 127.0.0.1), takes nothing from
another origin, be it another port of this machine, and is shown in no other page's frame. Where a setting opens one of
these doors, the server does not start, and however it was started, a sentence is shown instead of the pages.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.settings import settings

HEALTH = "/_stcore/health"
"""Tells only that a server is there."""
POLICY_VIOLATION = 1008
"""Why a websocket is closed (RFC 6455, section 7.4.1)."""
HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_USUAL_PORTS = {"http": 80, "https": 443}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Protection:
    """Refuses what should not be asked, before Streamlit hears of it, and adds headers to what is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status, sentence = _refusal(scope)
        if not status:
            await self._app(_without_question(scope), receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": sentence[:120]})
        else:
            await PlainTextResponse(f"{sentence}\n", status, HEADERS)(scope, receive, send)


def open_door(
    option: Callable[[str], Any] = st.get_option, asked_at: str | None = None, *, is_for_others: bool = False
) -> str:
    """Which setting leaves this server unprotected and what to do, in one sentence; empty where none does.

    `asked_at` is the address of this machine that was asked: another server than Streamlit's may serve the pages.
    `is_for_others` says that people sign in, or that somebody has chosen to do without.
    """
    allowed = [name.strip() for name in option("server.allowedHosts")]
    others = allowed if is_for_others else []
    if asked_at is not None and not _is_private(asked_at, others):
        return f"Lookbook shows nothing here, because {asked_at} is reached from other machines: {_ADDRESS_ADVICE}."
    for name, is_closed, advice in (
        ("server.address", _is_private(option("server.address") or "", others), _ADDRESS_ADVICE),
        (
            "server.allowedHosts",
            bool(allowed) and "*" not in allowed,
            "name those that it is reached by",
        ),
        ("server.enableCORS", option("server.enableCORS"), "leave it on"),
        ("server.enableXsrfProtection", option("server.enableXsrfProtection"), "leave it on"),
        ("server.enableAgentApi", not option("server.enableAgentApi"), "turn it off"),
        ("global.developmentMode", not option("global.developmentMode"), "turn it off"),
        ("browser.gatherUsageStats", not option("browser.gatherUsageStats"), "turn it off"),
    ):
        if not is_closed:
            return (
                f"Lookbook shows nothing here, because {name} is {option(name)!r} and leaves this server unprotected: "
                f"{advice} (on streamlit's command line, in its environment, or in dashboard/.streamlit/config.toml)."
            )
    return ""


_ADDRESS_ADVICE = (
    "set server.address to 127.0.0.1; or have people sign in (LOOKBOOK_SIGN_IN, see docs/sign-in.md), or say "
    "LOOKBOOK_OPEN_TO_NETWORK=yes to let everybody on this network do everything, and name the host that they use in "
    "server.allowedHosts"
)


def is_for_others() -> bool:
    """Whether the settings say that others than whoever runs this server shall use it. Raise ConfigurationError."""
    return bool(settings().sign_in) or settings().open_to_network


def is_host_allowed(host: str | None, allowed: Sequence[str]) -> bool:
    """Whether a request's Host header, with or without a port, is one of those allowed ("*.name": all within name).

    As Streamlit decides it for its websocket, but for every request, and with nothing allowed where nothing is named.
    """
    name = _hostname(host)
    patterns = [pattern.strip().lower().rstrip(".") for pattern in allowed]
    return any(name == each or (each.startswith("*.") and name.endswith(each[1:])) for each in patterns if name)


def is_origin_allowed(origin: str | None, host: str | None, named: Sequence[str] = ()) -> bool:
    """Whether a request comes from a page of this server itself, by the same host and port, or of an origin named.

    Browsers send an Origin with every websocket and with all that changes something; programs send none.
    """
    if origin is None or origin in named:
        return True
    try:
        page, asked = urlsplit(origin.lower()), urlsplit(f"//{host or ''}".lower())
        # A proxy may name the port that a browser leaves out.
        usual = _USUAL_PORTS[page.scheme]
        same = (page.hostname, page.port or usual) == (asked.hostname, asked.port or usual)
    except (KeyError, ValueError):
        return False
    return same and origin.lower() == f"{page.scheme}://{page.netloc}" and "@" not in page.netloc


def _refusal(scope: Scope) -> tuple[int, str]:
    """The status and the sentence of a refusal; 0 and nothing for what may be asked."""
    headers = Headers(scope=scope)
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    host = hosts[0] if len(hosts) == 1 else None
    address, port = scope.get("server") or (None, None)
    # Without a port it is a socket in the file system.
    if scope["path"] != HEALTH and (
        sentence := open_door(asked_at=address if port else None, is_for_others=is_for_others())
    ):
        return 503, sentence
    if not is_host_allowed(host, st.get_option("server.allowedHosts")):
        return 400, "This server is not known by that name. Add it to server.allowedHosts if it should be."
    named = st.get_option("server.corsAllowedOrigins")
    if len(origins) > 1 or not all(is_origin_allowed(origin, host, named) for origin in origins):
        return 403, "This comes from a page of another server. Add its origin to server.corsAllowedOrigins if it may."
    return 0, ""


def _without_question(scope: Scope) -> Scope:
    """The request for Streamlit, without an origin that is allowed and differs from the host by its letters.

    For such a one Streamlit would ask a service outside for the address of this machine, and answer nobody meanwhile.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or urlsplit(origin).netloc == headers.get("host"):
        return scope
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}


def _hostname(host: str | None) -> str:
    """The name in a Host header, in small letters and without a port; empty where there is none."""
    try:
        parts = urlsplit(f"//{host or ''}")
        _ = parts.port  # ValueError for a port that is none
    except ValueError:
        return ""
    plain = parts.username is None and parts.password is None and not (parts.path or parts.query or parts.fragment)
    return (parts.hostname or "").rstrip(".") if plain else ""


def listens_here_only(option: Callable[[str], Any] = st.get_option) -> bool:
    """Whether nobody but who is on this machine can ask this server."""
    return is_loopback(str(option("server.address")))


def _is_private(address: str, others: Sequence[str]) -> bool:
    """Whether only this machine reaches the server, or by one of these names others may."""
    if address.startswith("unix://") or is_loopback(address):
        return True
    return any(not is_loopback(name) for name in others)


def is_loopback(address: str) -> bool:
    """Whether an address or a name is of this machine, for itself only."""
    if address.lower() in _THIS_MACHINE:
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
