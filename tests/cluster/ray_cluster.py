"""A real cluster for tests and benchmarks: Postgres, a head and another machine, a supervisor; all gone at the end."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from jobs.machines.nodes import list_nodes
from jobs.settings import ROOT
from jobs.store.ownership import tie
from jobs.store.store import Store, open_store
from jobs.supervising.launcher import CannotStart
from jobs.supervising.ray_api import RayJobs
from tests import postgres
from tests.cluster.hosts import Host, Network, network

NAMES = ("alpha", "beta")
WITHIN_S = 60.0


@dataclass
class Cluster:
    """Two machines that do the runs of one store. `machines` are their processes, by name."""

    network: Network
    server: postgres.Server
    store: Store
    environment: dict[str, str]
    logs: Path
    cores: float | None = None
    """How many cores each machine has; None for all that there are."""
    machines: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    supervisor: "subprocess.Popen[bytes] | None" = None

    def host_of(self, name: str) -> Host:
        """The host of a machine."""
        return self.network.hosts[NAMES.index(name)]

    def start_machine(self, name: str) -> None:
        """Start a machine's process: the first is the head, which the other joins."""
        host, head = self.host_of(name), self.network.hosts[0]
        part = ["--head"] if host is head else []
        words = ["node", *part, "--name", name, "--address", host.address]
        self.machines[name] = self.run_on(host, name, *words)

    def run_on(self, host: Host, log: str, *words: str) -> "subprocess.Popen[bytes]":
        """Run a command of Lookbook on a host."""
        with (self.logs / f"{log}.log").open("ab") as output:
            limited = host.limited(self.cores) if self.cores else []
            return subprocess.Popen(
                [*limited, *host.command(sys.executable, "-m", "jobs", *words)],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def start_supervisor(self) -> None:
        """Start a supervisor on this machine, which is none of the cluster."""
        with (self.logs / "supervisor.log").open("ab") as output:
            words = [sys.executable, "-m", "jobs", "worker"]
            self.supervisor = subprocess.Popen(
                words, cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def processes(self, name: str) -> list[psutil.Process]:
        """All processes of a machine: those in its network."""
        return list(_within(self.host_of(name)))

    def trainers(self, name: str) -> list[psutil.Process]:
        """The trainers that work on a machine."""
        return [process for process in self.processes(name) if _is_trainer(process)]

    def end_machine(self, name: str) -> None:
        """Kill everything on a machine, as a power cut does."""
        for process in self.processes(name):
            with suppress(psutil.Error):
                process.kill()
        wait_for(lambda: not self.processes(name), f"all on {name} to be gone")

    def wait_until_ready(self) -> None:
        """Wait until both machines have told the store of themselves, and have joined the head."""
        wait_for(lambda: len([node for node in list_nodes(self.store) if node.is_there]) == len(NAMES), "the machines")
        wait_for(self.takes_jobs, "the head")

    def takes_jobs(self) -> bool:
        """Whether all machines have joined."""
        with suppress(CannotStart):
            return set(NAMES) <= self.jobs.machines()
        return False

    @property
    def jobs(self) -> RayJobs:
        """Ray's jobs, as the supervisor asks for them."""
        return RayJobs(self.environment["LOOKBOOK_RAY_ADDRESS"], self.environment["LOOKBOOK_RAY_TOKEN"])


def _within(host: Host) -> Iterator[psutil.Process]:
    with suppress(subprocess.CalledProcessError):
        listed = subprocess.run(["ip", "netns", "pids", host.name], check=True, capture_output=True, text=True).stdout
        for pid in listed.split():
            with suppress(psutil.Error):
                yield psutil.Process(int(pid))


def _is_trainer(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "jobs.supervising.node_trainer" in process.cmdline() and process.name() != "bash"
    return False


@contextmanager
def cluster(
    folder: Path, *, slots: int = 1, cores: float | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """A cluster of two machines with so many slots each, which work on the files in a folder; a supervisor too."""
    with ExitStack() as stack:
        made_network = stack.enter_context(network(len(NAMES)))
        server = stack.enter_context(postgres.server(made_network.address))
        url = server.url(server.new_database())
        values = {
            **os.environ,
            "LOOKBOOK_DATABASE_URL": url,
            "LOOKBOOK_ARTIFACTS": str(folder / "artifacts"),
            "LOOKBOOK_RAY_ADDRESS": f"http://{made_network.hosts[0].address}:8265",
            "LOOKBOOK_RAY_TOKEN": secrets.token_hex(16),
            "LOOKBOOK_SLOTS": str(slots),
            "PYTHONPATH": str(ROOT),
            **(environment or {}),
        }
        store = open_store(url, folder / "artifacts")
        stack.callback(store.engine.dispose)
        tie(store)
        (folder / "logs").mkdir(exist_ok=True)
        made = Cluster(made_network, server, store, values, folder / "logs", cores)
        stack.callback(_end, made)
        for name in NAMES:
            made.start_machine(name)
        made.wait_until_ready()
        made.start_supervisor()
        yield made


def _end(made: Cluster) -> None:
    if made.supervisor is not None:
        with suppress(ProcessLookupError):
            os.killpg(made.supervisor.pid, signal.SIGKILL)
        made.supervisor.wait()
    for name in NAMES:
        made.end_machine(name)


def wait_for(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Wait until something is so; fail with words that say what was waited for."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {within_s:.0f} s for {what}"
        time.sleep(0.1)
