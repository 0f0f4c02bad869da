"""A machine of a cluster: its part of Ray, and what it tells of itself to the run store, until it is interrupted."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from core.errors import ConfigurationError
from core.files import shown
from jobs.machines import nodes, this_machine
from jobs.machines.shared_folder import why_not_shared, write_mark
from jobs.running import background
from jobs.running.attempts import AttemptHandle
from jobs.running.environment import code_version
from jobs.running.process_log import log_to_output, logger
from jobs.settings import ray_environment, settings
from jobs.store.new_files import NotWritten
from jobs.store.store import Store, connect
from jobs.store.store_errors import StoreError
from jobs.supervising import cluster_claims
from jobs.supervising.launcher import CannotStart
from jobs.supervising.ray_api import RayJobs, ray_jobs, resource_of
from jobs.supervising.ray_launcher import NODE_TRAINER

REPORT_EVERY_S = 3.0
JOINING_S = 40.0
"""How long Ray may take to join, or to be found by the head again, before it is started anew here."""
LEAVING_S = 20.0
"""How long Ray's processes have to end, trainers with their last checkpoint among them."""
STARTING_S = 180.0
"""How long a trainer may take until it has its lease: on a slow disk Python alone may take a while to load."""
STOPPING_S = 10
"""How long Ray leaves a trainer that is asked to go for its checkpoint."""
RAY_PORT = 6379
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class NodeError(ConfigurationError):
    """This machine cannot be one of the cluster."""

    kind = "engine"


@dataclass(frozen=True)
class Membership:
    """As what a machine takes part: its name, whether it is the head, its address for others (None: Ray finds it)."""

    name: str
    is_head: bool
    address: str | None = None


def run(member: Membership) -> int:
    """Take part until interrupted; return the exit status.

    Raise ConfigurationError, StoreError or NodeError where that is not possible, before anything is started.
    """
    _require_name(member.name)
    words = _ray_words(member)
    store = _open()
    problem = why_not_shared(store)
    if problem:
        raise NodeError(*problem)
    log_to_output(f"machine {member.name}: ")
    if settings().ray_token is None:
        logger.warning("LOOKBOOK_RAY_TOKEN is not set: whoever reaches the head may run anything on these machines.")
    signal.signal(signal.SIGTERM, _leave)
    machine = Machine(store, member.name, words, ray_jobs())
    try:
        while True:
            machine.tick()
            time.sleep(REPORT_EVERY_S)
    except (KeyboardInterrupt, SystemExit):
        logger.info("leaving")
        return 0
    finally:
        machine.end_ray()
        with suppress(StoreError):
            nodes.say_goodbye(store, member.name)


def _leave(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise NodeError(
            f"{shown(name)} cannot be the name of a machine.",
            "Name it by --name with letters, digits, points and hyphens, at most 63.",
        )


def _open() -> Store:
    chosen = settings()
    store = Store(connect(chosen.database_url, patience_s=REPORT_EVERY_S), chosen.artifacts)
    if store.is_local:
        raise NodeError(
            f"The machines of a cluster share one run store, and {store.place} is a file.",
            "Set LOOKBOOK_DATABASE_URL to the Postgres store that the dashboard has.",
        )
    return store


def _ray_words(member: Membership) -> list[str]:
    """The command that starts Ray's part here; raise NodeError where it is not installed or there is no head."""
    program, head = Path(sys.executable).with_name("ray"), urlsplit(settings().ray_address)
    if not head.hostname:
        raise NodeError(
            "No head of a cluster is named.", "Set LOOKBOOK_RAY_ADDRESS on all machines, for example http://head:8265."
        )
    if not program.exists():
        raise NodeError("Ray is not installed here.", "Install it: pip install -r requirements-cluster.txt")
    words = [str(program), "start", "--block", "--disable-usage-stats"]
    words += [f"--resources={json.dumps({resource_of(member.name): 1})}"]
    words += [f"--node-ip-address={member.address}"] if member.address else []
    if not member.is_head:
        return [*words, f"--address={head.hostname}:{RAY_PORT}"]
    listening = ["--dashboard-host", member.address or "0.0.0.0", "--dashboard-port", str(head.port or 8265)]
    return [*words, "--head", f"--port={RAY_PORT}", *listening]


@dataclass
class Machine:
    """This machine as one of the cluster."""

    store: Store
    name: str
    ray_words: Sequence[str]
    jobs: RayJobs
    version: str = field(default_factory=code_version)
    mark: str = ""
    ray: "subprocess.Popen[bytes] | None" = None
    joined_at: float = 0.0
    """When Ray was last seen to be part of the cluster, or was started, on the monotonic clock."""

    def tick(self) -> None:
        """Keep Ray running, wake trainers that were suspended, and tell the store what this machine is."""
        self._keep_ray()
        trainers = background.trainers(NODE_TRAINER)
        for pid in trainers:
            if background.wake(pid):
                logger.info(f"trainer {pid} had been suspended and continues")
        try:
            for attempt in filter(None, map(self._starting, trainers)):
                cluster_claims.keep_starting(attempt, self.name)
            nodes.report(self.store, self.name, this_machine.facts(self.mark, self._write_mark(), self.version))
        except StoreError as error:
            logger.warning(f"the run store cannot be told: {error}")

    def _starting(self, pid: int) -> AttemptHandle | None:
        """The attempt of a trainer that may not have its lease yet; None where it has begun long ago, or has ended."""
        try:
            process = psutil.Process(pid)
            run_id, number = process.cmdline()[-2:]
            is_late = time.time() - process.create_time() > STARTING_S
        except (psutil.Error, ValueError):
            return None
        return AttemptHandle(self.store, run_id, int(number)) if number.isdecimal() and not is_late else None

    def end_ray(self) -> None:
        """Let Ray's processes end, and kill what is left of them."""
        if self.ray is None:
            return
        if self.ray.poll() is None:
            self.ray.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.ray.wait(timeout=LEAVING_S)
        with suppress(ProcessLookupError):
            os.killpg(self.ray.pid, signal.SIGKILL)
        self.ray = None

    def _keep_ray(self) -> None:
        """Start Ray where it does not run, or is not part of the cluster any more: the head may be a new one."""
        now = time.monotonic()
        if self.ray is not None and self.ray.poll() is None:
            if self._has_joined():
                self.joined_at = now
            if now - self.joined_at < JOINING_S:
                return
        if self.ray is not None:
            logger.warning("Ray has ended here, or left the cluster, and is started again")
        self.end_ray()
        self.ray = subprocess.Popen(self.ray_words, env=ray_environment(STOPPING_S), start_new_session=True)
        self.joined_at = now

    def _has_joined(self) -> bool:
        """Whether the head knows this machine; one that does not answer is given time."""
        try:
            return self.name in self.jobs.machines()
        except CannotStart:
            return True

    def _write_mark(self) -> str:
        """Write what shows others that this machine sees their artifacts folder; return why it could not."""
        try:
            self.mark = self.mark or write_mark(self.store, self.name)
        except (OSError, NotWritten) as error:
            return f"The artifacts folder cannot be written ({error})."
        return ""
