"""Make the virtual environment .venv and install the requirements: python environment.py users|developers|cluster.

Nothing is done when a stamp says that the same requirements are installed already. Standard library only.
"""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
LOG = VENV / "pip.log"
CONSTRAINTS = ROOT / "constraints.txt"
REQUIREMENTS = {
    "users": ROOT / "requirements.txt",
    "developers": ROOT / "requirements-dev.txt",
    "cluster": ROOT / "requirements-cluster.txt",
}

_WAYS_OUT = (
    (
        r"No space left on device|Errno 28|Disk quota exceeded",
        "The disk is full: about 7 GB are needed for the packages (2 GB with PyTorch's CPU build).",
    ),
    (
        r"command '[^']*(gcc|cc|clang|g\+\+|c\+\+)[^']*' failed|[Nn]o such file or directory: '(gcc|cc|c\+\+|g\+\+)'"
        r"|[Uu]nable to find .*compiler|[Uu]nknown compiler|Microsoft Visual C\+\+|Python\.h: No such file",
        "A package has no ready-made build for Python {python} on this machine and there is no working C compiler: "
        "install one (Debian, Ubuntu: apt-get install build-essential python3-dev), or use another Python "
        "(make run PYTHON=python3.12).",
    ),
    (
        r"Failed to establish a new connection|[Nn]ame resolution|Name or service not known|NewConnectionError"
        r"|ReadTimeoutError|ConnectTimeoutError|Network is unreachable|ProxyError",
        "The package index could not be reached: check the network, or pip's configuration (pip config list).",
    ),
    (
        r"No matching distribution found for (?P<package>\S+)",
        "There is no {package} for Python {python} on this machine: use another Python (make run PYTHON=python3.12).",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "The tested versions in constraints.txt do not go together on this machine: delete that file, and the newest "
        "versions within the ranges of requirements.txt are taken.",
    ),
    (
        r"Permission denied",
        "The folder of the project cannot be written: change its permissions, or clone it elsewhere.",
    ),
)


def install(kind: str) -> None:
    """Bring .venv up to date for one of REQUIREMENTS; exit with one line that says the way out if that fails."""
    wanted = fingerprints()
    if _installed().get(kind) == wanted[kind] and PYTHON.exists():
        return
    _create()
    print(f"Installing the packages of {REQUIREMENTS[kind].name} into .venv (some minutes the first time)", flush=True)
    _pip(["install", "--prefer-binary", *_constrained(), "-r", str(REQUIREMENTS[kind])])
    users = {"users": wanted["users"]}
    done = {
        "users": users,
        "developers": {**users, "developers": wanted["developers"]},
        "cluster": {**_installed(), "cluster": wanted["cluster"]},
    }[kind]
    STAMP.write_text(json.dumps(done), encoding="utf-8")


def fingerprints() -> dict[str, str]:
    """For users, developers and clusters: a hash of all that decides what has to be installed."""
    users = _hash(str(ROOT), sys.version, *_contents("requirements.txt", "pyproject.toml"), _versions())
    return {
        "users": users,
        "developers": _hash(users, *_contents("requirements-dev.txt", "requirements-team.txt")),
        "cluster": _hash(users, *_contents(*(f"requirements-{name}.txt" for name in ("team", "server", "cluster")))),
    }


def _constrained() -> list[str]:
    """pip's option for the versions that were tested; without that file the newest within their ranges are taken."""
    return ["--constraint", str(CONSTRAINTS)] if CONSTRAINTS.exists() else []


def _versions() -> str:
    return CONSTRAINTS.read_text(encoding="utf-8") if CONSTRAINTS.exists() else ""


def diagnosis(log: str, python: str) -> str:
    """What a failed pip's output means, in one line that says the way out."""
    for pattern, way_out in _WAYS_OUT:
        if match := re.search(pattern, log):
            return way_out.format(python=python, **match.groupdict())
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR:").strip() if errors else "pip ended without saying why."


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _contents(*names: str) -> list[str]:
    return [(ROOT / name).read_text(encoding="utf-8") for name in names]


def _installed() -> dict[str, str]:
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _create() -> None:
    """A virtual environment of this Python; one that does not work, or of another Python, is made anew."""
    if _works():
        return
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        sys.exit(
            f"Python's module venv is missing: install it (Debian, Ubuntu: apt-get install "
            f"python{sys.version_info[0]}.{sys.version_info[1]}-venv) and try again."
        )
    print(f"Making .venv with Python {_python()}", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if made.returncode != 0:
        said = (made.stdout + made.stderr).strip().splitlines() or ["no reason given"]
        sys.exit(f"The virtual environment could not be made in {VENV}: {said[-1]}")


def _works() -> bool:
    program = "import sys, pip; print(sys.version)"
    try:
        tried = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True)
    except OSError:
        return False
    return tried.returncode == 0 and tried.stdout.strip() == sys.version


def _pip(arguments: Sequence[str]) -> None:
    """Run pip with all its output in a log and the long steps on the screen."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    with (
        LOG.open("w", encoding="utf-8") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip,
    ):
        for line in pip.stdout or ():
            log.write(line)
            if re.match(r"\s*(Downloading .* [MG]B\)|Building wheel for|Installing collected)", line):
                print("  " + line.strip()[: shutil.get_terminal_size().columns - 3], flush=True)
    if pip.returncode != 0:
        reason = diagnosis(LOG.read_text(encoding="utf-8"), _python())
        sys.exit(f"The packages could not be installed. {reason} All that pip said is in {LOG}.")


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


if __name__ == "__main__":
    try:
        install(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit("Interrupted; make goes on from here next time.")
