"""Ray's head over HTTP: what is asked, and what is made of every answer, none included."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from jobs.supervising import ray_api
from jobs.supervising.launcher import CannotStart
from jobs.supervising.ray_api import RayJobs

NODES = {
    "data": {
        "result": {
            "result": [
                {"state": "ALIVE", "resources_total": {"CPU": 2, "machine-alpha": 1}},
                {"state": "DEAD", "resources_total": {"machine-beta": 1}},
            ]
        }
    }
}


class Head(ThreadingHTTPServer):
    """Answers each request by what a test has set, and remembers what it was asked."""

    status = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str | None, Any]] = []

    @property
    def jobs(self) -> RayJobs:
        """Its jobs, asked with a token."""
        return RayJobs(f"http://127.0.0.1:{self.server_port}", "a token")


class _Handler(BaseHTTPRequestHandler):
    server: Head

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = json.loads(content) if content else None
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), asked))
        self.send_response(self.server.status)
        for name, value in (*self.server.headers, ("Content-Length", str(len(self.server.body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def head() -> Iterator[Head]:
    server = Head()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_job_is_for_one_machine_and_takes_a_gpu_only_if_it_needs_one(head: Head) -> None:
    head.jobs.submit("r1-2", "a command", "alpha", gpu=True)
    ((method, path, token, asked),) = head.asked
    assert (method, path, token) == ("POST", "/api/jobs/", "Bearer a token")
    assert asked == {
        "submission_id": "r1-2",
        "entrypoint": "a command",
        "entrypoint_resources": {"machine-alpha": 0.001},
        "entrypoint_num_gpus": 1,
    }


def test_the_status_of_a_job_is_told_in_the_words_of_ray(head: Head) -> None:
    head.body = json.dumps({"status": "PENDING"}).encode()
    assert head.jobs.status("r1-2") == "PENDING"
    head.body = b"{}"
    assert head.jobs.status("r1-2") == ""


def test_only_machines_that_are_alive_have_joined(head: Head) -> None:
    head.body = json.dumps(NODES).encode()
    assert head.jobs.machines() == {"alpha"}


def test_a_wrong_token_is_called_that(head: Head) -> None:
    head.status = 401
    with pytest.raises(CannotStart, match="does not take the token") as raised:
        head.jobs.machines()
    assert "LOOKBOOK_RAY_TOKEN" in raised.value.advice


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'{"data": null}'])
def test_an_answer_that_is_none_is_refused(head: Head, body: bytes) -> None:
    head.body = body
    with pytest.raises(CannotStart):
        head.jobs.machines()


def test_a_refusal_says_its_number(head: Head) -> None:
    head.status = 500
    with pytest.raises(CannotStart, match="refused \\(500\\)"):
        head.jobs.stop("r1-2")


def test_a_redirection_is_not_followed_so_that_no_token_goes_elsewhere(head: Head) -> None:
    head.status, head.headers = 302, (("Location", f"http://127.0.0.1:{head.server_port}/elsewhere"),)
    with pytest.raises(CannotStart):
        head.jobs.machines()
    assert len(head.asked) == 1


def test_a_head_that_says_nothing_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_api, "PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        jobs = RayJobs(f"http://127.0.0.1:{silent.getsockname()[1]}", "")
        with pytest.raises(CannotStart, match="does not answer"):
            jobs.machines()


def test_where_nobody_listens_nothing_can_be_started() -> None:
    with pytest.raises(CannotStart, match="does not answer"):
        RayJobs("http://127.0.0.1:9", "").machines()
