"""Studies are made, and data and weights arrive, on the machines of a cluster."""

import re
import time

import pytest

from jobs.running import queue
from jobs.running.background import TaskStatus
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.queries import get_run
from jobs.store.records import RunStatus
from jobs.tasks import studies
from tests.cluster.ray_cluster import NAMES, Cluster, wait_for
from tests.jobs.configs import BRIEF

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


@pytest.fixture
def asking(real_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, with the settings of its pages in this process."""
    for name, value in real_cluster.environment.items():
        if name.startswith("LOOKBOOK_"):
            monkeypatch.setenv(name, value)
    settings.cache_clear()
    return real_cluster


def test_a_study_that_is_asked_for_twice_is_made_once_by_a_machine_and_data_are_read_from_its_copy(
    asking: Cluster,
) -> None:
    run_id = queue.launch(asking.store, BRIEF)
    wait_for(lambda: get_run(asking.store, run_id).status == RunStatus.FINISHED, "the run", 180)
    assert str(settings().node_cache) in run_files.log_tail(asking.store, run_id)
    run = get_run(asking.store, run_id)
    assert studies.request_study(asking.store, run)
    assert not studies.request_study(asking.store, run)
    deadline = time.monotonic() + 600
    while (state := studies.study_state(asking.store, run_id)).status == TaskStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    log = run_files.files_of(asking.store, run_id).study_log.read_text(encoding="utf-8")
    assert state.status == TaskStatus.DONE, f"{state.detail}\n{log}"
    assert re.search(f"done on ({'|'.join(NAMES)})", log)
    assert "step 5 of 5" in log
    assert studies.get_study(asking.store, run_id)
    settings.cache_clear()
