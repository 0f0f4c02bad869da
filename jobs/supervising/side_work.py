"""Side work on the machines of a cluster: python -m jobs.supervising.side_work LOG MODULE FAILURE ARGUMENTS.

This process stays where somebody asked for the work, and holds its lock as long as it is done; the work itself is a job
on the machine that has least to do. Where no machine can take it, it is done here.
"""

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jobs.machines.nodes import Node, list_nodes
from jobs.machines.usable import usable_nodes
from jobs.running.background import open_here
from jobs.settings import work_environment
from jobs.store.store import Store
from jobs.store.store_errors import StoreError
from jobs.supervising.launcher import CannotStart
from jobs.supervising.ray_api import PENDING, RUNNING, RayJobs, entrypoint, ray_jobs

ASK_EVERY_S = 1.0
SILENT_S = 30.0
"""For so long the head may not answer, or a machine not be heard of, before the work counts as lost."""
LOST = "The machine that did it was lost. Try again."


def main(log: str, module: str, failure: str, arguments: Sequence[str]) -> int:
    """Have a module's work done on a machine, or do it here; return the exit status."""
    store = open_here()
    jobs = ray_jobs()
    machine = _least_busy(store, jobs)
    if machine is None:
        print("no machine of the cluster can take it: it is done here", flush=True)
        os.execv(sys.executable, [sys.executable, "-m", module, failure, *arguments])
    job = f"side-{secrets.token_hex(8)}"
    print(f"done on {machine.name}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: _leave(jobs, job))
    try:
        jobs.submit(job, _command(store, machine, (log, failure), [module, *arguments]), machine.name, gpu=False)
        done = _wait(lambda: jobs.status(job), lambda: _is_silent(store, machine.name))
    except CannotStart as error:
        Path(failure).write_text(str(error), encoding="utf-8")
        return 1
    if not done:
        _stop(jobs, job)
        Path(failure).write_text(LOST, encoding="utf-8")
    return 0 if done else 1


def _least_busy(store: Store, jobs: RayJobs) -> Node | None:
    """The machine with the smallest share of busy cores; None where none can take work."""
    try:
        joined = jobs.machines()
    except CannotStart as error:
        print(error, flush=True)
        return None
    able = [node for node in usable_nodes(store) if node.name in joined]
    return min(able, key=lambda node: (node.facts.load / node.facts.cores, node.name), default=None)


def _command(store: Store, machine: Node, files: Sequence[str], module_words: Sequence[str]) -> str:
    """What the machine runs: its artifacts folder may have another path than ours, so that files go by their names."""
    within = [str(Path(path).relative_to(store.artifacts.absolute())) for path in files]
    return entrypoint(machine, work_environment(), ["jobs.supervising.node_work", *within, *module_words])


def _wait(status: Callable[[], str], is_silent: Callable[[], bool]) -> bool:
    """Wait until the job has ended; return whether it ended well as far as Ray knows. False where it was lost."""
    heard_at = time.monotonic()
    while True:
        try:
            now = status()
            if now not in (PENDING, RUNNING):
                return now == "SUCCEEDED"
            if not is_silent():
                heard_at = time.monotonic()
        except (CannotStart, StoreError) as error:
            print(error, flush=True)
        if time.monotonic() - heard_at > SILENT_S:
            return False
        time.sleep(ASK_EVERY_S)


def _is_silent(store: Store, name: str) -> bool:
    return not any(node.name == name and node.is_there for node in list_nodes(store))


def _stop(jobs: RayJobs, job: str) -> None:
    try:
        jobs.stop(job)
    except CannotStart as error:
        print(error, flush=True)


def _leave(jobs: RayJobs, job: str) -> None:
    _stop(jobs, job)
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
