"""Machines of a cluster as rows alone, and runs that are leased to them, for tests that start nothing."""

from dataclasses import replace

from core.machine.fingerprint import code_fingerprint
from jobs.machines import nodes
from jobs.machines.nodes import NodeFacts
from jobs.running import queue
from jobs.running.attempts import AttemptHandle
from jobs.store.schema import nodes as nodes_table
from jobs.store.schema import runs
from jobs.store.store import Store, clock
from jobs.supervising import cluster_claims
from tests.jobs.configs import TINY

MACHINE = "alpha"
FACTS = NodeFacts(
    cores=4,
    cpu_slots=2,
    gpus=(),
    memory_mb=16_000,
    free_memory_mb=8_000,
    load=0.5,
    processor="a processor",
    version="0.2.0",
    code=code_fingerprint(),
    python="python",
    root="/",
    mark="a mark",
)


def report(store: Store, name: str = MACHINE, **facts: object) -> None:
    """Have a machine tell of itself."""
    nodes.report(store, name, replace(FACTS, **facts))  # type: ignore[arg-type]


def fall_silent(store: Store, name: str = MACHINE, seconds: float = nodes.SILENT_S) -> None:
    """Let a machine not have been heard of for so long."""
    with store.writing() as connection:
        seen = clock(connection) - seconds
        connection.execute(nodes_table.update().where(nodes_table.c.name == name).values(seen_at=seen))


def leased(store: Store, name: str = MACHINE) -> AttemptHandle:
    """A run that a machine has been given, alone in the queue."""
    report(store, name)
    queue.launch(store, TINY)
    place = cluster_claims.next_place(store, [name])
    assert place is not None
    attempt = cluster_claims.claim(store, place, [name])
    assert attempt is not None
    return attempt


def run_out(attempt: AttemptHandle, seconds: float = 0.001) -> None:
    """Let a lease have ended so long ago."""
    with attempt.store.writing() as connection:
        until = clock(connection) - seconds
        connection.execute(runs.update().where(runs.c.id == attempt.run_id).values(lease_until=until))
