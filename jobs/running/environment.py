"""What a run runs on: versions, host, hardware and weights file, recorded when it is launched."""

import platform
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.config import MOST_THREADS, RunConfig, with_changes
from core.errors import ConfigurationError
from core.files import expanded
from core.machine.cores import usable_cores
from jobs.settings import ROOT, settings

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


def weights_file_of(config: RunConfig) -> str | None:
    """The file with the weights that a run of this config starts from, None where they are torchvision's or none.

    Raise ConfigurationError where it is to be in the home folder of a user whom there is not.
    A path given with the config is relative to the working directory of who launches; the trainer has another one.
    """
    if config.weights_file:
        advice = "Write the whole path of the weights file."
        return str(expanded(Path(config.weights_file), ConfigurationError, advice).absolute())
    needs_weights = config.pretrained and not config.start_from
    return str(settings().resnet18_weights) if needs_weights and settings().resnet18_weights else None


def frozen_here(config: RunConfig, threads: int | None = None) -> RunConfig:
    """The config with what is left open, the number of threads and the weights file, as on this machine now.

    `threads` are those of the machines of a cluster, where one does the run.
    """
    return with_changes(
        config,
        threads=config.threads or min(threads or usable_cores(), MOST_THREADS),
        weights_file=weights_file_of(config),
        # Without pretrained weights nothing is frozen.
        unfrozen_layers=config.unfrozen_layers if config.pretrained else (),
    )


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
