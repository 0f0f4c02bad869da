"""The documentation of signing in: a server starts by every command in it, with the file that stands in it."""

import re
import shlex
from pathlib import Path

import pytest

from jobs.settings import ROOT, Settings
from tests.dashboard.test_protection import answer, serving
from tests.providers import free_port

DOCUMENT = (ROOT / "docs" / "sign-in.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.+?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL)
SECRETS = re.search(r"^```toml\n(.+?)```$", DOCUMENT, re.MULTILINE | re.DOTALL).group(1)


def test_every_setting_that_is_named_is_one() -> None:
    named = {name.lower() for name in re.findall(r"LOOKBOOK_([A-Z_]+)", DOCUMENT)}
    assert named
    assert named <= set(Settings.model_fields)
    assert {"sign_in", "session_hours", "trusted_proxies", "sign_out_address", "open_to_network"} <= named


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_server_starts_by_each_documented_command(command: str, tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text(SECRETS, encoding="utf-8")
    parts = shlex.split(command)
    variables = dict(part.split("=", 1) for part in parts[: parts.index("streamlit")])
    port = free_port()
    options = [f"--server.port={port}", "--server.headless=true", f"--secrets.files={tmp_path / 'secrets.toml'}"]
    with serving(tmp_path, ROOT, [*parts[len(variables) :], *options], variables):
        assert answer(port, Host="lookbook.example.org")[0] == 200
        assert answer(port, "/media/x.png", Host="lookbook.example.org")[0] == (404 if "OPEN_TO" in command else 401)
