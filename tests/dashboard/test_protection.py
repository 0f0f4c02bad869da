"""Who may ask the dashboard, however and from wherever it was started."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from ipaddress import ip_address
from itertools import chain
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from dashboard.addresses import page_meant
from dashboard.protection import is_host_allowed, is_origin_allowed, open_door
from jobs.settings import ROOT
from tests.providers import free_port
from tests.stores import empty_store

names = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True)
ALLOWED = ("localhost", "127.0.0.1")
CLOSED = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": list(ALLOWED),
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableAgentApi": False,
    "global.developmentMode": False,
    "browser.gatherUsageStats": False,
}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1:1", "localhost.", "[::1]:8501"])
def test_names_of_this_machine_are_answered_with_any_port(host: str) -> None:
    assert is_host_allowed(host, (*ALLOWED, "::1"))


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "a:b:c"]
    + ["localhost:port", "localhost/x", "localhost?x", "evil.example:80#localhost", "xlocalhost", "0.0.0.0", "[::1"],
)
def test_other_names_are_not(host: str | None) -> None:
    assert not is_host_allowed(host, ALLOWED)
    assert not is_host_allowed(host, ())


def test_all_names_within_a_domain_can_be_allowed() -> None:
    assert is_host_allowed("lookbook.team.example", ["*.team.example"])
    assert not is_host_allowed("team.example", ["*.team.example"])
    assert not is_host_allowed("evilteam.example", ["*.team.example"])


@given(st.text(max_size=40))
def test_no_other_text_passes_for_a_name_of_this_machine(host: str) -> None:
    passes = is_host_allowed(host, ALLOWED)
    assert not passes or host.lower().split(":")[0].rstrip(".") in ALLOWED


def test_only_pages_of_the_very_same_host_and_port_may_ask() -> None:
    assert is_origin_allowed(None, "localhost:8501")
    assert is_origin_allowed("http://localhost:8501", "localhost:8501")
    assert is_origin_allowed("https://team.example", "localhost:8501", ["https://team.example"])
    for origin in (
        *("http://localhost:9999", "http://localhost", "http://127.0.0.1:8501", "null", "http://[", "file://", ""),
        *("chrome-extension://localhost:8501", "//localhost:8501", "localhost:8501", "http://localhost:8501/x"),
        *("http://me@localhost:8501", "http://localhost:8501.evil.example", "http://localhost:x"),
    ):
        assert not is_origin_allowed(origin, "localhost:8501")
    assert not is_origin_allowed("http://localhost:8501", None)


@given(names, names, st.integers(1, 65535), st.integers(1, 65535))
def test_a_page_is_the_servers_own_by_its_name_and_its_port(name: str, other: str, port: int, another: int) -> None:
    assert is_origin_allowed(f"http://{name}:{port}", f"{name.upper()}:{port}")
    assert is_origin_allowed(f"http://{other}:{another}", f"{name}:{port}") == ((name, port) == (other, another))


@pytest.mark.parametrize(("origin", "port"), [("https://team.example", 443), ("http://team.example", 80)])
def test_a_proxy_may_name_the_port_that_browsers_leave_out(origin: str, port: int) -> None:
    for host in ("team.example", f"team.example:{port}"):
        assert is_origin_allowed(origin, host)
        assert is_origin_allowed(f"{origin}:{port}", host)
    assert not is_origin_allowed(origin, "team.example:8501")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("server.address", None, "server.address is None"),
        ("server.address", "", "127.0.0.1"),
        ("server.address", "0.0.0.0", "LOOKBOOK_SIGN_IN"),
        ("server.address", "::", "127.0.0.1"),
        ("server.address", "192.168.1.7", "127.0.0.1"),
        ("server.allowedHosts", [], "name those"),
        ("server.allowedHosts", ["localhost", " * "], "name those"),
        ("server.enableCORS", False, "leave it on"),
        ("server.enableXsrfProtection", False, "leave it on"),
        ("server.enableAgentApi", True, "turn it off"),
        ("global.developmentMode", True, "turn it off"),
        ("browser.gatherUsageStats", True, "turn it off"),
    ],
)
def test_a_setting_that_opens_a_door_is_named_with_what_to_do(
    name: str, value: str | bool | list[str], sentence: str
) -> None:
    assert open_door({**CLOSED, name: value}.__getitem__).count(sentence) == 1
    assert name in open_door({**CLOSED, name: value}.__getitem__)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "unix:///run/lookbook.sock"]
)
def test_a_server_for_this_machine_only_is_closed(address: str) -> None:
    assert open_door({**CLOSED, "server.address": address}.__getitem__) == ""


def test_an_open_address_is_a_choice_for_who_names_the_host_that_others_use_and_has_them_sign_in() -> None:
    behind_a_proxy = {**CLOSED, "server.address": "0.0.0.0", "server.allowedHosts": ["lookbook.team.example"]}
    assert open_door(behind_a_proxy.__getitem__, is_for_others=True) == ""
    assert "LOOKBOOK_SIGN_IN" in open_door(behind_a_proxy.__getitem__)


def test_a_server_that_is_asked_at_another_address_than_it_is_set_to_is_open() -> None:
    assert open_door(CLOSED.__getitem__, asked_at="127.0.0.1") == ""
    assert "192.0.2.7 is reached from other machines" in open_door(CLOSED.__getitem__, asked_at="192.0.2.7")
    behind_a_proxy = {**CLOSED, "server.address": "0.0.0.0", "server.allowedHosts": ["lookbook.team.example"]}
    assert open_door(behind_a_proxy.__getitem__, asked_at="192.0.2.7", is_for_others=True) == ""


PAGES = {"home": "", "runs": "runs", "predict": "predict"}


@pytest.mark.parametrize(
    ("path", "page"),
    [
        *(("/home", "./"), ("/HOME", "./"), ("/home/", "../"), ("/Runs", "./runs"), ("/runs/", "../runs")),
        ("/Runs//", "../../runs"),
        *((path, None) for path in ("/", "/runs", "/nowhere", "/runs/home", "/_stcore/health", "/static/Runs")),
    ],
)
def test_another_spelling_of_a_pages_address_leads_to_the_page(path: str, page: str | None) -> None:
    assert page_meant(path, PAGES) == page
    below = page_meant(f"/team/lookbook{path}", PAGES, "team/lookbook/")
    assert below == page
    assert page_meant(path, PAGES, "team") is None


OPEN_CONFIG = """
[server]
address = "0.0.0.0"
allowedHosts = []
enableCORS = false
[browser]
gatherUsageStats = true
"""


@contextmanager
def started(tmp_path: Path, folder: Path, main: str, *options: str, **variables: str) -> Iterator[psutil.Process]:
    """A dashboard, started in that folder by that name of its main file; the user's own configuration opens all."""
    command = ["streamlit", "run", main, "--server.headless=true", f"--server.port={free_port()}", *options]
    with serving(tmp_path, folder, command, variables) as server:
        yield server


