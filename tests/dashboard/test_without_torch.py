"""Pages open fast because they do not import what they do not need: torch, and the list of runs pandas either."""

import subprocess
import sys
from pathlib import Path

import pytest

from jobs.settings import ROOT
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.stores import Sample
from tests.studied import add_study

PROGRAM = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("dashboard/Home.py", default_timeout=30)
for name, value in [pair.split("=") for pair in sys.argv[3:]]:
    app.query_params[name] = value
app.switch_page(f"views/{sys.argv[2]}.py").run()
assert not app.exception, app.exception
assert sys.argv[1] not in sys.modules, f"{sys.argv[1]} was imported"
"""


def expect_no_torch(*arguments: str) -> None:
    expect_without("torch", *arguments)


def expect_without(module: str, *arguments: str) -> None:
    command = [sys.executable, "-c", PROGRAM, module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", ["home", "launch", "runs"])
def test_a_page_without_torch(store: Store, page: str | None) -> None:
    store.engine.dispose()
    expect_no_torch(page)


@pytest.mark.slow
def test_the_list_of_runs_is_there_before_pandas(store: Store) -> None:
    stores.add(store, Sample())
    store.engine.dispose()
    expect_without("pandas", "runs")


@pytest.mark.slow
def test_explore_with_its_map_and_its_images_needs_none_either(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = stores.add(store, Sample())
    add_study(store, run_id)
    store.engine.dispose()
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    for parameters in ((), ("section=map", "area=0-0-300-300"), ("image=7",)):
        expect_no_torch("explore", *parameters)
