"""What a page of another site, or of another port of this machine, gets of the dashboard in a real browser: nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Dashboard

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>elsewhere</title><iframe src="{address}/runs" width="800" height="600"></iframe>
<script>
const socket = new WebSocket("{address}/_stcore/stream".replace("http", "ws"), ["streamlit"]);
socket.onopen = () => document.title = "open";
socket.onerror = () => document.title = "refused";
</script>"""


@contextmanager
def another_server(page: str) -> Iterator[int]:
    """A server on another port that answers everything with one page."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def test_a_page_of_another_port_neither_shows_the_dashboard_nor_speaks_to_it(
    browser: Browser, dashboard: Dashboard
) -> None:
    with another_server(PAGE.replace("{address}", dashboard.address)) as port:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("document.title !== 'elsewhere'")
        assert page.title() == "refused"
        (frame,) = page.frames[1:]
        assert frame.locator("[data-testid=stApp]").count() == 0
        assert not frame.url.startswith(dashboard.address)
        page.close()
