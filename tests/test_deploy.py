"""What deploy/ says is so: its variables are settings, its files are there, its commands start and watch a server."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jobs.settings import ROOT, Settings
from tests.dashboard.test_protection import addresses, answer, started

DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
EXAMPLE = (DEPLOY / ".env.example").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "team-server.md").read_text(encoding="utf-8")
NAME = "lookbook.example.org"


def service(name: str) -> str:
    """What docker-compose.yml says of a service."""
    (block,) = re.findall(rf"^  {name}:\n(?:    .*\n|\n)+", COMPOSE, re.MULTILINE)
    return str(block)


def dashboard_command() -> list[str]:
    """The words that start the pages, with the name of the example."""
    block = service("dashboard").partition("    command:\n")[2].partition("    secrets:")[0]
    return [line.removeprefix("      - ").replace("${SERVER_NAME}", NAME) for line in block.splitlines()]


@pytest.mark.parametrize("text", [COMPOSE, DOCKERFILE, EXAMPLE, GUIDE], ids=["compose", "image", "example", "guide"])
def test_every_variable_of_lookbook_is_a_setting(text: str) -> None:
    names = {name.lower() for name in re.findall(r"\bLOOKBOOK_([A-Z_\d]+)", text)}
    assert names
    assert names <= set(Settings.model_fields)


def test_every_variable_that_compose_needs_is_in_the_example() -> None:
    needed = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert needed <= set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))


def test_the_values_of_the_example_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in re.findall(r"^(LOOKBOOK_[A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE):
        monkeypatch.setenv(name, value)
    chosen = Settings()
    assert chosen.sign_in == "openid"
    assert chosen.admin_ids == {"ada@example.org"}
    assert chosen.webhook_url is None


def test_what_the_image_copies_is_there_and_is_let_through() -> None:
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert {"core", "jobs", "dashboard", "requirements-server.txt"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {line.removeprefix("!") for line in IGNORED if line.startswith("!")} == set(copied)
    assert "*" in IGNORED
    assert "dashboard/.streamlit/secrets.toml" in IGNORED


def test_the_image_has_a_python_that_the_project_takes_and_works_without_root() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.findall(r"^FROM python:(.*)-slim$", DOCKERFILE, re.MULTILINE) == [project["requires-python"][2:]]
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["lookbook"]
    assert COMPOSE.count("cap_drop: [ALL]") == COMPOSE.count("no-new-privileges:true") == 3


def test_every_requirement_is_installed_but_the_project_itself() -> None:
    (command,) = re.findall(r"^RUN (sed .*) > /tmp/needed.txt", DOCKERFILE, re.MULTILINE)
    made = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in ("streamlit", "torch", "authlib", "psycopg"):
        assert re.search(rf"^{name}\b", made, re.MULTILINE), name
    assert not re.search(r"^-", made, re.MULTILINE)


def test_one_service_supervises_and_only_the_proxy_has_a_port() -> None:
    assert 'LOOKBOOK_SUPERVISOR_HERE: "no"' in COMPOSE.partition("services:")[0]
    assert 'LOOKBOOK_SUPERVISOR_HERE: "yes"' in service("supervisor")
    assert "exec python -m jobs worker" in service("supervisor")
    assert [name for name in ("dashboard", "supervisor", "postgres", "proxy") if "ports:" in service(name)] == ["proxy"]
    assert "reverse_proxy dashboard:8501" in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_command_of_the_dashboard_serves_the_name_and_its_health_check_tells_the_truth(tmp_path: Path) -> None:
    streamlit, run, main, *options = dashboard_command()
    assert (streamlit, run) == ("streamlit", "run")
    (check,) = re.findall(r'\["CMD", "python", "-c", "(.*)"\]', service("dashboard"))
    # As Docker would put it beside the pages.
    secrets = tmp_path / "secrets.toml"
    shutil.copy(DEPLOY / "secrets.toml.example", secrets)
    options.append(f"--secrets.files={secrets}")
    variables = {"LOOKBOOK_SIGN_IN": "openid", "LOOKBOOK_LEAST_FREE_MB": "1", "LOOKBOOK_SUPERVISOR_HERE": "no"}
    with started(tmp_path, ROOT, main, *options, **variables) as server:
        ((address, port),) = addresses(server)
        assert address == "0.0.0.0"
        assert answer(port, Host=NAME)[0] == 200
        assert answer(port, Host="evil.example")[0] == 400
        assert health(check, port) == 0
        (tmp_path / "runs.db").rename(tmp_path / "gone.db")
        assert health(check, port, after_s=3) == 1


def health(check: str, port: int, after_s: float = 0) -> int:
    """The status of the health check of a server at this port."""
    code = f"import time; time.sleep({after_s}); {check.replace(':8501', f':{port}')}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
