"""What a trainer reports of its run to the run store, and how it learns that it is to stop."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from core.learning.events import Progress
from core.learning.training import NO_ROOM, Training
from core.machine.clock import Clock
from core.machine.cores import processor
from jobs.running import attempts
from jobs.running.attempts import Answers, AttemptHandle
from jobs.running.environment import code_version
from jobs.running.leases import NO_LEASE, Lease, LeaseLost
from jobs.running.process_log import logger
from jobs.store.records import WAITING_FOR_DISK, Epoch
from jobs.store.store_errors import StoreBusy, StoreFull, StoreReadOnly

RETRY_S = 2.0
ROOM_ADVICE = "Free disk space for the artifacts folder; the run then resumes automatically."
Answer = TypeVar("Answer")


def persist(write: Callable[[], Answer], *clocks: Clock, lease: Lease = NO_LEASE) -> Answer:
    """Read or write the store, however long it is locked, full or read-only: what was trained is worth it.

    The clocks do not count a wait: nothing is trained meanwhile. Raise LeaseLost where a lease runs out.
    """
    began = time.monotonic()
    while True:
        try:
            answer = write()
        except (StoreBusy, StoreFull, StoreReadOnly) as error:
            logger.warning(f"waiting for the run store: {error}")
            if not lease.is_sure:
                raise LeaseLost(f"the run store cannot be told of it in time ({error})") from error
            time.sleep(RETRY_S)
            _leave_out(began, clocks)
            began = time.monotonic()
        else:
            return answer


def _leave_out(began: float, clocks: Iterable[Clock]) -> None:
    for clock in clocks:
        clock.leave_out(time.monotonic() - began)


@dataclass
class StopRequest:
    """Set by SIGTERM; looked at between two batches."""

    made: bool = False

    def listen(self) -> None:
        """Take SIGTERM as the request to stop, and leave Ctrl-C to whoever started the server."""
        signal.signal(signal.SIGTERM, self._make)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _make(self, _signal: int, _frame: object) -> None:
        self.made = True


def leave_out_pauses(*clocks: Clock) -> None:
    """Let clocks forget the time before a signal let this process go on: it was suspended."""

    def forget(_signal: int, _frame: object) -> None:
        for clock in clocks:
            clock.take()

    signal.signal(signal.SIGCONT, forget)


@dataclass(frozen=True)
class Reporter:
    """Reports one attempt at a run; each report returns whether to go on, and outlasts trouble with the store."""

    attempt: AttemptHandle
    stop: StopRequest
    clock: Clock
    lease: Lease = NO_LEASE
    other_clocks: list[Clock] = field(default_factory=list)
    """Those that time parts of the run, and do not count a wait either."""

    def started(self, training: Training) -> bool:
        """Tell where and on what the run is trained, and where it is taken up."""
        facts = training.facts
        recorded: dict[str, Any] = {
            "device": facts.device,
            "threads": facts.threads,
            "parameters_total": facts.parameters_total,
            "parameters_trained": facts.parameters_trained,
            "pretrained": asdict(facts.pretrained) if facts.pretrained else None,
            "inexact_because": facts.inexact_because or None,
            "data_set": training.data_facts.model_dump(mode="json"),
            "warning": " ".join(training.notes) or None,
        }
        here = {
            "code": code_version(),
            "computed_on": processor(),
            "device_name": facts.device_name,
            "precision": facts.precision,
        }
        complete, best = self._learnt(training)
        return self._persist(
            lambda: attempts.report_start(
                self.attempt, os.getpid(), recorded, complete, best, training.batch, here=here
            )
        )

    def progressed(self, event: Progress) -> bool:
        """Tell how far the epoch is."""
        worked = self.clock.take()

        def write() -> bool:
            return attempts.report_progress(
                self.attempt, event.epoch, event.batch, event.batches, event.images_per_s, worked
            )

        # What could not be told now is told with the next report.
        return self._tell(write, otherwise=lambda: self.clock.leave_out(-worked))

    def saved(self, training: Training, *, further: bool) -> bool:
        """Tell that a checkpoint is on disk, much `further` than where the attempt began."""
        complete, best = self._learnt(training)
        warning = " ".join(training.notes) or None
        return self._tell(
            lambda: attempts.report_checkpoint(self.attempt, complete, best, further=further, warning=warning)
        )

    def warn(self, warning: str) -> bool:
        """Tell of trouble that the run can outlive."""
        logger.warning(warning)
        return self._tell(lambda: attempts.report_warning(self.attempt, warning))

    def finished(
        self, training: Training, answers: dict[str, Answers], training_images: int, place_model: Callable[[], None]
    ) -> None:
        """Tell the end of a run that learnt from so many images, with everything that belongs to it."""
        complete, best = self._learnt(training)
        worked = self.clock.take()
        self._persist(
            lambda: attempts.report_finish(self.attempt, complete, best, answers, worked, training_images, place_model)
        )

    def leave(self) -> None:
        """Tell that the trainer leaves before the end."""
        worked = self.clock.take()
        if self._persist(lambda: attempts.report_leaving(self.attempt, worked)):
            logger.info("stopped; the checkpoint is kept")
        else:
            logger.info("terminated, but not by a person who stopped the run: it will be resumed")

    def fail(self, kind: str, message: str, advice: str) -> None:
        """Tell that the run cannot go on, and why."""
        logger.error(f"failed ({kind}): {message} {advice}")
        self._persist(lambda: attempts.report_failure(self.attempt, kind, message, advice))

    def when_there_is_room(self, write: Callable[[], Answer]) -> Answer | None:
        """Write files, and again for as long as the disk is full; None if the run is asked to stop meanwhile."""
        while True:
            try:
                return write()
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                goes_on = self.warn(f"{WAITING_FOR_DISK} ({error.strerror}). {ROOM_ADVICE}")
            if self.stop.made or not goes_on:
                return None
            began = time.monotonic()
            time.sleep(RETRY_S)
            _leave_out(began, self._clocks)

    @property
    def _clocks(self) -> tuple[Clock, ...]:
        return self.clock, *self.other_clocks

    def _persist(self, write: Callable[[], Answer]) -> Answer:
        return persist(write, *self._clocks, lease=self.lease)

    def _tell(self, write: Callable[[], bool], otherwise: Callable[[], None] = lambda: None) -> bool:
        """A report that the next one makes up for: with a lease nothing waits for the store, but training goes on."""
        if self.lease is NO_LEASE:
            return self._persist(write)
        began = time.monotonic()
        try:
            return write()
        except (StoreBusy, StoreFull, StoreReadOnly) as error:
            logger.warning(f"the run store could not be told: {error}")
            otherwise()
            _leave_out(began, self._clocks)
            return self.lease.is_sure

    def _learnt(self, training: Training) -> tuple[list[Epoch], Epoch | None]:
        """The complete epochs, and the best of them."""
        complete = [Epoch(run_id=self.attempt.run_id, **asdict(figures)) for figures in training.epochs]
        return complete, complete[training.best_epoch - 1] if training.best_epoch else None
