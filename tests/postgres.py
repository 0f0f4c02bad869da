"""A real Postgres server for tests and benchmarks, in a folder of its own, gone with the process that started it."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import URL

USER, PASSWORD = "lookbook", "p@ss/word"
UNPACKED = Path(__file__).parent.parent / ".postgres"
_STARTING_S = 60
_QUICK = ("fsync=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")


@dataclass(frozen=True)
class Server:
    """A server that listens on a port of this machine; its superuser is the owner of every database."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"
    address: str = "127.0.0.1"

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """The URL of a database, as LOOKBOOK_DATABASE_URL takes it."""
        address = URL.create("postgresql", USER, password, self.address, self.port, database)
        return address.render_as_string(hide_password=False)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Do something outside of transactions, such as making a database."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self, template: str = "template0") -> str:
        """Make a database, empty or like another that nobody uses, and return its name."""
        name = f"store_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Delete a database, whoever still uses it."""
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: every connection is cut."""
        self.process.send_signal(how)
        self.process.wait(timeout=_STARTING_S)


@contextmanager
def server(address: str = "127.0.0.1") -> Iterator[Server]:
    """A new server at an address; it ends, and its folder goes, however the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="lookbook-pg-"))
    running = None
    try:
        _make(folder)
        running = start(folder, _free_port(), address)
        yield running
    finally:
        if running is not None:
            running.process.kill()
            running.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path, port: int, address: str = "127.0.0.1") -> Server:
    """Start a server on the files in a folder, and wait until it answers."""
    options = [word for setting in _QUICK for word in ("-c", setting)]
    # Even if this process is killed, the server does not outlive it.
    guarded = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    where = ["-D", str(folder / "data"), "-p", str(port), "-k", str(folder), "-h", address]
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [*guarded, str(programs() / "postgres"), *where, *options], stdout=log, stderr=log, **_as_other_user()
        )
    running, deadline = Server(folder, port, process, address), time.monotonic() + _STARTING_S
    while True:
        try:
            running.execute("SELECT 1")
            return running
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "log.txt").read_text(encoding="utf-8")) from None
        time.sleep(0.05)


def programs() -> Path:
    """The folder with the programs of the newest server on this machine, as setup/postgres.py installs it."""
    folders = [path.parent for top in (Path("/"), UNPACKED) for path in top.glob("usr/lib/postgresql/*/bin/initdb")]
    if not folders:
        pytest.fail("There is no Postgres server: run `python setup/postgres.py` first.")
    return max(folders, key=lambda folder: int(folder.parent.name))


def _make(folder: Path) -> None:
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    for path in (folder, folder / "password"):
        _hand_over(path)
    command = [str(programs() / "initdb"), "-D", str(folder / "data"), "-U", USER, "--pwfile", str(folder / "password")]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    subprocess.run([*command, *options], check=True, capture_output=True, **_as_other_user())
    with (folder / "data" / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        # Tests of a cluster have hosts of their own, which reach the server over a network.
        rules.write("host all all samenet scram-sha-256\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, "nobody")


def _as_other_user() -> dict[str, Any]:
    """Options of a process that root starts: Postgres refuses to run as root."""
    libraries = ":".join(str(path.parent) for path in UNPACKED.glob("usr/lib/*/libpq.so.5"))
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries} if libraries else None
    return {"env": environment} | ({"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {})
