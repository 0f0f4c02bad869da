"""What passes the gates: no word of who somebody is but from a trusted proxy, and no way to an address elsewhere."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import streamlit
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from dashboard.gates import watching
from dashboard.gates.openid_gate import own_page
from dashboard.gates.proxy_gate import ProxyGate
from dashboard.gates.watching import needs_sign_in
from jobs.settings import settings

PAGES = {"", "runs", "compare"}
HEADERS = {"X-Forwarded-Email": "email", "X-Forwarded-User": "name"}
OPTIONS: dict[str, Any] = {"server.trustedUserHeaders": HEADERS, "server.baseUrlPath": ""}


@pytest.fixture(autouse=True)
def _behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKBOOK_TRUSTED_PROXIES", "127.0.0.1, 10.1.0.0/16")
    monkeypatch.setattr(streamlit, "get_option", OPTIONS.__getitem__)
    settings.cache_clear()
    yield
    settings.cache_clear()


def passed(headers: list[tuple[str, str]], *, sender: str, asked_at: str, path: str = "/") -> tuple[int, set[str]]:
    """The status of the answer, and the names of the headers that came to Streamlit."""
    arrived: set[str] = set()
    statuses: list[int] = []

    async def streamlits(scope: Scope, _receive: Receive, send: Send) -> None:
        arrived.update(name.decode() for name, _ in scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    addresses = {"client": (sender, 5), "server": (asked_at, 8501)}
    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": raw, **addresses}
    asyncio.run(ProxyGate(streamlits)(scope, receive, send))
    return statuses[0], arrived


ADA = [("X-Forwarded-Email", "ada@example.org"), ("X-Forwarded-User", "Ada"), ("Accept", "*/*")]


@pytest.mark.parametrize(
    ("sender", "asked_at", "is_believed"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        # A proxy on this machine, which has named whom it speaks for in X-Forwarded-For.
        ("192.0.2.9", "127.0.0.1", True),
        ("10.1.2.3", "10.1.0.9", True),
        ("10.2.2.3", "10.1.0.9", False),
        ("127.0.0.1", "10.1.0.9", True),
        ("", "10.1.0.9", False),
    ],
)
def test_only_a_proxy_that_was_named_says_who_somebody_is(sender: str, asked_at: str, is_believed: bool) -> None:
    status, arrived = passed(ADA, sender=sender, asked_at=asked_at)
    assert status == 200
    assert arrived == ({"x-forwarded-email", "x-forwarded-user", "accept"} if is_believed else {"accept"})


def test_a_proxy_of_this_machine_is_believed_only_where_this_machine_was_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOOKBOOK_TRUSTED_PROXIES", "10.1.0.0/16")
    settings.cache_clear()
    assert passed(ADA, sender="10.1.2.3", asked_at="127.0.0.1")[1] == {"accept"}


def test_who_is_named_twice_is_nobody() -> None:
    _, arrived = passed([("X-Forwarded-Email", "root@example.org"), *ADA], sender="127.0.0.1", asked_at="127.0.0.1")
    assert arrived == {"accept"}


@pytest.mark.parametrize("path", ["/media/x.png", "/_stcore/upload_file/a/b", "/_stcore/metrics"])
def test_data_is_for_who_has_signed_in_only(path: str) -> None:
    assert passed(ADA, sender="127.0.0.1", asked_at="127.0.0.1", path=path)[0] == 200
    assert passed(ADA, sender="10.2.2.3", asked_at="10.1.0.9", path=path)[0] == 401
    assert passed([("Accept", "*/*")], sender="127.0.0.1", asked_at="127.0.0.1", path=path)[0] == 401


def test_no_click_is_acted_upon_after_the_end_and_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.01)
    lasting, clicks, sent = [True], asyncio.Queue[Message](), list[Message]()

    async def goes_on() -> bool:
        return lasting[0]

    async def send(message: Message) -> None:
        sent.append(message)

    async def visit() -> None:
        receiving = watching.watched(clicks.get, send, goes_on)
        await clicks.put({"type": "websocket.receive", "bytes": b"1"})
        assert (await receiving())["bytes"] == b"1"
        await asyncio.sleep(0.05)
        lasting[0] = False
        await clicks.put({"type": "websocket.receive", "bytes": b"delete"})
        assert (await receiving())["type"] == "websocket.disconnect"
        assert [message["type"] for message in sent] == ["websocket.close"]

    asyncio.run(visit())
    lasting[0] = True

    async def idle() -> None:
        receiving = asyncio.ensure_future(watching.watched(clicks.get, send, goes_on)())
        await asyncio.sleep(0.05)
        assert not receiving.done()
        lasting[0] = False
        assert (await receiving)["type"] == "websocket.disconnect"

    asyncio.run(idle())


@pytest.mark.parametrize("path", ["/", "/runs", "/static/js/a.js", "/_stcore/health", "/_stcore/host-config"])
def test_what_holds_no_data_needs_no_sign_in(path: str) -> None:
    assert not needs_sign_in({"type": "http", "path": path})


def test_the_page_that_was_wanted_is_kept_with_its_filters() -> None:
    assert own_page("/runs", "run=abc&state=failed&q=%C3%BC", PAGES) == "/runs?run=abc&state=failed&q=%C3%BC"
    assert own_page("/", "", PAGES) == "/"
    assert own_page("/", "data=x", PAGES) == "/?data=x"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *(("//evil.example/runs", ""), ("/\\evil.example", ""), ("/runs/../..//evil.example", ""), ("runs", "")),
        *(("/auth/logout", ""), ("/media/x.png", ""), ("", ""), ("/nowhere", ""), ("//runs", ""), ("/runs/", "")),
        *(("/runs", "a=\r\nSet-Cookie: x=y"), ("/runs", "a b"), ("/runs", "ü"), ("/runs", "x" * 5_000)),
    ],
)
def test_nothing_else_is_followed_after_signing_in(path: str, query: str) -> None:
    assert own_page(path, query, PAGES) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_kept_leads_to_a_page_of_this_server(path: str, query: str) -> None:
    address = own_page(path, query, PAGES)
    assert address is None or address.split("?")[0] in {"/", "/runs", "/compare"}
