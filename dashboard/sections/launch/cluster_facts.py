"""What is said before the launch button where the machines of a cluster do the runs."""

from core.config import RunConfig
from core.statistics import wording
from dashboard import permitted
from dashboard.queries import run_queries
from jobs.machines.placing import Place
from jobs.store.records import QueueState
from jobs.supervising.waiting import prospect


def place_words(config: RunConfig, queue: QueueState, count: int) -> str:
    """Where a run of this config would begin, or why it would wait."""
    expected = prospect(run_queries.store(), config)
    if not isinstance(expected, Place):
        return f"position {queue.queued + 1} in the queue; {expected.why}"
    where = expected.node.name if permitted.sees_places() else "a machine of the cluster"
    return f"starts immediately on {where}" if count == 1 else f"the first starts immediately on {where}"


def asked_memory(config: RunConfig) -> str:
    """What memory a machine is asked for, in words that follow what a run takes."""
    if config.memory_mb:
        return f"; a machine with {wording.size(config.memory_mb * 10**6)} left is asked for"
    return ". Set Memory (MB) in the advanced settings to have it given to a machine that has as much left"
