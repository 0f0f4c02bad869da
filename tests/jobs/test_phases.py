"""Whether a running run is testing already, told from what is stored of it."""

import pytest

from jobs.running.phases import is_testing
from jobs.store.queries import get_run
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample


@pytest.mark.parametrize(
    ("epoch", "best", "patience", "expected"),
    [
        (8, 8, 5, True),
        (8, 2, 0, True),
        (7, 2, 5, True),
        (7, 2, 0, False),
        (7, 3, 5, False),
    ],
)
def test_a_run_tests_when_its_last_epoch_is_complete(
    store: Store, epoch: int, best: int, patience: int, expected: bool
) -> None:
    columns = {"epoch": epoch, "best_epoch": best}
    changes = {"epochs": 8, "patience": patience}
    sample = Sample(status="running", epochs_done=epoch, changes=changes, columns=columns)
    run_id = stores.add(store, sample)
    assert not is_testing(store, get_run(store, run_id))
    with stores.at_work(store, run_id):
        assert is_testing(store, get_run(store, run_id)) is expected


def test_a_run_in_its_last_epoch_does_not_test_yet(store: Store) -> None:
    sample = Sample(status="running", epochs_done=7, changes={"epochs": 8}, columns={"epoch": 8, "best_epoch": 7})
    run_id = stores.add(store, sample)
    with stores.at_work(store, run_id):
        assert not is_testing(store, get_run(store, run_id))
