"""What readers of the run store get: plain, frozen values."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from core.classes import CLASS_NAMES
from core.config import FASHION_MNIST, RunConfig
from core.data.data_facts import FASHION_MNIST_TEST_HASH, DataFacts, fashion_mnist_facts
from core.learning.events import EpochFigures
from core.statistics import metrics
from jobs.store.store import Unreadable


class RunStatus(StrEnum):
    """What a run is doing: all but INTERRUPTED are stored, and that one is seen where a running run has no trainer."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


class ReviewState(StrEnum):
    """What the last step of the review of a run says of it."""

    ASKED = "review asked"
    ACCEPTED = "accepted"
    NEEDS_WORK = "needs work"
    WITHDRAWN = "withdrawn"


REVIEW_STATES = tuple(state for state in ReviewState if state is not ReviewState.WITHDRAWN)
"""Those that a run is listed by: a step that was withdrawn leaves it without a review."""
STATUSES = tuple(status for status in RunStatus if status is not RunStatus.INTERRUPTED)
ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.STOPPING)
IN_PROGRESS = (RunStatus.RUNNING, RunStatus.STOPPING)
WAITING_FOR_DISK = "Waiting for disk space"
"""How the warning of a run begins whose trainer cannot write its files, and does nothing else meanwhile."""
_WAITING = (WAITING_FOR_DISK, "Waiting for room on the disk")
"""The same with the words that a store of an earlier version has."""
WARM_UP_S = 5.0
"""For so many seconds of its first epoch the speed of a run says nothing of the rest."""


