"""How runs and the queue are written: the same on pages, on the command line and in reports."""

from core.statistics import wording
from jobs.store.records import QueueState, Run, RunStatus


def state(run: Run) -> str:
    """The state as a person reads it: a run whose trainer is gone heals itself."""
    return "interrupted, resuming" if run.state == RunStatus.INTERRUPTED else run.state


def model(run: Run) -> str:
    """Its architecture, and whether its answers are those to an image and its mirror image."""
    return f"{run.model}, with test-time flips" if run.answers_with_flips else run.model


def queue_words(queue: QueueState) -> str:
    """The queue in one sentence, and whether it is paused: "1 running on 1 slot, 3 queued."."""
    slots = wording.counted(queue.slots, "slot")
    words = f"{wording.count(queue.at_work)} running on {slots}, {wording.count(queue.queued)} queued."
    return f"{words} The queue is paused: no new runs start." if queue.paused else words


def accuracy(run: Run) -> str:
    """The test accuracy with its 95 % interval: "91.50 % (90.94 to 92.03)"."""
    return wording.share_of(run.test_accuracy, run.test_count)


def validation_accuracy(run: Run) -> str:
    """The validation accuracy of the best epoch with its 95 % interval."""
    return wording.share_of(run.best_val_accuracy, validation_count(run))


def best_validation(run: Run) -> str:
    """The same with the epoch: "91.20 % (90.46 to 91.89) at epoch 7"."""
    return wording.NOTHING if run.best_val_accuracy is None else f"{validation_accuracy(run)} at epoch {run.best_epoch}"


def validation_count(run: Run) -> int:
    """How many validation images the run has; a fold of a run older than data sets may have one more."""
    return run.data.validation_images if run.data else 0
