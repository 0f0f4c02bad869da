"""What a running run is doing when its steps are done and it has no figure to show yet."""

from jobs.store.queries import list_epochs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store


def is_testing(store: Store, run: Run) -> bool:
    """Whether a run has trained its last epoch and its best weights are being tested.

    It has when the figures of the epoch that it is in are stored, and it is the last.
    """
    if (
        run.state != RunStatus.RUNNING
        or run.is_waiting
        or not run.epoch
        or not run.config.ends_after(run.epoch, run.best_epoch)
    ):
        return False
    return bool(list_epochs(store, [run.id], after=run.epoch - 1)[run.id])
