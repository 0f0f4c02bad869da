"""Side work is done, and data arrive, on the machines of a cluster."""

import re
import time

import pytest

from jobs.running import queue
from jobs.running.background import TaskStatus
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.queries import get_run
from jobs.store.records import RunStatus
from jobs.tasks import packages
from tests.cluster.ray_cluster import NAMES, Cluster, wait_for
from tests.jobs.configs import BRIEF

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture
def asking(real_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, with the settings of its pages in this process."""
    for name, value in real_cluster.environment.items():
        if name.startswith("LOOKBOOK_"):
            monkeypatch.setenv(name, value)
    settings.cache_clear()
    return real_cluster


def test_an_export_that_is_asked_for_twice_is_made_once_by_a_machine_and_data_are_read_from_its_copy(
    asking: Cluster,
) -> None:
    run_id = queue.launch(asking.store, BRIEF)
    wait_for(lambda: get_run(asking.store, run_id).status == RunStatus.FINISHED, "the run", 180)
    assert str(settings().node_cache) in run_files.log_tail(asking.store, run_id)
    run = get_run(asking.store, run_id)
    assert packages.start_packing(asking.store, run, onnx=False)
    assert not packages.start_packing(asking.store, run, onnx=False)
    deadline = time.monotonic() + 180
    while (state := packages.package_state(asking.store, run_id)).status == TaskStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    log = run_files.files_of(asking.store, run_id).package_log.read_text(encoding="utf-8")
    assert state.status == TaskStatus.DONE, f"{state.detail}\n{log}"
    assert re.search(f"done on ({'|'.join(NAMES)})", log)
    assert "model.safetensors" in {path.name for path in packages.package_files(asking.store, run_id)}
    settings.cache_clear()
