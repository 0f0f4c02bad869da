"""Lint the dashboard's JavaScript by ESLint: python javascript.py. Standard library only.

The dashboard needs no Node.js, and who works on its Python should not need it either: where ESLint is not there and
cannot be installed, one line says that nothing was linted and what to do, and the other checks go on. What ESLint finds
is an error.
"""

import re
import shutil
import subprocess
import sys

from environment import ROOT

LOCK = ROOT / "package-lock.json"
MODULES = ROOT / "node_modules"
INSTALLED = MODULES / "installed-lock.json"
"""The lock file that the packages there were installed by."""
INSTALL = ("npm", "ci", "--engine-strict", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0")


def lint() -> int:
    """The exit status of ESLint; 0 where there is none."""
    if problem := _missing():
        print(f"JavaScript was not linted: {problem}", file=sys.stderr)
        return 0
    return subprocess.run([MODULES / ".bin" / "eslint", "dashboard"], cwd=ROOT).returncode


def _missing() -> str:
    """Why ESLint cannot run and what to do, after an attempt to install it; empty where it can."""
    if not (shutil.which("node") and shutil.which("npm")):
        return "Node.js with npm is missing; install it if you change the dashboard's scripts."
    if INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes():
        return ""
    print("Installing ESLint into node_modules", flush=True)
    npm = subprocess.run(INSTALL, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if npm.returncode != 0:
        code = re.search(r"code (\w+)", npm.stderr)
        return f"npm could not install ESLint ({code[1] if code else 'no reason given'}); `npm ci` says more."
    shutil.copy(LOCK, INSTALLED)
    return ""


if __name__ == "__main__":
    sys.exit(lint())
