"""The machines of a cluster as they tell of themselves: what each is, and when it was last heard of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Connection, select

from jobs.store.schema import nodes
from jobs.store.store import Store, clock

SILENT_S = 12.0
"""A machine that has not been heard of for so long gets no run."""
FORGOTTEN_S = 7 * 24 * 3600.0
"""A machine that has not been heard of for so long is not shown any more."""


@dataclass(frozen=True)
class NodeFacts:
    """What a machine says of itself. Memory in MB; `load` is the mean number of busy processes of the last minute."""

    cores: int
    cpu_slots: int
    gpus: tuple[str, ...]
    memory_mb: int
    free_memory_mb: int
    load: float
    processor: str
    version: str
    code: str
    """The fingerprint of what computes; equal ones give equal runs."""
    python: str
    """The Python that starts trainers there, and the folder that it is started in."""
    root: str
    mark: str
    """What it has written into a file of its own in the artifacts folder."""
    problem: str = ""
    """Why it can take no run; empty if it can."""


@dataclass(frozen=True)
class Node:
    """A machine, and whether it was heard of of late."""

    name: str
    facts: NodeFacts
    silent_s: float
    """For how long it has not been heard of, in seconds, by the database's clock."""

    @property
    def is_there(self) -> bool:
        """Whether it was heard of of late."""
        return self.silent_s < SILENT_S


def report(store: Store, name: str, facts: NodeFacts) -> None:
    """Write down what a machine is, now. Raise StoreError."""
    with store.beating() as connection:
        values = {"facts": asdict(facts), "seen_at": clock(connection)}
        if connection.execute(nodes.update().where(nodes.c.name == name).values(**values)).rowcount == 0:
            connection.execute(nodes.insert().values(name=name, **values))


def say_goodbye(store: Store, name: str) -> None:
    """Take a machine that leaves off the list. Raise StoreError."""
    with store.beating() as connection:
        connection.execute(nodes.delete().where(nodes.c.name == name))


def list_nodes(store: Store) -> list[Node]:
    """Every machine that was heard of within a week, by name. Raise StoreError."""
    with store.reading() as connection:
        return nodes_within(connection)


def nodes_within(connection: Connection) -> list[Node]:
    """The same as this transaction sees them."""
    now = clock(connection)
    rows = connection.execute(select(nodes).where(nodes.c.seen_at > now - FORGOTTEN_S).order_by(nodes.c.name)).all()
    known = [(row, _facts(row.facts)) for row in rows]
    return [Node(row.name, facts, max(0.0, now - row.seen_at)) for row, facts in known if facts]


_FIELDS = frozenset(field.name for field in fields(NodeFacts))


def _facts(stored: Any) -> NodeFacts | None:
    """What a row says; None where it is damaged, or another version has written it, until the machine says it again."""
    if not isinstance(stored, Mapping) or set(stored) != _FIELDS:
        return None
    return NodeFacts(**{**stored, "gpus": tuple(stored["gpus"])})


def threads_of_slot(store: Store) -> int | None:
    """The cores that each slot has on the smallest machine that is there; None where there is none."""
    shares = [node.facts.cores // node.facts.cpu_slots for node in list_nodes(store) if node.is_there]
    return max(1, min(shares)) if shares else None


def gpu_slots(known: Sequence[Node]) -> int:
    """How many runs that need a GPU can run at once on these machines: each has one for itself."""
    return sum(len(node.facts.gpus) for node in known)


def cpu_slots(known: Sequence[Node]) -> int:
    """How many runs without a GPU can run at once on these machines."""
    return sum(node.facts.cpu_slots for node in known)
