"""No process of Lookbook reports anything to anybody, or leaves anything but its own files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from core.data.data_set import DataSet
from dashboard.sections.predict import samples
from jobs.settings import ROOT, child_environment, settings
from jobs.store.store import Store
from tests import stores
from tests.benchmarks import visitors, watching
from tests.dashboard.test_protection import addresses, connects, started
from tests.jobs import working

pytestmark = pytest.mark.slow

GUARD = '''"""Every Python process notes whom it asks for an address or connects to, unless it is this machine."""
import ipaddress, sys

def note(event, arguments):
    host = None
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    if host and host != "localhost":
        try:
            if ipaddress.ip_address(host).is_loopback:
                return
        except ValueError:
            pass
        with open({log!r}, "a") as log:
            print(host, sys.argv, file=log)

sys.addaudithook(note)
'''


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store, in an environment whose home is empty and whose processes all note whom they ask."""
    guard, home = tmp_path / "guard", tmp_path / "home"
    guard.mkdir()
    home.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD.format(log=str(tmp_path / "asked.txt")), encoding="utf-8")
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TORCH_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", f"{guard}{os.pathsep}{ROOT}")
    (tmp_path / "project").mkdir()
    store = stores.empty_store(tmp_path / "project")
    yield store
    working.clear_away(store)


def left_behind(tmp_path: Path) -> list[str]:
    """All that is in the home."""
    return sorted(str(path.relative_to(tmp_path / "home")) for path in (tmp_path / "home").rglob("*"))


def jobs(store: Store, *arguments: str) -> str:
    environment = child_environment(store.url, store.artifacts) | {"LOOKBOOK_DATA": str(settings().data)}
    command = [sys.executable, "-m", "jobs", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_guard_sees_who_asks(watched: Store, tmp_path: Path) -> None:
    assert watched.is_local
    program = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), timeout=0.01)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert "192.0.2.1" in (tmp_path / "asked.txt").read_text(encoding="utf-8")


def test_training_predicting_studying_and_exporting_report_nothing(
    watched: Store, tmp_path: Path, real_data: DataSet
) -> None:
    assert len(real_data.train_labels) == 60_000
    small = ("--set", "train_size=6000", "--set", "epochs=1", "--set", "threads=1")
    jobs(watched, "launch", "quick", "--name", "quiet", *small, "--wait")
    photo = tmp_path / "photo.png"
    photo.write_bytes(samples.draw_sample(next(iter(samples.SAMPLES))))
    assert json.loads(jobs(watched, "predict", "quiet", str(photo), "--json"))
    jobs(watched, "study", "quiet")
    jobs(watched, "export", "quiet", str(tmp_path / "package"))
    assert left_behind(tmp_path) == []
    assert not (tmp_path / "asked.txt").exists()


def test_the_dashboard_reports_nothing_whoever_asks_it(watched: Store, tmp_path: Path) -> None:
    asked = visitors.questions(visitors.fill(watched), 3, Random(0))
    with watching.server(watched) as served:
        answers = [visitors.ask(served.port, question) for question in asked]
        for origin in ("http://evil.example", "http://localhost:1"):
            assert not visitors.may_ask(served.port, origin)
    assert not any(answer.broken for answer in answers)
    assert left_behind(tmp_path) == []
    assert not (tmp_path / "asked.txt").exists()


def test_a_server_for_a_team_asks_nobody_for_the_address_of_its_machine(watched: Store, tmp_path: Path) -> None:
    assert watched.is_local
    trusted = "https://team.example"
    hosts = [f"--server.allowedHosts={name}" for name in ("localhost", "team.example")]
    options = ("--server.address=0.0.0.0", *hosts, f"--server.corsAllowedOrigins={trusted}")
    with started(tmp_path, ROOT, "dashboard/Home.py", *options, LOOKBOOK_OPEN_TO_NETWORK="yes") as server:
        ((address, port),) = addresses(server)
        assert address == "0.0.0.0"
        assert connects(port, trusted)
        assert connects(port, f"http://LOCALHOST:{port}")
        assert not connects(port, "https://evil.example")
    assert not (tmp_path / "asked.txt").exists()
