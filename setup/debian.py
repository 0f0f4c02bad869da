"""Install packages of Debian or Ubuntu, as root or with sudo. Standard library only."""

import os
import shutil
import subprocess
from pathlib import Path


def installed(package: str) -> bool:
    """Install a package by apt; return whether that worked, which it cannot without root's rights or without apt."""
    if shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        root = ["env"]
    elif shutil.which("sudo") and succeeds(["sudo", "-n", "true"]):
        root = ["sudo", "-n", "env"]
    else:
        return False
    apt = [*root, "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return succeeds([*apt, "update"]) and succeeds([*apt, "install", "-y", "--no-install-recommends", package])


def unpacked(packages: list[str], folder: Path) -> bool:
    """Unpack packages into a folder, without any rights, and without what they depend on; return whether it worked."""
    folder.mkdir(parents=True, exist_ok=True)
    if not shutil.which("dpkg-deb") or not succeeds(["apt-get", "download", *packages], folder):
        return False
    files = list(folder.glob("*.deb"))
    done = [succeeds(["dpkg-deb", "-x", str(file), str(folder)]) for file in files]
    for file in files:
        file.unlink()
    return all(done)


def succeeds(command: list[str], folder: Path | None = None) -> bool:
    """Whether a command ends well; what it prints is not shown."""
    return subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
