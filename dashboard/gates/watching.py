"""What every gate does: keep data from who has not signed in, and end connections with the sign-in they began by."""

import asyncio
from collections.abc import Awaitable, Callable

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from dashboard.protection import POLICY_VIOLATION

LOOK_S = 10.0
"""How often a connection on which nobody asks for anything looks whether its sign-in still goes on."""
_WITH_DATA = ("media/", "_stcore/")
_WITHOUT_DATA = ("_stcore/health", "_stcore/host-config", "_stcore/stream")
"""That a server is there, how Streamlit's scripts are to behave, and the connection, which has a look of its own."""


def path_below(scope: Scope) -> str:
    """The path of a request below that of the dashboard, without a slash before it."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return str(scope["path"]).removeprefix(f"/{base}" if base else "").lstrip("/")


def needs_sign_in(scope: Scope) -> bool:
    """Whether a request is for what people have made or uploaded, not only for the scripts of the pages."""
    path = path_below(scope)
    return scope["type"] == "http" and path.startswith(_WITH_DATA) and path not in _WITHOUT_DATA


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer who has not signed in."""
    await PlainTextResponse("Sign in first.\n", 401)(scope, receive, send)


def watched(receive: Receive, send: Send, goes_on: Callable[[], Awaitable[bool]]) -> Receive:
    """Receives from a websocket what a visitor asks for, for as long as the sign-in goes on, and then closes it.

    Whether it does is looked at before each message is handed on, so that no click is acted upon after the end.
    """
    waiting: list[asyncio.Future[Message]] = []

    async def receiving() -> Message:
        while True:
            if not waiting:
                waiting.append(asyncio.ensure_future(receive()))
            await asyncio.wait(waiting, timeout=LOOK_S)
            if not await goes_on():
                waiting.pop().cancel()
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "The sign-in has ended."})
                return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
            if waiting[0].done():
                return waiting.pop().result()

    return receiving
