"""Addresses as people type them: /home, /Runs and /runs/ lead where they mean."""

from collections.abc import Sequence

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Addresses:
    """Sends whoever writes a page's name in another way to the page, with all parameters."""

    def __init__(self, app: ASGIApp, views: Sequence[str], home: str) -> None:
        self._app = app
        self._paths = {view: "/" if view == home else f"/{view}" for view in views}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            meant = self._paths.get(scope["path"].strip("/").lower())
            if meant and meant != scope["path"]:
                query = scope["query_string"].decode("latin-1")
                await RedirectResponse(f"{meant}?{query}" if query else meant)(scope, receive, send)
                return
        await self._app(scope, receive, send)
