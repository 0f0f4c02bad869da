"""Make sure that there is a Chromium for the browser tests: python browser.py. Standard library only."""

import os
import shutil
import subprocess
import sys

from environment import PYTHON

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_DOWNLOADED = """
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not os.path.exists(playwright.chromium.executable_path))
"""


def ensure() -> None:
    """Find a Chromium, or install one by apt (as root or with sudo), or by playwright; else exit with one line."""
    if any(shutil.which(name) for name in NAMES) or _succeeds([str(PYTHON), "-c", _DOWNLOADED]):
        return
    print("Installing Chromium for the browser tests", flush=True)
    if _by_apt() or _succeeds([str(PYTHON), "-m", "playwright", "install", "chromium"]):
        return
    sys.exit(
        "The browser tests need Chromium, and it could not be installed: install it (Debian: apt-get install chromium; "
        "macOS: brew install --cask chromium) and try again."
    )


def _by_apt() -> bool:
    if shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        root = ["env"]
    elif shutil.which("sudo") and _succeeds(["sudo", "-n", "true"]):
        root = ["sudo", "-n", "env"]
    else:
        return False
    apt = [*root, "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return _succeeds([*apt, "update"]) and _succeeds([*apt, "install", "-y", "--no-install-recommends", "chromium"])


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    ensure()
