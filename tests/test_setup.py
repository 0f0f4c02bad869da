"""What a stranger's first minutes need: the set-up scripts, the Makefile and the configuration of the server."""

import ast
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jobs.settings import MOST_UPLOAD_MB
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = (
    *("requirements.txt", "requirements-team.txt", "requirements-dev.txt"),
    *("requirements-server.txt", "requirements-cluster.txt"),
)
CONFIG = tomllib.loads((ROOT / "dashboard" / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def script(name: str) -> ModuleType:
    """A script of the set-up, loaded without running it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "setup" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment() -> ModuleType:
    return script("environment")


def make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "MAKEFLAGS": "", "PATH": path or os.environ["PATH"]}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)


def said_in_one_line(finished: subprocess.CompletedProcess[str]) -> str:
    """What a failed make said, without make's own closing line."""
    assert finished.returncode != 0
    lines = [line for line in finished.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    return lines[0]


def python_that_says(version: str, folder: Path) -> Path:
    """A stand-in for another Python: this one, with another version number."""
    stand_in = folder / "python3"
    lie = f"import sys, runpy; sys.version_info = ({version}); sys.argv = sys.argv[1:]; "
    stand_in.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "{lie} runpy.run_path(sys.argv[0], run_name=\'__main__\')" "$@"\n'
    )
    stand_in.chmod(0o755)
    return stand_in


def tools_only(folder: Path) -> str:
    """A PATH with what make's recipes need, and no Python."""
    for tool in ("sh", "make", "env"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return str(folder)


def test_make_help_names_everything_that_make_can_do() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    shown = make("--no-print-directory", "help").stdout
    assert [line.split()[1] for line in shown.splitlines()] == targets[1].split()
    assert all(len(line.split()) > 3 for line in shown.splitlines())


def test_a_python_that_is_too_old_is_said_in_one_line_with_the_way_out(tmp_path: Path) -> None:
    python_that_says("3, 9, 1", tmp_path)
    message = said_in_one_line(make("run", path=tools_only(tmp_path)))
    assert "Python 3.11 or newer is needed" in message
    assert "is 3.9" in message
    assert "PYTHON=" in message


def test_a_newer_python_on_the_path_is_taken_instead(tmp_path: Path) -> None:
    python_that_says("3, 9, 1", tmp_path)
    (tmp_path / f"python3.{sys.version_info[1]}").symlink_to(sys.executable)
    message = said_in_one_line(make("run", "PORT=none", path=tools_only(tmp_path)))
    assert message.startswith("PORT=none is no port")


def test_a_machine_without_python_is_told_so(tmp_path: Path) -> None:
    assert "Python 3.11 or newer is needed" in said_in_one_line(make("run", path=tools_only(tmp_path)))


def test_the_script_that_speaks_to_old_pythons_has_no_new_syntax() -> None:
    tree = ast.parse((ROOT / "setup" / "find_python.py").read_text(encoding="utf-8"), feature_version=(3, 4))
    new = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Match)
    assert [node for node in ast.walk(tree) if isinstance(node, new)] == []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [function.name for function in functions if function.returns or function.args.kwonlyargs] == []


def test_a_busy_port_is_said_in_one_line_with_a_free_one() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        message = said_in_one_line(make("run", f"PORT={busy.getsockname()[1]}", f"PYTHON={sys.executable}"))
    assert "busy" in message
    assert "make run PORT=" in message


@pytest.mark.parametrize("port", ["none", "0", "70000", "-1", "85.1"])
def test_what_is_no_port_is_refused_in_one_line(port: str) -> None:
    assert "is no port" in said_in_one_line(make("run", f"PORT={port}", f"PYTHON={sys.executable}"))


@pytest.mark.parametrize(
    ("log", "way_out"),
    [
        ("error: command '/usr/bin/gcc' failed with exit code 1", "C compiler"),
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", "C compiler"),
        ("fatal error: Python.h: No such file or directory", "C compiler"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        (
            "WARNING: Retrying: NewConnectionError('Failed to establish a new connection: [Errno -3]')\n"
            "ERROR: No matching distribution found for torch>=2.9",
            "could not be reached",
        ),
        ("ERROR: ResolutionImpossible: for help visit", "constraints.txt"),
        ("ERROR: No matching distribution found for torch>=2.9", "no torch>=2.9 for Python 3.99"),
        ("ERROR: Could not install packages: [Errno 13] Permission denied: '.venv'", "cannot be written"),
        ("noise\nERROR: something else", "something else"),
        ("", "without saying why"),
    ],
)
def test_a_failed_installation_is_explained_in_one_line(environment: ModuleType, log: str, way_out: str) -> None:
    message = environment.diagnosis(log, "3.99")
    assert way_out in message
    assert "\n" not in message


def test_a_changed_requirement_changes_the_stamp(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*REQUIREMENTS, "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "CONSTRAINTS", tmp_path / "constraints.txt")
    before = environment.fingerprints()
    assert environment.fingerprints() == before
    (tmp_path / "requirements-dev.txt").write_text("pytest")
    only_developers = environment.fingerprints()
    assert only_developers["users"] == before["users"]
    assert only_developers["developers"] != before["developers"]
    (tmp_path / "constraints.txt").write_text("numpy==2.0.0")
    newer = environment.fingerprints()
    assert newer["users"] != before["users"]
    (tmp_path / "requirements.txt").write_text("numpy")
    assert environment.fingerprints()["users"] not in (before["users"], newer["users"])


def test_a_second_set_up_does_nothing(environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(environment, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(environment, "STAMP", tmp_path / "installed.json")
    monkeypatch.setattr(environment, "_pip", commands.append)
    environment.install("developers")
    assert len(commands) == 1
    environment.install("developers")
    environment.install("users")
    assert len(commands) == 1
    environment.install("cluster")
    environment.install("cluster")
    environment.install("developers")
    assert len(commands) == 2


def known_options() -> set[str]:
    from streamlit import config

    return set(config.get_config_options())


def stated_options(table: dict[str, object], prefix: str = "") -> set[str]:
    names = set()
    for name, value in table.items():
        names |= stated_options(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return names


def test_the_server_knows_every_option_of_its_configuration() -> None:
    assert stated_options(CONFIG) - known_options() == set()


def test_the_server_is_private_quiet_and_quick() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["maxUploadSize"] == MOST_UPLOAD_MB
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["runner"]["postScriptGC"] is False


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", by the definition of WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2: 1 for equal colours, 21 for black on white."""
    darker, lighter = sorted((luminance(first), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_both_themes_can_be_read(name: str) -> None:
    theme = CONFIG["theme"][name]
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], ground) >= 7
        assert contrast(theme["linkColor"], ground) >= 4.5
        assert contrast(theme["primaryColor"], ground) >= 3
    assert contrast(theme["primaryColor"], "#ffffff") >= 4.5


IMPORTED_AS = {
    "axe-playwright-python": "axe_playwright_python",
    "markdown-it-py": "markdown_it",
    "pillow": "PIL",
    "pillow-heif": "pillow_heif",
    "pydantic-settings": "pydantic_settings",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}
IMPORTED_BY_TORCH = {"onnxscript"}
"""What torch.onnx imports without requiring it."""
SERVES = {"uvicorn"}
"""What Streamlit serves with; named, because the protection of the dashboard relies on it."""
IMPORT = re.compile(r"^ *(?:from|import) ([\w.]+)(?: import .+| as \w+)?$", re.MULTILINE)
COMMANDS_AND_TYPES = {"mypy", "ruff", "oidc-provider-mock", "pandas-stubs", "pytest-xdist", "types-psutil"}


def required(name: str) -> set[str]:
    """The modules that a requirements file brings."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    packages = [re.split(r"[\[<>=]", line)[0] for line in lines if line and not line.startswith(("#", "-"))]
    return {IMPORTED_AS.get(package, package) for package in packages}


def imported_from_outside(*packages: str) -> set[str]:
    paths = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    names = {name for path in paths for name in IMPORT.findall(path.read_text(encoding="utf-8"))}
    local = {path.stem for path in (ROOT / "setup").glob("*.py")} | {"core", "jobs", "dashboard", "tests"}
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - local


def test_the_requirements_are_what_is_imported() -> None:
    assert required("requirements.txt") - IMPORTED_BY_TORCH - SERVES == imported_from_outside(
        "core", "jobs", "dashboard"
    )


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_no_requirement_admits_a_release_that_may_break_everything(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith(("#", "-")) and "<" not in line] == []


def test_the_versions_that_make_installs_are_within_the_requirements() -> None:
    tested = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            package, _, release = line.partition("==")
            tested[canonicalize_name(package)] = release
    for name in REQUIREMENTS:
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-", "torch")):
                requirement = Requirement(line)
                assert requirement.specifier.contains(tested[canonicalize_name(requirement.name)]), line


def test_the_requirements_of_developers_are_what_the_tests_import_besides() -> None:
    besides = imported_from_outside("tests") - required("requirements.txt")
    assert required("requirements-dev.txt") - COMMANDS_AND_TYPES == besides


@pytest.fixture
def debian(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setitem(sys.modules, "environment", environment)
    loaded = script("debian")
    monkeypatch.setitem(sys.modules, "debian", loaded)
    return loaded


@pytest.fixture
def browser(debian: ModuleType) -> ModuleType:
    assert debian
    return script("browser")


@pytest.fixture
def server(debian: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that looks for a Postgres server, where there is none yet."""
    assert debian
    loaded = script("postgres")
    monkeypatch.setattr(loaded, "ROOTS", (tmp_path, tmp_path / "unpacked"))
    monkeypatch.setattr(loaded, "UNPACKED", tmp_path / "unpacked")
    return loaded


def test_a_chromium_on_the_path_is_enough(browser: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chromium").write_text("#!/bin/sh\n")
    (tmp_path / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "succeeds", lambda command: pytest.fail(f"must not run {command}"))
    browser.ensure()


def test_without_any_way_to_a_chromium_one_line_says_what_to_install(
    browser: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fails(command: list[str]) -> bool:
        tried.append(" ".join(command[1:4]))
        return False

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "succeeds", fails)
    with pytest.raises(SystemExit, match="apt-get install chromium") as refused:
        browser.ensure()
    assert "\n" not in str(refused.value)
    assert tried[-1] == "-m playwright install"


def test_the_newest_postgres_server_that_is_there_is_enough(
    server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for version in ("9", "17"):
        executable(tmp_path / "usr" / "lib" / "postgresql" / version / "bin" / "initdb", "exit 0")
    server.ensure()
    assert server.programs().parent.name == "17"


def test_a_postgres_server_that_may_not_be_installed_is_unpacked(
    server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # apt-get refuses whatever needs rights, and puts what it downloads into the folder where it is started.
    executable(
        tmp_path / "bin" / "apt-get", '[ "$1" = download ] && for name in "$2" "$3"; do echo > "$name.deb"; done'
    )
    executable(tmp_path / "bin" / "apt-cache", "echo '  Depends: postgresql-16'")
    unpack = 'mkdir -p "$3/usr/lib/postgresql/16/bin" && touch "$3/usr/lib/postgresql/16/bin/initdb"'
    executable(tmp_path / "bin" / "dpkg-deb", unpack)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    server.ensure()
    assert server.programs() == tmp_path / "unpacked" / "usr" / "lib" / "postgresql" / "16" / "bin"
    assert not list(tmp_path.rglob("*.deb"))


def test_without_any_way_to_a_postgres_server_one_line_says_what_to_install(
    server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="apt-get install postgresql") as refused:
        server.ensure()
    assert "\n" not in str(refused.value)


@pytest.mark.postgres
def test_the_tests_take_the_postgres_server_that_set_up_finds(debian: ModuleType) -> None:
    assert debian
    assert postgres.programs() == script("postgres").programs()


@pytest.fixture
def javascript(environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script for a project of its own, whose ESLint counts how often it is installed and finds a fault."""
    monkeypatch.setitem(sys.modules, "environment", environment)
    loaded = script("javascript")
    for name, path in (("ROOT", "."), ("LOCK", "package-lock.json"), ("MODULES", "node_modules")):
        monkeypatch.setattr(loaded, name, tmp_path / path)
    monkeypatch.setattr(loaded, "INSTALLED", tmp_path / "node_modules" / "installed-lock.json")
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    executable(tmp_path / "bin" / "node", "exit 0")
    eslint = tmp_path / "node_modules" / ".bin" / "eslint"
    executable(tmp_path / "bin" / "npm", f"echo >> installed; mkdir -p {eslint.parent}; cp lint.sh {eslint}")
    executable(tmp_path / "lint.sh", "exit 1")
    return loaded


def executable(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def test_eslint_is_installed_again_only_for_another_lock_file_and_what_it_finds_is_an_error(
    javascript: ModuleType, tmp_path: Path
) -> None:
    assert [javascript.lint(), javascript.lint()] == [1, 1]
    assert (tmp_path / "installed").read_text() == "\n"
    (tmp_path / "package-lock.json").write_text("{ }")
    javascript.lint()
    assert (tmp_path / "installed").read_text() == "\n\n"


def test_without_node_one_line_says_that_javascript_was_not_linted_and_the_checks_go_on(
    javascript: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert javascript.lint() == 0
    assert capfd.readouterr().err == (
        "JavaScript was not linted: Node.js with npm is missing; install it if you change the dashboard's scripts.\n"
    )


def test_where_npm_reaches_no_registry_one_line_says_so_and_the_next_check_tries_again(
    javascript: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    executable(tmp_path / "bin" / "npm", "echo npm error code ENOTFOUND >&2; exit 1")
    assert [javascript.lint(), javascript.lint()] == [0, 0]
    lines = capfd.readouterr().err.splitlines()
    assert lines == ["JavaScript was not linted: npm could not install ESLint (ENOTFOUND); `npm ci` says more."] * 2


def test_the_lock_file_of_eslint_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.skipif(not (ROOT / "node_modules").exists(), reason="ESLint is not installed")
def test_eslint_sees_a_name_that_nobody_has_defined() -> None:
    command = [
        str(ROOT / "node_modules" / ".bin" / "eslint"),
        "--stdin",
        "--stdin-filename",
        "dashboard/elements/new.js",
    ]
    linted = subprocess.run(command, cwd=ROOT, input="element()\n", capture_output=True, text=True)
    assert linted.returncode == 1
    assert "'element' is not defined" in linted.stdout
