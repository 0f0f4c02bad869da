"""How the server stands: whether the store can be written, the queue has its supervisor, and disks have room."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import LookbookError
from core.files import free_bytes
from core.statistics import wording
from jobs.machines.nodes import list_nodes
from jobs.settings import Settings, settings
from jobs.store import queue_settings
from jobs.store.queries import queue_state
from jobs.store.schema import REVISION
from jobs.store.store import Store, connect, revision_within
from jobs.store.store_errors import StoreBusy, StoreDamaged, StoreFull, StoreReadOnly, StoreUnreachable
from jobs.team import deliveries

PATIENCE_S = 2.0
"""How long the store may keep whoever asks waiting."""
_WORDS: dict[type[LookbookError], str] = {
    StoreBusy: "locked",
    StoreDamaged: "damaged",
    StoreFull: "full",
    StoreReadOnly: "readonly",
    StoreUnreachable: "unreachable",
}


@dataclass(frozen=True)
class Part:
    """One part of the server: how it stands in one word, whether that is well, and what operators should know."""

    word: str
    is_well: bool
    detail: str


def examine() -> dict[str, Part]:
    """Each part of the server of these settings, by what it is called; changes nothing, and makes no store."""
    chosen = settings()
    parts = {"store": Part("unknown", False, ""), "supervisor": Part("unknown", False, "The run store does not say.")}
    try:
        store = Store(connect(chosen.database_url, patience_s=PATIENCE_S), chosen.artifacts)
        try:
            parts["store"] = _store_part(store, chosen)
            if parts["store"].is_well:
                parts["supervisor"] = _supervisor_part(store)
                parts["cluster"] = _cluster_part(store)
        finally:
            store.engine.dispose()
    except LookbookError as error:
        parts["store"] = Part(_WORDS.get(type(error), "unusable"), False, str(error))
    if not chosen.has_cluster:
        parts.pop("cluster", None)
    return {**parts, "artifacts": _disk_part(chosen.artifacts, chosen), "data": _disk_part(chosen.data, chosen)}


def is_well(parts: dict[str, Part]) -> bool:
    """Whether all is well."""
    return all(part.is_well for part in parts.values())


def _store_part(store: Store, chosen: Settings) -> Part:
    if store.is_local:
        if not Path(store.place).is_file():
            return Part("missing", False, f"There is no {store.place}.")
        if not (disk := _disk_part(Path(store.place).parent, chosen)).is_well:
            return disk
    # It takes the write lock, which a store that cannot be written refuses.
    with store.writing() as connection:
        revision = revision_within(connection)
    if revision != REVISION:
        return Part("mismatched", False, f"{store.place} has schema {revision}, this Lookbook has {REVISION}.")
    return Part("ok", True, f"{store.place} can be read and written; its schema is {revision}.")


def _supervisor_part(store: Store) -> Part:
    state, due = queue_state(store), deliveries.next_due(store)
    work = f"{state.queued} queued, {state.at_work} running, {'some' if due else 'no'} deliveries waiting"
    if state.supervised:
        return Part("alive", True, f"It is running: {work}.")
    if state.queued or state.at_work or due is not None:
        return Part("dead", False, f"None is running, and there is work: {work}. Start one: python -m jobs worker")
    return Part("idle", True, "None is running, and there is no work; it is started with the next run.")


def _cluster_part(store: Store) -> Part:
    there = [node.name for node in list_nodes(store) if node.is_there]
    problem = queue_settings.engine_problem(store)
    if problem or not there:
        return Part("dead", False, problem or "No machine is there. Start one: python -m jobs node")
    return Part("alive", True, f"Machines that are there: {wording.listed(there, len(there))}.")


def _disk_part(folder: Path, chosen: Settings) -> Part:
    try:
        free = free_bytes(folder)
    except OSError as error:
        return Part("unreadable", False, f"{folder}: {error.strerror}")
    words = f"{wording.size(free)} free for {folder}"
    if free < chosen.least_free_mb * 10**6:
        return Part("low", False, f"{words}; LOOKBOOK_LEAST_FREE_MB asks for {chosen.least_free_mb} MB.")
    return Part("ok", True, f"{words}.")
