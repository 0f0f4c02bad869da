"""Which gate stands before the pages."""

from collections.abc import Sequence
from functools import cache

from starlette.types import ASGIApp

from dashboard.gates.openid_gate import OpenIDGate
from dashboard.gates.proxy_gate import ProxyGate
from jobs.running import background
from jobs.settings import settings


def sign_in_gate(app: ASGIApp, views: Sequence[str]) -> ASGIApp:
    """The app behind the gate of the way in which people sign in; itself where nobody does."""
    match settings().sign_in:
        case "openid":
            return OpenIDGate(app, views, cache(background.open_here))
        case "proxy":
            return ProxyGate(app)
        case _:
            return app