@dataclass(frozen=True)
class Run:
    """One run. Times are seconds since 1970 in UTC, durations seconds, accuracies fractions of 1."""

    id: str
    name: str
    preset: str
    model: str
    seed: int
    epochs: int
    config: RunConfig
    environment: dict[str, Any]
    status: RunStatus
    status_since: float
    created_at: float
    started_at: float | None
    ended_at: float | None
    queue_position: float
    queued_s: float
    work_s: float
    attempt: int
    host: str | None
    pid: int | None
    device: str | None
    threads: int | None
    parameters_total: int | None
    parameters_trained: int | None
    pretrained: dict[str, Any] | None
    epoch: int
    batch: int
    batches: int
    progress_at: float | None
    images_per_s: float | None
    """Training images per second: of late; of a finished run over all its epochs, validation included."""
    best_epoch: int | None
    best_val_loss: float | None
    best_val_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    test_count: int | None
    error_kind: str | None
    error_message: str | None
    error_advice: str | None
    deaths: int
    inexact_because: str | None
    warning: str | None
    group_id: str | None
    cloned_from: str | None
    note: str
    pinned: bool
    archived_at: float | None
    prediction_images_per_s: float | None
    """Test images answered per second, preprocessing included; None for a run older than this figure."""
    data_set: DataFacts | None
    """As its trainer found it; None for one that has not begun, and for a run of Fashion-MNIST older than this."""
    owner: str | None = None
    """The id of who launched it; None for one that is older than owners."""
    lease_until: float | None = None
    """Until when a trainer on a machine of a cluster has the run, by the database's clock; None for one on this."""
    slot: str | None = None
    """What it takes of a machine of a cluster, "cpu" or "gpu"; None on this machine."""
    epoch_s: float | None = None
    """Mean seconds of its complete epochs, of a running run; None before there is one."""
    damaged: tuple[str, ...] = ()
    """Columns whose contents cannot be read any more; something else stands in their place."""
    tags: tuple[str, ...] = ()
    review: ReviewState | None = None
    """What its review came to; None for a run without one, or whose last step was withdrawn."""
    alive: bool = False
    """Whether a trainer process holds the run's lock now, on this machine, or its lease, on another."""

    @property
    def state(self) -> RunStatus:
        """The status, or "interrupted" where the store says running but no trainer is alive."""
        return RunStatus.INTERRUPTED if self.status == RunStatus.RUNNING and not self.alive else self.status

    @property
    def state_since(self) -> float:
        """Since when it is in its state; of one that is interrupted, when it was last heard of."""
        return self.progress_at or self.status_since if self.state == RunStatus.INTERRUPTED else self.status_since

    @property
    def is_active(self) -> bool:
        """Whether the run is queued or running, so that its figures can still change."""
        return self.status in ACTIVE

    @property
    def is_locked(self) -> bool:
        """Whether it is pinned or accepted, and so neither deleted, archived nor cleared."""
        return self.pinned or self.review == ReviewState.ACCEPTED

    @property
    def is_waiting(self) -> bool:
        """Whether its trainer is there and waits for disk space; its warning says so too."""
        return self.state == RunStatus.RUNNING and (self.warning or "").startswith(_WAITING)

    @property
    def fraction_done(self) -> float:
        """Share of all planned training steps that are done, 0 to 1."""
        if self.status == RunStatus.FINISHED:
            return 1.0
        inside = self.batch / self.batches if self.batches else 0.0
        return min(1.0, (max(self.epoch - 1, 0) + inside) / self.epochs)

    @property
    def seconds_left(self) -> float | None:
        """At the pace of its complete epochs, in the first one at its speed, if it uses all its epochs.

        None unless it is running, in the first seconds, whose speed is not that of the rest, in the last one, and while
        it waits for disk space: how long nobody knows.
        """
        pace = self.epoch_s or self._first_epoch_s()
        if self.state != RunStatus.RUNNING or self.is_waiting or pace is None:
            return None
        inside = self.batch / self.batches if self.batches else 0.0
        left = pace * (self.epochs - max(self.epoch, 1) + 1 - inside)
        return left if left >= 1 else None

    @property
    def data(self) -> DataFacts | None:
        """What it learns from; None for a run of other data than Fashion-MNIST that has not begun."""
        if self.data_set is None and self.config.data == FASHION_MNIST:
            return fashion_mnist_facts(self.config)
        return self.data_set

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that it tells apart, in order; none as long as nobody knows them."""
        return self.data.classes if self.data else ()

    @property
    def answers_with_flips(self) -> bool:
        """Whether each answer is the mean for an image and its mirror image."""
        return self.config.test_time_flips

    def _first_epoch_s(self) -> float | None:
        if not self.images_per_s or self.batch * self.config.batch_size < WARM_UP_S * self.images_per_s:
            return None
        return self.data.training_images / self.images_per_s if self.data else None


@dataclass(frozen=True)
class RunName:
    """What a list of runs to choose from needs of each."""

    id: str
    name: str


class RunCosts(NamedTuple):
    """What a finished run has cost and what it reaches; named as in Run. A tuple, for there may be 100,000 of them."""

    id: str
    work_s: float
    prediction_images_per_s: float | None
    parameters_total: int | None
    test_accuracy: float | None
    test_count: int | None


@dataclass(frozen=True, kw_only=True)
class Epoch(EpochFigures):
    """The figures of one complete epoch of a run."""

    run_id: str


@dataclass(frozen=True)
class Predictions:
    """What a finished run said of every image of a split, in the order of the data set."""

    run_id: str
    split: str
    labels: npt.NDArray[np.int64]
    """Shape (n,)."""
    log_probabilities: npt.NDArray[np.float32]
    """Shape (n, c)."""
    classes: tuple[str, ...] = CLASS_NAMES
    """What the c labels mean, in their order."""
    test_hash: str = FASHION_MNIST_TEST_HASH
    """Equal for runs of the same test images; see DataFacts."""

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """Shape (n, c); each row sums to 1."""
        values = np.exp(self.log_probabilities.astype(np.float64))
        shares: npt.NDArray[np.float64] = values / values.sum(axis=1, keepdims=True)
        return shares

    @cached_property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Shape (n,): the most probable class, the lowest label on a tie."""
        classes: npt.NDArray[np.int64] = self.log_probabilities.argmax(axis=1)
        return classes

    @cached_property
    def matrix(self) -> npt.NDArray[np.int64]:
        """The confusion matrix (c, c): rows are true classes, columns predicted ones."""
        return metrics.confusion_matrix(self.labels, self.predicted, len(self.classes))


@dataclass(frozen=True)
class Attempt:
    """One trainer process's time with a run; it began at start_epoch, start_batch (counted from 1 and 0)."""

    run_id: str
    attempt: int
    host: str
    started_at: float
    ended_at: float | None
    start_epoch: int
    start_batch: int
    outcome: str | None


@dataclass(frozen=True)
class QueueState:
    """The state of the queue and of the supervisor on this machine."""

    queued: int
    at_work: int
    slots: int
    paused: bool
    supervised: bool
    """Whether a supervisor is alive for this store on this machine."""


def data_facts(stored: Any) -> DataFacts | Unreadable | None:
    """What the column `data_set` of a run says."""
    if stored is None or isinstance(stored, Unreadable):
        return stored
    try:
        return DataFacts.model_validate(stored)
    except ValidationError as error:
        return Unreadable(str(error))
