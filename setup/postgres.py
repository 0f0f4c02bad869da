"""Make sure that there is a Postgres server for the tests: python postgres.py. Standard library only.

None is started here: tests start servers of their own, on files of their own.
"""

import re
import subprocess
import sys
from pathlib import Path

from debian import installed, unpacked
from environment import ROOT

UNPACKED = ROOT / ".postgres"
"""Where the server is unpacked if nothing may be installed."""
ROOTS = (Path("/"), UNPACKED)


def programs() -> Path | None:
    """The folder with initdb and postgres, of the newest version; None if there is none."""
    folders = [path.parent for root in ROOTS for path in root.glob("usr/lib/postgresql/*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def ensure() -> None:
    """Find a server, or install Debian's by apt, or unpack it where that is not allowed; else exit with one line."""
    if programs():
        return
    print("Installing Postgres for the tests of stores in it", flush=True)
    if installed("postgresql") or unpacked([_newest(), "libpq5"], UNPACKED):
        return
    sys.exit(
        "The tests of stores in Postgres need its server, and it could not be installed: install it "
        "(Debian: apt-get install postgresql) and try again, or leave these tests out (make test-fast)."
    )


def _newest() -> str:
    """The package of the server's version that this Debian has."""
    try:
        listed = subprocess.run(["apt-cache", "depends", "postgresql"], capture_output=True, text=True).stdout
    except OSError:
        listed = ""
    match = re.search(r"postgresql-\d+", listed)
    return match[0] if match else "postgresql"


if __name__ == "__main__":
    ensure()
