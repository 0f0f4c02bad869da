"""A server that is open, or that nobody could sign in to, does not start, however it is started, and says why."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from dashboard.gates import start_check
from dashboard.gates.start_check import setup_problem, warnings
from jobs.settings import ROOT, Settings
from tests.providers import free_port
from tests.stores import empty_store

OPTIONS: dict[str, Any] = {
    "server.baseUrlPath": "",
    "server.port": 8501,
    "server.allowedHosts": ["localhost", "lookbook.example"],
    "server.trustedUserHeaders": {},
}
AUTH = {
    "redirect_uri": "https://lookbook.example/oauth2callback",
    "cookie_secret": "0123456789" * 4,
    "client_id": "lookbook",
    "client_secret": "very secret",
    "server_metadata_url": "https://id.example/.well-known/openid-configuration",
}
OPENID, PROXY = Settings(sign_in="openid"), Settings(sign_in="proxy", trusted_proxies="127.0.0.1")
TO_EMAIL = {"X-Forwarded-Email": "email"}


def problem(chosen: Settings, auth: Mapping[str, Any] = AUTH, **options: Any) -> str:
    all_options = OPTIONS | {f"server.{name}": value for name, value in options.items()}
    return setup_problem(chosen, all_options.__getitem__, lambda: auth)


def warned(chosen: Settings, auth: Mapping[str, Any] = AUTH) -> str:
    return " ".join(warnings(chosen, OPTIONS.__getitem__, lambda: auth))


def test_what_is_set_up_rightly_may_start() -> None:
    assert problem(Settings()) == ""
    assert problem(OPENID) == ""
    assert problem(OPENID, AUTH | {"redirect_uri": "http://localhost:{port}/oauth2callback"}) == ""
    below = AUTH | {"redirect_uri": "https://lookbook.example/team/oauth2callback"}
    assert problem(OPENID, below, baseUrlPath="/team/") == ""
    assert problem(PROXY, trustedUserHeaders=TO_EMAIL) == ""


@pytest.mark.parametrize("key", AUTH)
def test_a_key_that_is_missing_is_named_and_no_secret_is(key: str) -> None:
    for value in (None, "", "  "):
        sentence = problem(OPENID, AUTH | {key: value})
        assert f"lacks {key}." in sentence
        assert AUTH["client_secret"] not in sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cookie_secret": "short"}, "32 characters"),
        ({"redirect_uri": "https://lookbook.example/"}, "/oauth2callback"),
        ({"redirect_uri": "lookbook.example/oauth2callback"}, "/oauth2callback"),
        ({"redirect_uri": "https://other.example/oauth2callback"}, "add it to server.allowedHosts"),
        ({"server_metadata_url": "id.example"}, "server_metadata_url"),
    ],
)
def test_a_value_by_which_nobody_could_sign_in_is_said(changes: dict[str, str], sentence: str) -> None:
    assert sentence in problem(OPENID, AUTH | changes)


def test_headers_and_a_provider_do_not_both_say_who_somebody_is() -> None:
    assert "LOOKBOOK_SIGN_IN=proxy" in problem(OPENID, trustedUserHeaders=TO_EMAIL)


def test_without_authlib_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_check, "find_spec", lambda name: None if name == "authlib" else util.find_spec(name))
    assert "pip install -r requirements-team.txt" in problem(OPENID)
    assert (ROOT / "requirements-team.txt").exists()


def test_a_proxy_needs_a_header_and_an_address() -> None:
    assert "server.trustedUserHeaders" in problem(PROXY)
    assert "server.trustedUserHeaders" in problem(PROXY, trustedUserHeaders={"X-Forwarded-User": "name"})
    assert "LOOKBOOK_TRUSTED_PROXIES" in problem(Settings(sign_in="proxy"), trustedUserHeaders=TO_EMAIL)


def test_what_weakens_a_server_is_said() -> None:
    assert warned(OPENID) == ""
    assert "LOOKBOOK_OPEN_TO_NETWORK is yes" in warned(Settings(open_to_network=True))
    assert "Nobody signs in here, though this server answers to lookbook.example" in warned(Settings())
    assert "LOOKBOOK_NEWCOMERS is admin" in warned(Settings(sign_in="openid", newcomers="admin"))
    assert "any machine may say" in warned(Settings(sign_in="proxy", trusted_proxies="127.0.0.1, 0.0.0.0/0"))
    in_the_clear = AUTH | {"redirect_uri": "http://lookbook.example/oauth2callback"}
    assert "redirect_uri begins with http://" in warned(OPENID, in_the_clear)
    assert warned(OPENID, AUTH | {"redirect_uri": "http://127.0.0.1:{port}/oauth2callback"}) == ""


def refused(folder: Path, *options: str, **variables: str) -> str:
    """What a dashboard says on its error output that ends at once, by itself and with a status of failure."""
    empty_store(folder)
    places = {"LOOKBOOK_DATABASE_URL": f"sqlite:///{folder}/runs.db", "LOOKBOOK_ARTIFACTS": f"{folder}/artifacts"}
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/Home.py", "--server.headless=true"]
    ended = subprocess.run(
        [*command, f"--server.port={free_port()}", *options],
        cwd=ROOT,
        env=os.environ | places | {"HOME": str(folder)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "variables", "sentence"),
    [
        (("--server.address=0.0.0.0",), {}, "LOOKBOOK_OPEN_TO_NETWORK=yes"),
        (("--server.address=0.0.0.0", "--server.allowedHosts=lookbook.example"), {}, "LOOKBOOK_OPEN_TO_NETWORK=yes"),
        ((), {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}, "LOOKBOOK_OPEN_TO_NETWORK=yes"),
        (("--server.address=0.0.0.0",), {"LOOKBOOK_OPEN_TO_NETWORK": "yes"}, "server.allowedHosts"),
        (("--browser.gatherUsageStats=true",), {}, "browser.gatherUsageStats"),
        ((), {"LOOKBOOK_SIGN_IN": "openid"}, "No secrets found"),
        ((), {"LOOKBOOK_SIGN_IN": "proxy"}, "server.trustedUserHeaders"),
        ((), {"LOOKBOOK_SIGN_IN": "password"}, "LOOKBOOK_SIGN_IN = 'password'"),
    ],
)
def test_a_server_that_would_be_open_ends_with_a_sentence(
    options: tuple[str, ...], variables: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    assert sentence in refused(tmp_path, *options, **variables)


@pytest.mark.slow
def test_where_nobody_signs_in_authlib_is_not_even_imported() -> None:
    program = "import sys, dashboard.Home; sys.exit('authlib' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    ("address", "is_said"),
    [("http://chat.example/s3cret", True), ("https://chat.example/s3cret", False), ("http://localhost:8065/x", False)],
)
def test_a_receiver_that_is_told_without_encryption_is_said_at_start(address: str, is_said: bool) -> None:
    sentences = warned(Settings(webhook_url=address))
    assert ("LOOKBOOK_WEBHOOK_URL begins with http://" in sentences) == is_said
    assert "s3cret" not in sentences
