"""What somebody who looks again and again has seen of runs: how far each attempt was and when, and what was told."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jobs.settings import ROOT, child_environment
from jobs.store.queries import list_attempts, list_runs
from jobs.store.records import Run
from jobs.store.store import Store
from tests.jobs.crowd import place_of

Place = tuple[int, int]
"""An epoch, from 1, and how many of its batches are done."""


@dataclass
class Witness:
    """Remembers for each attempt at which moment it was seen how far."""

    seen: dict[tuple[str, int], list[tuple[float, Place]]] = field(default_factory=dict)

    def look(self, runs: Sequence[Run]) -> None:
        """Note how far the runs at work are now."""
        for run in runs:
            if run.alive and run.pid is not None:
                sights = self.seen.setdefault((run.id, run.attempt), [])
                if not sights or sights[-1][1] != (run.epoch, run.batch):
                    sights.append((time.monotonic(), (run.epoch, run.batch)))

    def repeated_s(self, store: Store, run_id: str) -> Iterator[tuple[int, float]]:
        """For each attempt but the first, how many seconds of the work that was seen of the one before it repeated."""
        for attempt in list_attempts(store, run_id)[1:]:
            start = (attempt.start_epoch, attempt.start_batch)
            lost = [moment for moment, place in self.seen.get((run_id, attempt.attempt - 1), []) if place > start]
            yield attempt.attempt, lost[-1] - lost[0] if lost else 0.0


class CommandFailed(Exception):
    """The command line did not answer."""


@dataclass
class CommandLine:
    """Asks `python -m jobs list` what state each run is in, and says where that was never so."""

    store: Store
    asked: "subprocess.Popen[str] | None" = None
    before: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def ask(self) -> None:
        """Begin to ask; the answer takes a second or more."""
        self.before = self._states()
        self.asked = subprocess.Popen(
            [sys.executable, "-m", "jobs", "list", "--json"],
            cwd=ROOT,
            env=child_environment(*place_of(self.store)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> dict[str, str] | None:
        """The states that were told, by the id of the run; None while there is no answer. Raise CommandFailed."""
        if self.asked is None or self.asked.poll() is None:
            return None
        out, error = self.asked.communicate()
        status, self.asked = self.asked.returncode, None
        if status != 0:
            raise CommandFailed(f"the command line failed: {error.strip()}")
        return {run["id"]: run["status"] for run in json.loads(out)}

    def untrue(self, told: dict[str, str]) -> list[str]:
        """What was told of runs that were in another state from before the question until after the answer."""
        after = self._states()
        return [
            f"the command line told run {run_id} {told.get(run_id)}, but it was {state[0]}"
            for run_id, state in sorted(self.before.items())
            if after.get(run_id) == state and told.get(run_id) != state[0]
        ]

    def _states(self) -> dict[str, tuple[object, ...]]:
        """The state of each run, with what changes whenever it leaves it."""
        return {run.id: (run.state, run.attempt, run.status_since) for run in list_runs(self.store)}
