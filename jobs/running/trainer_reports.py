"""A trainer's time with its run: what it tells the run store, and how it learns that it is to stop."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from core.learning.events import Progress
from core.learning.training import NO_ROOM, Training
from core.machine.clock import Clock
from jobs.running import attempts
from jobs.running.attempts import Answers, Duty
from jobs.running.environment import code_version
from jobs.store.records import WAITING_FOR_ROOM, Epoch
from jobs.store.store_errors import StoreBusy, StoreFull, StoreReadOnly

RETRY_S = 2.0
ROOM_ADVICE = "Make room on the disk of the artifacts folder; the run goes on by itself."
Answer = TypeVar("Answer")


def say(words: str) -> None:
    """Write a line to the run's log."""
    line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {words}\n"
    # On a full disk the line is lost, not the run.
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), line.encode())


def persist(write: Callable[[], Answer], *clocks: Clock) -> Answer:
    """Read or write the store, however long it is locked, full or read-only: what was trained is worth waiting for.

    The clocks do not count a wait: it is no time at work.
    """
    began = time.monotonic()
    while True:
        try:
            answer = write()
        except (StoreBusy, StoreFull, StoreReadOnly) as error:
            say(f"waiting for the run store: {error}")
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
class Shift:
    """One attempt at a run: each report returns whether to go on, and all of them outlast trouble with the store."""

    duty: Duty
    stop: StopRequest
    clock: Clock
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
            "warning": " ".join(training.notes) or None,
        }
        here = {"code": code_version(), "device_name": facts.device_name, "precision": facts.precision}
        complete, best = self._learnt(training)
        return self._persist(
            lambda: attempts.report_start(self.duty, os.getpid(), recorded, complete, best, training.batch, here=here)
        )

    def progressed(self, event: Progress) -> bool:
        """Tell how far the epoch is."""
        worked = self.clock.take()
        return self._persist(
            lambda: attempts.report_progress(
                self.duty, event.epoch, event.batch, event.batches, event.images_per_s, worked
            )
        )

    def saved(self, training: Training, *, further: bool) -> bool:
        """Tell that a checkpoint is on disk, much `further` than where the attempt began."""
        complete, best = self._learnt(training)
        warning = " ".join(training.notes) or None
        return self._persist(
            lambda: attempts.report_checkpoint(self.duty, complete, best, further=further, warning=warning)
        )

    def warn(self, warning: str) -> bool:
        """Tell of trouble that the run can outlive."""
        say(warning)
        return self._persist(lambda: attempts.report_warning(self.duty, warning))

    def finished(self, training: Training, answers: dict[str, Answers], training_images: int) -> None:
        """Tell the end of a run that learnt from so many images, with everything that belongs to it."""
        complete, best = self._learnt(training)
        worked = self.clock.take()
        self._persist(lambda: attempts.report_finish(self.duty, complete, best, answers, worked, training_images))

    def leave(self) -> None:
        """Tell that the trainer leaves before the end."""
        worked = self.clock.take()
        if self._persist(lambda: attempts.report_leaving(self.duty, worked)):
            say("stopped; the checkpoint is kept")
        else:
            say("told to leave, but not by a person who stopped the run: it will be taken up again")

    def fail(self, kind: str, message: str, advice: str) -> None:
        """Tell that the run cannot go on, and why."""
        say(f"failed ({kind}): {message} {advice}")
        self._persist(lambda: attempts.report_failure(self.duty, kind, message, advice))

    def when_there_is_room(self, write: Callable[[], Answer]) -> Answer | None:
        """Write files, and again for as long as the disk is full; None if the run is asked to stop meanwhile."""
        while True:
            try:
                return write()
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                goes_on = self.warn(f"{WAITING_FOR_ROOM} ({error.strerror}). {ROOM_ADVICE}")
            if self.stop.made or not goes_on:
                return None
            began = time.monotonic()
            time.sleep(RETRY_S)
            _leave_out(began, self._clocks)

    @property
    def _clocks(self) -> tuple[Clock, ...]:
        return self.clock, *self.other_clocks

    def _persist(self, write: Callable[[], Answer]) -> Answer:
        return persist(write, *self._clocks)

    def _learnt(self, training: Training) -> tuple[list[Epoch], Epoch | None]:
        """The complete epochs, and the best of them."""
        complete = [Epoch(run_id=self.duty.run_id, **asdict(figures)) for figures in training.epochs]
        return complete, complete[training.best_epoch - 1] if training.best_epoch else None
