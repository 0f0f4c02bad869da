"""What the supervisor asks of whatever starts trainers, here or on the machines of a cluster.

Queue, order, attempts, states, resumption and logs are ours; what an engine says of a job is only a hint. A further
engine is one more class of this shape, and passes tests/cluster/test_launchers.py.
"""

from collections.abc import Callable
from typing import Protocol

from core.errors import LookbookError
from jobs.running.attempts import AttemptHandle
from jobs.store.records import Run

Take = Callable[[], AttemptHandle | None]


class CannotStart(LookbookError):
    """No trainer can be started now; the run is queued as before, and is tried again."""

    kind = "engine"


class Launcher(Protocol):
    """Starts attempts at runs, and knows of those that it has started."""

    def has(self, run: Run) -> bool:
        """Whether a running run is one of those that this launcher starts and watches over."""

    def start_next(self) -> bool:
        """Take the next run that can begin, and start its attempt; return whether there was one.

        Raise CannotStart, OSError or StoreError.
        """

    def watch(self, run: Run) -> None:
        """See to it that the trainer of a run that is alive can go on."""

    def ask_to_stop(self, run: Run) -> None:
        """Ask the trainer of a run to leave with a checkpoint."""

    def kill(self, run: Run) -> None:
        """End the trainer of a run, and whatever it has started, without asking."""

    def is_there(self, run: Run) -> bool:
        """Whether the engine knows of a process for the current attempt: a hint, never what a state is told by."""

    def replace(self, run: Run) -> None:
        """Record that the trainer of a run is gone, and see to it that the run goes on, if it is to."""