@contextmanager
def serving(
    tmp_path: Path, folder: Path, command: Sequence[str], variables: dict[str, str]
) -> Iterator[psutil.Process]:
    """A dashboard, served by that command of Python's."""
    home = tmp_path / "home"
    (home / ".streamlit").mkdir(parents=True)
    (home / ".streamlit" / "config.toml").write_text(OPEN_CONFIG, encoding="utf-8")
    empty_store(tmp_path)
    places = {"LOOKBOOK_DATABASE_URL": f"sqlite:///{tmp_path}/runs.db", "LOOKBOOK_ARTIFACTS": f"{tmp_path}/artifacts"}
    server = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=os.environ | places | {"HOME": str(home)} | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield listening(psutil.Process(server.pid))
    finally:
        server.kill()
        server.wait()


def listening(process: psutil.Process) -> psutil.Process:
    deadline = time.monotonic() + 60
    while not addresses(process):
        assert time.monotonic() < deadline
        assert process.is_running()
        time.sleep(0.1)
    return process


def addresses(process: psutil.Process) -> list[tuple[str, int]]:
    return [(each.laddr.ip, each.laddr.port) for each in process.net_connections() if each.status == psutil.CONN_LISTEN]


def answer(port: int, path: str = "/", *, at: str = "127.0.0.1", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection(at, port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read().decode()


def connects(port: int, origin: str | None, *, at: str = "localhost") -> bool:
    sender = None if origin is None else Origin(origin)
    try:
        with connect(f"ws://{at}:{port}/_stcore/stream", origin=sender, subprotocols=[Subprotocol("streamlit")]):
            return True
    except (OSError, WebSocketException):
        return False


@pytest.mark.slow
@pytest.mark.parametrize("way", ["the root", "the folder dashboard", "another folder", "a link to the project"])
def test_from_wherever_it_is_started_the_dashboard_is_closed(way: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    (elsewhere / ".streamlit").mkdir(parents=True)
    (elsewhere / ".streamlit" / "config.toml").write_text(OPEN_CONFIG, encoding="utf-8")
    (tmp_path / "link").symlink_to(ROOT)
    folder, main = {
        "the root": (ROOT, "dashboard/Home.py"),
        "the folder dashboard": (ROOT / "dashboard", "Home.py"),
        "another folder": (elsewhere, str(ROOT / "dashboard" / "Home.py")),
        "a link to the project": (elsewhere, str(tmp_path / "link" / "dashboard" / "Home.py")),
    }[way]
    with started(tmp_path, folder, main) as server:
        ((address, port),) = addresses(server)
        assert address == "127.0.0.1"
        status, headers, _ = answer(port)
        assert status == 200
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert answer(port, Host="evil.example")[0] == 400
        assert answer(port, Origin="http://evil.example")[0] == 403
        assert answer(port, "/_stcore/health", Host="evil.example")[0] == 400
        assert connects(port, f"http://localhost:{port}")
        assert connects(port, None)
        for origin in ("http://evil.example", "http://localhost:1", f"http://127.0.0.1:{port}", "null"):
            assert not connects(port, origin)
        assert [path.name for path in (tmp_path / "home").rglob("*")] == [".streamlit", "config.toml"]


@pytest.mark.slow
def test_another_server_that_listens_everywhere_shows_one_sentence_and_no_page(tmp_path: Path) -> None:
    here = [each.address for each in chain(*psutil.net_if_addrs().values()) if each.family == socket.AF_INET]
    address = next((each for each in here if not ip_address(each).is_loopback), None)
    if address is None:
        pytest.skip("this machine has no other address than 127.0.0.1")
    port = free_port()
    command = ["uvicorn", "dashboard.Home:app", "--host", "0.0.0.0", "--port", str(port)]
    with serving(tmp_path, ROOT, command, {}):
        for path in ("/", "/runs?run=x", "/home", "/media/x.png", "/_stcore/host-config"):
            status, _, text = answer(port, path, at=address)
            assert (status, text.count("Lookbook shows nothing here"), text.count("\n")) == (503, 1, 1)
        assert not connects(port, f"http://{address}:{port}", at=address)
        assert answer(port, "/_stcore/health")[0] == 200


@pytest.mark.slow
def test_behind_a_proxy_it_answers_to_the_name_that_was_given_to_it(tmp_path: Path) -> None:
    chosen = ("--server.address=0.0.0.0", "--server.allowedHosts=lookbook.example")
    with started(tmp_path, ROOT, "dashboard/Home.py", *chosen, LOOKBOOK_OPEN_TO_NETWORK="yes") as server:
        port = addresses(server)[0][1]
        assert answer(port, Host="lookbook.example")[0] == 200
        assert answer(port, Host="localhost")[0] == 400


@pytest.mark.slow
def test_addresses_as_people_type_them_lead_where_they_mean(tmp_path: Path) -> None:
    with started(tmp_path, ROOT, "dashboard/Home.py") as server:
        port = addresses(server)[0][1]
        for path, meant in (
            ("/home", "./"),
            ("/Home?a=1", "./?a=1"),
            ("/Runs/?run=a%26b", "../runs?run=a%26b"),
            ("/x", None),
        ):
            status, headers, _ = answer(port, path)
            assert (status, headers.get("location")) == ((307, meant) if meant else (200, None))


@pytest.mark.slow
@pytest.mark.parametrize(("options", "path"), [((), ""), (("--server.baseUrlPath=/team/lookbook",), "team/lookbook")])
def test_who_starts_it_at_a_screen_sees_it_in_the_browser(options: tuple[str, ...], path: str, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(
        f'#!/bin/sh\necho "$1" > "{tmp_path}/opened.part" && mv "{tmp_path}/opened.part" "{tmp_path}/opened"\n'
    )
    browser.chmod(0o755)
    at_a_screen = ("--server.headless=false", *options)
    with started(tmp_path, ROOT, "dashboard/Home.py", *at_a_screen, BROWSER=f"{browser} %s") as server:
        port = addresses(server)[0][1]
        deadline = time.monotonic() + 30
        while not (tmp_path / "opened").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert (tmp_path / "opened").read_text(encoding="utf-8").strip() == f"http://localhost:{port}/{path}"
        assert answer(port, f"/{path}")[0] in (200, 307)


@pytest.mark.slow
def test_pages_of_a_dashboard_below_another_address_are_found_there(tmp_path: Path) -> None:
    with started(tmp_path, ROOT, "dashboard/Home.py", "--server.baseUrlPath=team/lookbook") as server:
        port = addresses(server)[0][1]
        for path, meant in (("home?a=1", "./?a=1"), ("RUNS/?b=%C3%BC", "../runs?b=%C3%BC"), ("runs", None)):
            status, headers, _ = answer(port, f"/team/lookbook/{path}")
            assert (status, headers.get("location")) == ((307, meant) if meant else (200, None))
