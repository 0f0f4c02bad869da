"""A machine of a cluster: its part of Ray, and what it tells of itself to the run store, until it is interrupted."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from core.files import shown
from jobs.machines import nodes, this_machine
from jobs.machines.shared_folder import why_not_shared, write_mark
from jobs.running.environment import code_version
from jobs.running.process_log import log_to_output, logger
from jobs.settings import ray_environment, settings
from jobs.store.new_files import NotWritten
from jobs.store.store import Store, connect
from jobs.store.store_errors import StoreError
from jobs.supervising.ray_api import resource_of

REPORT_EVERY_S = 3.0
LEAVING_S = 20.0
"""How long Ray's processes have to end, trainers with their last checkpoint among them."""
RAY_PORT, JOBS_PORT = 6379, 8265
STOPPING_S = 10
"""How long Ray leaves a trainer that is asked to go for its checkpoint."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class NodeError(ConfigurationError):
    """This machine cannot be one of the cluster."""

    kind = "engine"


@dataclass(frozen=True)
class Membership:
    """As what a machine takes part: its name, the head that it joins (None: it is the head), its address for others."""

    name: str
    head: str | None
    address: str | None = None


def run(member: Membership) -> int:
    """Take part until interrupted, or until Ray ends here; return the exit status.

    Raise ConfigurationError, StoreError or NodeError where that is not possible, before anything is started.
    """
    _require_name(member.name)
    store = _open()
    problem = why_not_shared(store)
    if problem:
        raise NodeError(*_split(problem))
    log_to_output(f"machine {member.name}: ")
    ray = _start_ray(member)
    signal.signal(signal.SIGTERM, _leave)
    try:
        return _report_until_end(store, member.name, ray)
    except (KeyboardInterrupt, SystemExit):
        logger.info("leaving")
        return 0
    finally:
        _end(ray)
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


def _split(problem: str) -> tuple[str, str]:
    message, _, advice = problem.partition(": ")
    return f"{message}.", advice[:1].upper() + advice[1:]


def _open() -> Store:
    chosen = settings()
    store = Store(connect(chosen.database_url, patience_s=REPORT_EVERY_S), chosen.artifacts)
    if store.is_local:
        raise NodeError(
            f"The machines of a cluster share one run store, and {store.place} is a file.",
            "Set LOOKBOOK_DATABASE_URL to the Postgres store that the dashboard has.",
        )
    return store


def _start_ray(member: Membership) -> "subprocess.Popen[bytes]":
    program = Path(sys.executable).with_name("ray")
    if not program.exists():
        raise NodeError("Ray is not installed here.", "pip install -r requirements-cluster.txt")
    words = [
        str(program),
        "start",
        "--block",
        "--disable-usage-stats",
        f'--resources={{"{resource_of(member.name)}": 1}}',
    ]
    words += [f"--node-ip-address={member.address}"] if member.address else []
    if member.head is None:
        words += ["--head", f"--port={RAY_PORT}", f"--dashboard-port={JOBS_PORT}"]
        words += [f"--dashboard-host={member.address or '0.0.0.0'}"]
    else:
        words += [f"--address={member.head if ':' in member.head else f'{member.head}:{RAY_PORT}'}"]
    return subprocess.Popen(words, env=ray_environment(STOPPING_S), start_new_session=True)


def _report_until_end(store: Store, name: str, ray: "subprocess.Popen[bytes]") -> int:
    version, mark, problem = code_version(), "", ""
    while ray.poll() is None:
        try:
            mark = mark or write_mark(store, name)
            problem = ""
        except (OSError, NotWritten) as error:
            problem = f"The artifacts folder cannot be written ({error})."
        try:
            nodes.report(store, name, this_machine.facts(mark, problem, version))
        except StoreError as error:
            logger.warning(f"the run store cannot be told: {error}")
        time.sleep(REPORT_EVERY_S)
    logger.error(f"Ray has ended here (exit status {ray.returncode}); its words stand above.")
    return 1


def _end(ray: "subprocess.Popen[bytes]") -> None:
    """Let Ray's processes end, and kill what is left of them."""
    if ray.poll() is None:
        ray.terminate()
        with suppress(subprocess.TimeoutExpired):
            ray.wait(timeout=LEAVING_S)
    with suppress(ProcessLookupError):
        os.killpg(ray.pid, signal.SIGKILL)
