"""A store of its own for each test, with nothing left in Streamlit's caches from the one before."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.queries import visitor
from jobs.settings import ROOT, settings
from jobs.store import locks, run_files
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import Visit


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store that the pages open too; its supervisor's lock is held, so that no page starts one."""
    monkeypatch.setenv("LOOKBOOK_DATABASE_URL", f"sqlite:///{tmp_path / 'runs.db'}")
    monkeypatch.setenv("LOOKBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()
    made = stores.empty_store(tmp_path)
    lock = locks.acquire(run_files.supervisor_lock(made))
    yield made
    os.close(lock)
    settings.cache_clear()


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Look at the pages as somebody who has signed in."""
    return lambda person: monkeypatch.setattr(visitor, "person", lambda: person)


@pytest.fixture
def open_page(store: Store) -> Callable[..., AppTest]:
    """Open a page of the dashboard by name, with these parameters in its URL."""

    def opened(view: str = "home", **parameters: str | list[str]) -> AppTest:
        assert store.artifacts == settings().artifacts
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=20)
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.switch_page(f"views/{view}.py").run()

    return opened
