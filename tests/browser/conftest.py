"""A real server with a store of its own, and a real Chromium that looks at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from jobs.running.background import holder
from jobs.settings import ROOT
from jobs.store import run_files
from jobs.store.store import Store
from tests import stores

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_S = 90
OpenPage = Callable[..., Page]
"""Opens an address of the dashboard in a window of its own: the fixture open_page."""
PATIENCE_MS = 20_000

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard and the store that it shows."""

    address: str
    store: Store
    start_anew: Callable[[], None]
    """Kills the server and starts another at the same address."""


@contextmanager
def running_dashboard(folder: Path, *options: str, **variables: str) -> Iterator[Dashboard]:
    """Serve the dashboard for the store in this folder; at the end everything that it started is ended too.

    `options` are Streamlit's, `variables` Lookbook's without LOOKBOOK_ before them.
    """
    store = stores.empty_store(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chosen = {"DATABASE_URL": f"sqlite:///{folder / 'runs.db'}", "ARTIFACTS": str(store.artifacts), "SLOTS": "1"}
    environment = os.environ | {f"LOOKBOOK_{name}": value for name, value in (chosen | variables).items()}
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/Home.py", "--server.port", str(port)]
    address, servers = f"http://127.0.0.1:{port}", []

    def start() -> None:
        with (folder / "server.log").open("ab") as log:
            servers.append(
                subprocess.Popen(
                    [*command, "--server.headless", "true", *options],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
        _wait_for(address, servers[-1], folder / "server.log")

    def end() -> None:
        servers[-1].kill()
        servers[-1].wait()

    def start_anew() -> None:
        end()
        start()

    try:
        start()
        yield Dashboard(address, store, start_anew)
    finally:
        end()
        _end_supervisor(store)
        store.engine.dispose()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A Chromium from the PATH, or the one that playwright has downloaded."""
    chromium = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module: one that dies takes no other module's tests with it."""
    with running_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One dashboard for the tests of a module."""
    with running_dashboard(tmp_path_factory.mktemp("dashboard")) as served:
        yield served


@pytest.fixture
def open_page(browser: Browser, dashboard: Dashboard) -> Iterator[OpenPage]:
    """Open a view in a window of its own, with what the browser complains of collected on the way."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin")

    def opened(where: str = "", *, width: int = 1440, dark: bool = False) -> Page:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"{dashboard.address}/{where}")
        settle(page)
        return page

    yield opened
    context.close()


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Look until it is so; fail after a generous while."""
    deadline = time.monotonic() + START_S
    while not is_so():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def settle(page: Page) -> None:
    """Wait until the script has run and all that it sent is drawn, its style sheet included."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function("document.querySelectorAll('[data-stale=\"true\"]').length === 0")
    # An element whose code is still being loaded is not there yet: the second of its kind may be the last.
    page.wait_for_function("document.querySelectorAll('[data-testid=\"stSkeleton\"]').length === 0")
    # Streamlit applies it an instant after the elements that were sent behind it.
    page.wait_for_function(
        "[...document.querySelectorAll('style')].some(sheet => sheet.textContent.includes('stCaptionContainer'))"
    )


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(log.read_text(encoding="utf-8"))


def _end_supervisor(store: Store) -> None:
    """End the supervisor of this store, if a page has started one, with its trainers."""
    lock = run_files.supervisor_lock(store)
    pid = holder(lock)
    if pid is None or not psutil.pid_exists(pid):
        return
    supervisor = psutil.Process(pid)
    for process in [supervisor, *supervisor.children(recursive=True)]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
