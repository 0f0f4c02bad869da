"""Make sure that there is a Chromium for the browser tests: python browser.py. Standard library only."""

import shutil
import sys

from debian import installed, succeeds
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
    if any(shutil.which(name) for name in NAMES) or succeeds([str(PYTHON), "-c", _DOWNLOADED]):
        return
    print("Installing Chromium for the browser tests", flush=True)
    if installed("chromium") or succeeds([str(PYTHON), "-m", "playwright", "install", "chromium"]):
        return
    sys.exit(
        "The browser tests need Chromium, and it could not be installed: install it (Debian: apt-get install chromium; "
        "macOS: brew install --cask chromium) and try again."
    )


if __name__ == "__main__":
    ensure()
