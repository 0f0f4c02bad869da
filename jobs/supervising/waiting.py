"""Why runs wait, in words for the queue: the same decision by which machines are chosen."""

from dataclasses import replace

from core.config import RunConfig
from core.machine.fingerprint import code_fingerprint
from jobs.machines.nodes import cpu_slots, gpu_slots, list_nodes, threads_of_slot
from jobs.machines.placing import Place, Wait, Wanted
from jobs.machines.usable import usable_nodes
from jobs.settings import settings
from jobs.store import queue_settings
from jobs.store.queries import queue_state
from jobs.store.records import QueueState
from jobs.store.store import Store
from jobs.supervising.cluster_claims import place_of_one_more, plan_queue

OTHER_VERSION = "there, with another version: only runs on a GPU are given to it"


def queue_here(store: Store) -> QueueState:
    """The queue and how many slots it has: those of the machines that can be used, where there is a cluster."""
    state = queue_state(store)
    if not settings().has_cluster:
        return state
    usable = usable_nodes(store)
    return replace(state, slots=cpu_slots(usable) + gpu_slots(usable))


def why_waiting(store: Store) -> dict[str, str]:
    """Why each queued run waits that cannot begin now, by its id; empty where there is no cluster."""
    if not settings().has_cluster:
        return {}
    problem = engine_problem(store)
    planned = plan_queue(store, [node.name for node in usable_nodes(store)])
    if problem:
        return {each.run_id: "waits for the head of the cluster, which does not answer" for each in planned}
    return {each.run_id: each.why for each in planned if isinstance(each, Wait)}


def prospect(store: Store, config: RunConfig) -> Place | Wait:
    """Where a run of this config would begin if it were launched now, or why it would wait."""
    threads = config.threads or threads_of_slot(store) or 1
    wanted = Wanted("", threads, config.device, config.memory_mb)
    return place_of_one_more(store, wanted, [node.name for node in usable_nodes(store)])


def other_versions(store: Store) -> list[str]:
    """The machines whose version computes otherwise than this one; only runs on a GPU are given to them."""
    return [node.name for node in list_nodes(store) if node.is_there and node.facts.code != code_fingerprint()]


def engine_problem(store: Store) -> str:
    """Why the cluster starts no trainers, as the supervisor last saw it; empty where it does, or there is none."""
    return queue_settings.engine_problem(store) if settings().has_cluster else ""
