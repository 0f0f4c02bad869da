"""The machines of a cluster in words, and what each does."""

from collections.abc import Mapping, Sequence

from core.statistics import wording
from jobs.machines.nodes import Node
from jobs.reports.document import Table
from jobs.store.records import Run


def machines(known: Sequence[Node], running: Sequence[Run], waits: Mapping[str, str]) -> Table:
    """What each machine is, how busy it is, and which runs it does; `waits` says why one can be given no run."""
    rows = tuple(
        (
            node.name,
            _state(node, waits.get(node.name, "")),
            ", ".join(run.name for run in running if run.host == node.name) or wording.NOTHING,
            f"{node.facts.load:.1f} of {node.facts.cores}",
            ", ".join(node.facts.gpus) or wording.NOTHING,
            f"{node.facts.free_memory_mb / 1000:.1f} of {node.facts.memory_mb / 1000:.1f} GB",
            node.facts.processor,
            node.facts.version,
        )
        for node in known
    )
    header = ("Machine", "State", "Runs", "Busy cores", "GPUs", "Free memory", "Processor", "Lookbook")
    return Table("", header, rows, figures_from=None)


def _state(node: Node, why_none: str) -> str:
    if not node.is_there:
        return f"not heard of for {wording.duration(node.silent_s)}"
    return why_none or "there"
