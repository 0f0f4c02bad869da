"""Which machines of a cluster can be given work, and why others that are there cannot."""

from jobs.machines.nodes import Node, list_nodes
from jobs.machines.shared_folder import sees_same_folder
from jobs.store.store import Store


def usable_nodes(store: Store) -> list[Node]:
    """The machines that are there, and against which nothing speaks. Raise StoreError."""
    return [node for node in list_nodes(store) if node.is_there and not _why_unusable(store, node)]


def why_unusable(store: Store) -> dict[str, str]:
    """Why a machine that is there is given no work, by its name; the others are not named. Raise StoreError."""
    reasons = {node.name: _why_unusable(store, node) for node in list_nodes(store) if node.is_there}
    return {name: why for name, why in reasons.items() if why}


def _why_unusable(store: Store, node: Node) -> str:
    if node.facts.problem:
        return node.facts.problem
    if not sees_same_folder(store, node.name, node.facts.mark):
        return "does not see the artifacts folder that is seen here"
    return ""
