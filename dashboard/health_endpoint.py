"""How the server stands, for whatever watches over it: without a session, in one word for each part, without a path."""

import asyncio
import time

import streamlit as st
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from jobs.team import health

FRESH_S = 2.0
"""However often somebody asks, the store is asked no more often than so."""


class HealthEndpoint:
    """Answers GET /healthz: 200 where all is well, else 503."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._one_at_a_time = asyncio.Lock()
        self._parts: dict[str, health.Part] = {}
        self._examined_at = -FRESH_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        base = st.get_option("server.baseUrlPath").strip("/")
        path = f"/{base}/healthz" if base else "/healthz"
        if scope["type"] != "http" or scope["path"] != path:
            await self._app(scope, receive, send)
            return
        parts = await self._examined()
        well = health.is_well(parts)
        words = {"status": "ok" if well else "failing", **{name: part.word for name, part in parts.items()}}
        headers = {"Cache-Control": "no-store"}
        await JSONResponse(words, 200 if well else 503, headers)(scope, receive, send)

    async def _examined(self) -> dict[str, health.Part]:
        async with self._one_at_a_time:
            if time.monotonic() - self._examined_at > FRESH_S:
                self._parts = await asyncio.to_thread(health.examine)
                self._examined_at = time.monotonic()
            return self._parts
