"""Which run is given to which machine, and why the others wait. Pure: it decides, and changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.statistics.wording import counted
from jobs.machines.nodes import Node

CPU, GPU = "cpu", "gpu"
NOBODY = "waits for a machine: none of the cluster is there"
ITS_TURN = "waits for its turn"


@dataclass(frozen=True)
class Wanted:
    """What a queued run needs of a machine."""

    run_id: str
    threads: int
    device: str
    """As its configuration says; of a run that has begun, what it computed on."""
    memory_mb: int = 0
    processor: str | None = None
    """Where it computed before: there it continues bit for bit."""


@dataclass(frozen=True)
class Taken:
    """What a running run takes of a machine."""

    node: str
    slot: str
    memory_mb: int = 0


@dataclass(frozen=True)
class Place:
    """A run that can begin, and the machine and the kind of slot for it."""

    run_id: str
    node: Node
    slot: str


@dataclass(frozen=True)
class Wait:
    """A run that cannot begin yet, and why, in words that follow its name."""

    run_id: str
    why: str


def plan(queue: Iterable[Wanted], nodes: Sequence[Node], taken: Sequence[Taken], code: str) -> list[Place | Wait]:
    """For each queued run, in order, the machine that it can begin on now, or why it waits.

    `code` is the fingerprint of what computes here. Of runs that need the same kind of slot none overtakes another that
    waits for one to become free; one that no machine can take lets others pass.
    """
    there = [node for node in nodes if node.is_there]
    now, decided, blocked = list(taken), list[Place | Wait](), set[str]()
    for wanted in queue:
        slot = _slot(wanted, there)
        outcome, waits_for_slot = _decide(wanted, slot, there, now, code)
        if slot in blocked and (waits_for_slot or isinstance(outcome, Place)):
            decided.append(Wait(wanted.run_id, ITS_TURN))
            continue
        decided.append(outcome)
        if isinstance(outcome, Place):
            now.append(Taken(outcome.node.name, slot, wanted.memory_mb))
        elif waits_for_slot:
            blocked.add(slot)
    return decided


def _slot(wanted: Wanted, nodes: Sequence[Node]) -> str:
    """A run that may use any device has a GPU wherever a machine has one."""
    if wanted.device == "auto":
        return GPU if any(node.facts.gpus for node in nodes) else CPU
    return GPU if wanted.device == "cuda" else CPU


def _decide(
    wanted: Wanted, slot: str, nodes: Sequence[Node], taken: Sequence[Taken], code: str
) -> tuple[Place | Wait, bool]:
    """Where a run can begin, or why not; and whether it only waits until something is free."""
    left = list(nodes)
    for passes, why, is_for_now in _conditions(wanted, slot, taken, code):
        remaining = [node for node in left if passes(node)]
        if not remaining:
            return Wait(wanted.run_id, why if left else NOBODY), is_for_now
        left = remaining
    if not left:
        return Wait(wanted.run_id, NOBODY), False
    busy = Counter(each.node for each in taken)
    best = min(left, key=lambda node: (node.facts.processor != wanted.processor, busy[node.name], node.name))
    return Place(wanted.run_id, best, slot), False


Condition = tuple[Callable[[Node], bool], str, bool]


def _conditions(wanted: Wanted, slot: str, taken: Sequence[Taken], code: str) -> list[Condition]:
    """What a machine must fulfil, each with the words where none does, and whether that passes by itself."""
    threads, memory = wanted.threads, wanted.memory_mb
    needs_memory = f"needs {memory / 1000:.3g} GB of memory"
    busy = Counter((each.node, each.slot) for each in taken)
    promised = Counter[str]()
    for each in taken:
        promised[each.node] += each.memory_mb
    of_kind: list[Condition] = (
        [
            (lambda node: bool(node.facts.gpus), "needs a GPU: no machine has one", False),
            (lambda node: busy[node.name, GPU] < len(node.facts.gpus), "needs a GPU: none is free", True),
        ]
        if slot == GPU
        else [
            (
                lambda node: node.facts.code == code,
                "needs a machine with this version of Lookbook: those that are there have another",
                False,
            ),
            (
                lambda node: node.facts.cores >= threads,
                f"needs {counted(threads, 'core')}: no machine has so many",
                False,
            ),
            (lambda node: busy[node.name, CPU] < node.facts.cpu_slots, "waits for a slot: all are taken", True),
        ]
    )
    return [
        (lambda node: not node.facts.problem, "waits for a machine: none of those that are there can take runs", False),
        (lambda node: node.facts.memory_mb >= memory, f"{needs_memory}: no machine has so much", False),
        *of_kind,
        (
            lambda node: promised[node.name] + memory <= node.facts.memory_mb,
            f"{needs_memory}: no machine has so much left",
            True,
        ),
    ]
