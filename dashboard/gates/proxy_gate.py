"""The gate behind a proxy that signs people in: its word is taken from the addresses that were named, from no other."""

import time
from ipaddress import ip_address

import streamlit as st
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.gates.watching import needs_sign_in, refuse, watched
from dashboard.protection import is_loopback
from jobs.settings import settings


class ProxyGate:
    """Takes the headers that say who somebody is off what a trusted proxy has not sent, and ends long connections."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        names = {name.lower(): claim for name, claim in st.get_option("server.trustedUserHeaders").items()}
        if not is_trusted(scope) or _says_two_things(scope, names):
            kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in names]
            scope = {**scope, "headers": kept}
        headers = Headers(scope=scope)
        is_signed_in = any(claim == "email" and headers.get(name) for name, claim in names.items())
        if scope["type"] == "websocket":
            ends_at = time.monotonic() + settings().session_hours * 3_600

            async def goes_on() -> bool:
                return time.monotonic() < ends_at

            receive = watched(receive, send, goes_on)
        elif needs_sign_in(scope) and not is_signed_in:
            await refuse(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_trusted(scope: Scope) -> bool:
    """Whether a request comes from an address that the settings name.

    A connection to a loopback address is one from this machine, whatever X-Forwarded-For has made of its sender.
    """
    asked_at, sender = scope.get("server") or ("", None), scope.get("client") or ("", None)
    named = settings().trusted_networks
    if is_loopback(asked_at[0]):
        return any(network.is_loopback for network in named)
    try:
        address = ip_address(sender[0])
    except ValueError:
        return False
    return any(address in network for network in named)


def _says_two_things(scope: Scope, names: dict[str, str]) -> bool:
    """Whether a header says twice who somebody is: one of the two may be the visitor's own."""
    headers = Headers(scope=scope)
    return any(len(headers.getlist(name)) > 1 for name in names)
