"""What a run ran on: versions, host and hardware, recorded when it is launched."""

import platform
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from jobs.settings import ROOT

_LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pillow", "sqlalchemy", "pydantic")


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def environment() -> dict[str, Any]:
    """Code version, Python and library versions, host, operating system and processor of this process."""
    return {
        "code": code_version(),
        "python": platform.python_version(),
        "libraries": {name: _installed(name) for name in _LIBRARIES},
        "host": host(),
        "system": platform.platform(),
        "processor": _processor(),
    }


def code_version() -> str:
    """The package's version and, in a git checkout, the commit with "+changes" where files differ from it.

    Asked anew each time: the checkout may move on beside a server that goes on running.
    """
    package = _installed("lookbook")
    commit = _git("rev-parse", "--short=12", "HEAD")
    if not commit:
        return package
    return f"{package} ({commit}{'+changes' if _git('status', '--porcelain', '-uno') else ''})"


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0]} x {len(names)}" if names else platform.processor() or platform.machine()
