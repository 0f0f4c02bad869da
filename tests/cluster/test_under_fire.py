"""The benchmark of a cluster under fire in short: real runs, real faults, and every rule holds."""

import pytest

from tests.benchmarks import cluster
from tests.cluster.conftest import why_not

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


def test_runs_on_a_cluster_under_fire_end_once_and_as_in_peace(capsys: pytest.CaptureFixture[str]) -> None:
    if reason := why_not():
        pytest.skip(reason)
    status = cluster.main(["--runs", "3", "--faults", "8", "--pause", "2"])
    assert status == 0, capsys.readouterr().out
