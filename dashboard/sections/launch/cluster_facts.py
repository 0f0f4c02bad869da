"""What is said before the launch button where the machines of a cluster do the runs."""

from core.config import RunConfig
from core.datasets.versions import Version
from core.statistics import wording
from dashboard import permitted
from dashboard.queries import run_queries
from dashboard.tables.memory_need import memory_need
from jobs.machines.placing import Place
from jobs.store.records import QueueState
from jobs.supervising.waiting import prospect

NO_GIVEN_MEMORY = "Set Memory (MB) in the advanced settings to have it given to a machine that has as much left"


def place_words(config: RunConfig, queue: QueueState, count: int) -> str:
    """Where a run of this config would begin, or why it would wait."""
    position = f"position {queue.queued + 1}"
    if queue.paused:
        return f"{position}; the queue is paused, so the run starts once the queue is resumed"
    expected = prospect(run_queries.store(), config)
    if not isinstance(expected, Place):
        return f"{position} in the queue; {expected.why}"
    where = expected.node.name if permitted.sees_places() else "a machine of the cluster"
    return f"starts immediately on {where}" if count == 1 else f"the first starts immediately on {where}"


def memory_words(config: RunConfig, version: Version) -> str:
    """What a run takes at its peak on the CPU, and what of that a machine is asked for."""
    need = f"about {wording.size(round(memory_need(config, version), -8))} at the peak of a run on the CPU"
    if config.memory_mb:
        return f"{need}; a machine with {wording.size(config.memory_mb * 10**6)} left is asked for"
    return f"{need}. {NO_GIVEN_MEMORY}"
