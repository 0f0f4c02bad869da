"""The lease of a run that works on a machine of a cluster: it is alive for as long as its trainer renews it.

No clocks of machines are compared. The database decides by its own when a lease ends; the trainer counts from before it
asked for it, so that it always takes the lease to end before the database does. Whatever it still writes into the store
after that is refused by the number of its attempt.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from jobs.running.attempts import AttemptHandle, Replaced
from jobs.running.process_log import logger
from jobs.store.records import IN_PROGRESS
from jobs.store.schema import runs
from jobs.store.store import clock
from jobs.store.store_errors import StoreError

LEASE_S = 12.0
"""A run whose trainer has not been heard of for so long is interrupted, and may be given to another machine."""
BEAT_S = 2.5
MARGIN_S = 3.0
"""So long before its lease ends a trainer that cannot renew it stops learning, to save a checkpoint in time."""


class LeaseLost(Replaced):
    """The lease has run out, or may have: another machine may have the run by now."""


class Lease(Protocol):
    """What a trainer asks of its lease."""

    @property
    def is_sure(self) -> bool:
        """Whether nobody else can have the run for a while yet."""

    def require(self) -> None:
        """Raise Replaced where somebody else may have the run, so that files of it must not be written."""


@dataclass(frozen=True)
class _NoLease:
    """On one machine the lock of the run says all."""

    is_sure: bool = True

    def require(self) -> None:
        """Nobody else can have the run."""


NO_LEASE: Lease = _NoLease()


def renew(attempt: AttemptHandle) -> bool:
    """Let the lease of an attempt last LEASE_S from now; return False if the attempt is over. Raise StoreError.

    One that has run out begins anew, as long as nobody else has taken the run. From the first time on the store knows
    that this process is the trainer.
    """
    with attempt.store.beating() as connection:
        is_current = (
            runs.c.id == attempt.run_id,
            runs.c.attempt == attempt.number,
            runs.c.status.in_(IN_PROGRESS),
            runs.c.lease_until.is_not(None),
        )
        until = clock(connection) + LEASE_S
        values = {"lease_until": until, "pid": os.getpid()}
        return connection.execute(runs.update().where(*is_current).values(**values)).rowcount == 1


def _now() -> float:
    """Seconds that go on while the machine sleeps, where the system counts those."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass
class KeptLease:
    """The lease of one attempt, renewed by a thread of its own for as long as the process lives."""

    attempt: AttemptHandle
    _until: float = field(default=0.0, init=False)
    _is_over: bool = field(default=False, init=False)

    def keep(self) -> None:
        """Renew it once, so that one that is over is known at once, and from then on. Raise Replaced or StoreError."""
        self._renew()
        if self._is_over:
            raise self._replaced()
        threading.Thread(target=self._renew_for_ever, name="lease", daemon=True).start()

    @property
    def is_sure(self) -> bool:
        """Whether it lasts long enough to write a checkpoint."""
        return not self._is_over and _now() < self._until - MARGIN_S

    def require(self) -> None:
        """Renew it if it may have run out: this process may have been suspended. Raise Replaced."""
        if not self._is_over and _now() >= self._until:
            try:
                self._renew()
            except StoreError as error:
                raise LeaseLost(f"the lease of run {self.attempt.run_id} has run out ({error})") from error
        if self._is_over:
            raise self._replaced()

    def _replaced(self) -> Replaced:
        return Replaced(f"attempt {self.attempt.number} of run {self.attempt.run_id} is over")

    def _renew(self) -> None:
        asked = _now()
        if renew(self.attempt):
            self._until = asked + LEASE_S
        else:
            self._is_over = True

    def _renew_for_ever(self) -> None:
        while not self._is_over:
            time.sleep(BEAT_S)
            try:
                self._renew()
            except StoreError as error:
                logger.warning(f"the lease cannot be renewed: {error}")
