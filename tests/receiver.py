"""Somebody outside who is told: an HTTP server of its own that answers as it is told to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T0P/s3cret"


@dataclass
class Receiver:
    """What has come, and with which statuses it answers, the last one from then on; None never answers."""

    url: str = ""
    statuses: list[int | None] = field(default_factory=lambda: [200])
    came: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    before_answer: Callable[[], object] = lambda: None
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def receiving(*statuses: int | None) -> Iterator[Receiver]:
    """A receiver at a port of this machine, below a path that is a secret."""
    receiver = Receiver(statuses=list(statuses or (200,)))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.came.append(body)
            receiver.paths.append(self.path)
            receiver.before_answer()
            status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
            if status is None:
                receiver.closing.wait()
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "file:///etc/passwd")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()
