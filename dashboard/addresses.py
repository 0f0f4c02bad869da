"""Addresses as people type them: /home, /Runs and /runs/ lead where they mean. And the one that is opened first."""

import asyncio
import webbrowser
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Addresses:
    """Sends whoever writes a page's name in another way to the page, with all parameters."""

    def __init__(self, app: ASGIApp, views: Sequence[str], home: str) -> None:
        self._app = app
        self._pages = {view: "" if view == home else view for view in views}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            meant = page_meant(scope["path"], self._pages, st.get_option("server.baseUrlPath"))
            if meant is not None:
                query = scope["query_string"].decode("latin-1")
                await RedirectResponse(f"{meant}?{query}" if query else meant)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def page_meant(path: str, pages: dict[str, str], base: str = "") -> str | None:
    """Where the page is that another spelling of its address means, None for every other address.

    Relative to the address as it was typed: what stands before it, behind a proxy, only the browser knows.
    """
    *folders, name = path.rstrip("/").removeprefix("/").split("/")
    page = pages.get(name.lower())
    if page is None or "/".join(folders) != base.strip("/") or (name == page and not path.endswith("/")):
        return None
    upwards = "../" * (len(path) - len(path.rstrip("/")))
    return f"{upwards or './'}{page}"


@asynccontextmanager
async def opened_in_browser(_app: object) -> AsyncIterator[None]:
    """Open the dashboard in the browser of who starts it: Streamlit does so only where a script brings no server."""
    if not st.get_option("server.headless"):
        # Some browsers keep whoever opens them waiting.
        asyncio.get_running_loop().run_in_executor(None, webbrowser.open, first_address())
    yield


def first_address() -> str:
    """The address that Streamlit writes on the terminal."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"{scheme}://{st.get_option('browser.serverAddress')}:{st.get_option('browser.serverPort')}/{base}"


def redirect_uri(auth_section: Mapping[str, Any], option: Callable[[str], Any] = st.get_option) -> str:
    """The address that a sign-in provider leads back to; Streamlit puts its port where {port} stands."""
    return str(auth_section["redirect_uri"]).replace("{port}", str(option("server.port")))
