"""A cluster for the tests of this folder, where Ray is installed and networks can be made; else they say why not."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import fashion_mnist
from jobs.settings import settings
from tests.cluster.hosts import can_be_made
from tests.cluster.ray_cluster import Cluster, cluster


def why_not() -> str:
    """Why there can be no cluster here; empty if there can."""
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed (pip install -r requirements-cluster.txt)"
    return "" if can_be_made() else "networks of their own for hosts need root and the command ip"


@pytest.fixture(scope="module")
def real_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two machines, for all tests of a module."""
    if reason := why_not():
        pytest.skip(reason)
    if not fashion_mnist.is_present(settings().data):
        pytest.fail(f"Fashion-MNIST is not in {settings().data}: run `python -m jobs data` first.")
    folder: Path = tmp_path_factory.mktemp("cluster")
    with cluster(folder, environment={"LOOKBOOK_NODE_CACHE": str(folder / "cache")}) as made:
        yield made
