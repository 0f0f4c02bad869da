"""Start the dashboard with all it needs: python start.py PORT. Standard library only."""

import errno
import os
import socket
import subprocess
import sys

from environment import PYTHON, ROOT, install

ADDRESS = "127.0.0.1"


def main() -> None:
    """Set up what is missing, then become Streamlit. A busy port is said before anything else is done."""
    port = free_port(sys.argv[1])
    install("users")
    data = subprocess.run([PYTHON, "-m", "jobs", "data"], cwd=ROOT)
    if data.returncode != 0:
        print("The dashboard starts without the data; runs need them.", file=sys.stderr, flush=True)
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", "streamlit", "run", "dashboard/Home.py", "--server.port", str(port)])


def free_port(text: str) -> int:
    """The port that text names; exit with one line if it is none, busy or not allowed."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        sys.exit(f"PORT={text} is no port: give a number from 1024 to 65535, for example make run PORT=8502")
    if reason := _refusal(int(text)):
        nearby = range(max(8501, int(text) + 1), 65536)
        other = next((port for port in nearby if not _refusal(port)), 8501)
        sys.exit(f"Port {text} cannot be used ({reason}): choose another, for example make run PORT={other}")
    return int(text)


def _refusal(port: int) -> str | None:
    """Why nothing can listen at this port, or None if something can."""
    with socket.socket() as probe:
        # Without it a port would count as busy for a minute after a dashboard has ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            return "it is busy" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return None


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
