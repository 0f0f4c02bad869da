"""What watches over a server asks /healthz: it needs no session, hears the truth and learns no path."""

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from dashboard import health_endpoint
from dashboard.health_endpoint import HealthEndpoint
from jobs.running import queue
from jobs.store.store import Store, open_store
from jobs.team import health
from tests.dashboard.test_protection import addresses, answer, started
from tests.jobs.configs import TINY


async def _nobody(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def asked(endpoint: HealthEndpoint, path: str = "/healthz") -> tuple[int, Any]:
    """The status and what stands in the answer to a request."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(endpoint({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"] or b"null")


def test_one_word_for_each_part_and_no_path(store: Store) -> None:
    status, words = asked(HealthEndpoint(_nobody))
    assert (status, words["status"], words["store"], words["supervisor"]) == (200, "ok", "ok", "alive")
    assert set(words) == {"status", "store", "supervisor", "artifacts", "data"}
    store.engine.dispose()
    os.unlink(store.place)
    status, words = asked(HealthEndpoint(_nobody))
    assert (status, words["status"], words["store"]) == (503, "failing", "missing")
    assert all(word.isalpha() for word in words.values())
    assert asked(HealthEndpoint(_nobody), "/runs") == (418, None)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("fresh_s", "examined"), [(60.0, 1), (-1.0, 50)])
def test_many_who_ask_at_once_ask_the_store_once(
    monkeypatch: pytest.MonkeyPatch, fresh_s: float, examined: int
) -> None:
    counted = []
    examine = health.examine

    def counting() -> dict[str, health.Part]:
        counted.append(1)
        return examine()

    async def all_at_once() -> None:
        endpoint = HealthEndpoint(_nobody)
        await asyncio.gather(*(endpoint._examined() for _ in range(50)))

    monkeypatch.setattr(health, "examine", counting)
    monkeypatch.setattr(health_endpoint, "FRESH_S", fresh_s)
    asyncio.run(all_at_once())
    assert len(counted) == examined


@pytest.mark.slow
def test_a_server_says_of_itself_what_is_wrong_with_it(tmp_path: Path) -> None:
    with started(tmp_path, Path.cwd(), "dashboard/Home.py", LOOKBOOK_LEAST_FREE_MB="1") as server:
        port = addresses(server)[0][1]
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: answer(port, "/healthz"), range(40)))
        assert {status for status, _, _ in answers} == {200}
        assert "frame-ancestors" in answers[0][1]["content-security-policy"]
        assert answer(port, "/healthz", Host="evil.example")[0] == 400
        store = open_store(f"sqlite:///{tmp_path}/runs.db", tmp_path / "artifacts")
        queue.launch(store, TINY)
        store.engine.dispose()
        expect(port, {"supervisor": "dead"})
        (tmp_path / "runs.db").rename(tmp_path / "elsewhere.db")
        expect(port, {"store": "missing", "supervisor": "unknown"})
        assert str(tmp_path) not in answer(port, "/healthz")[2]


def expect(port: int, words: dict[str, str]) -> None:
    time.sleep(health_endpoint.FRESH_S + 0.5)
    status, _, body = answer(port, "/healthz")
    assert status == 503
    assert words.items() <= json.loads(body).items()
