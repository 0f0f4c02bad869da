"""Somebody who looks: a Streamlit server and a session in it that asks for a page again and again."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from jobs.running import background
from jobs.running.background import ensure_supervisor
from jobs.settings import ROOT, child_environment
from jobs.store import run_files
from jobs.store.queries import active_runs
from jobs.store.records import IN_PROGRESS, Run
from jobs.store.store import Store
from tests.benchmarks.witness import CommandFailed, CommandLine, Witness
from tests.jobs.crowd import place_of

LOOK_EVERY_S = 1.0
PAGE_EVERY = 4
"""Every so many looks one asks for a page too, which takes a processor for some tenths of a second."""
COMMAND_EVERY = 8
"""And every so many looks the command line, which takes a processor for a second."""
TRUE_WITHIN_S = 10.0
"""For so long after the last fault a run may be interrupted, or its trainer be suspended, while somebody looks."""


@dataclass
class Visitor(threading.Thread):
    """Looks at the runs of a store by command and in the browser's way, until told to leave."""

    store: Store
    gone: threading.Event = field(default_factory=threading.Event)
    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    server: "subprocess.Popen[bytes] | None" = None
    session: ClientConnection | None = None
    sessions: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    not_true_since: dict[str, float] = field(default_factory=dict)
    locks: int = 0
    """How many faults hold the store locked now; until it is free nothing can go on."""
    within_s: float = TRUE_WITHIN_S
    witness: Witness = field(default_factory=Witness)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.command_line = CommandLine(self.store)

    __hash__ = threading.Thread.__hash__

    @property
    def server_pid(self) -> int | None:
        return self.server.pid if self.server else None

    def run(self) -> None:
        """Look at least every second."""
        while not self.gone.wait(LOOK_EVERY_S):
            if self.counts["looks"] % PAGE_EVERY == 0:
                self._look_at_page()
            ensure_supervisor(self.store)
            active = active_runs(self.store)
            self.witness.look(active)
            self._check_states(active)
            self._check_command_line()
            self.counts["looks"] += 1

    def disturbed(self) -> None:
        """There was a fault: only what lasts from now on counts."""
        self.not_true_since = {}

    def __enter__(self) -> "Visitor":
        self.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        """Stop looking, and end what was started."""
        self.gone.set()
        self.join()
        self.sessions.close()
        for started in (self.server, self.command_line.asked):
            if started:
                started.kill()
                started.communicate()

    def _look_at_page(self) -> None:
        """Ask for the list of runs as a browser does; start a server if there is none."""
        if self.server is None or self.server.poll() is not None:
            self.counts["servers"] += 1
            self.session, self.server = None, self._serve()
        try:
            if self.session is None:
                where = f"ws://127.0.0.1:{self.port}/_stcore/stream"
                # Between two looks nobody answers the server's pings.
                self.session = self.sessions.enter_context(
                    connect(where, subprotocols=[Subprotocol("streamlit")], ping_interval=None)
                )
            message = BackMsg()
            message.rerun_script.query_string = ""
            message.rerun_script.page_name = "runs"
            self.session.send(message.SerializeToString())
            while True:
                self.session.recv(timeout=0.05)
                self.counts["messages of the page"] += 1
        except TimeoutError:
            return
        except (OSError, WebSocketException):
            # The server is starting, or was killed.
            self.session = None

    def _serve(self) -> "subprocess.Popen[bytes]":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        command = ["-m", "streamlit", "run", "dashboard/Home.py", "--server.headless", "true"]
        return subprocess.Popen(
            [sys.executable, *command, "--server.port", str(self.port)],
            cwd=ROOT,
            env=child_environment(*place_of(self.store)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _check_states(self, active: Sequence[Run]) -> None:
        """A run that is not worked on, told so or not, must go on within seconds of the look."""
        if self.locks:
            self.disturbed()
        idle = {
            f"run {run.id}"
            for run in active
            if run.status in IN_PROGRESS and (not run.alive or self._suspended(run.id))
        }
        now = time.monotonic()
        self.not_true_since = {what: self.not_true_since.get(what, now) for what in idle}
        late = {what for what, since in self.not_true_since.items() if now - since > self.within_s}
        self.complaints += [f"{what} did not go on within {self.within_s:.0f} s of a look" for what in sorted(late)]

    def _check_command_line(self) -> None:
        """What the command line tells has to be so."""
        if self.command_line.asked is None:
            if self.counts["looks"] % COMMAND_EVERY == 0:
                self.command_line.ask()
            return
        try:
            told = self.command_line.answer()
        except CommandFailed as error:
            self.complaints.append(str(error))
            return
        if told is not None:
            self.counts["answers of the command line"] += 1
            self.complaints += self.command_line.untrue(told)

    def _suspended(self, run_id: str) -> bool:
        pid = background.holder(run_files.files_of(self.store, run_id).lock)
        with contextlib.suppress(psutil.Error):
            return pid is not None and psutil.Process(pid).status() == psutil.STATUS_STOPPED
        return False
