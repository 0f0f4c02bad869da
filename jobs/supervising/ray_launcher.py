"""Trainers on the machines of a Ray cluster, one Ray job for each attempt."""

import time
from dataclasses import dataclass

from jobs.machines.placing import GPU, Place
from jobs.machines.usable import usable_nodes
from jobs.running.attempts import AttemptHandle
from jobs.running.process_log import logger
from jobs.store import queue_settings
from jobs.store.records import Run
from jobs.store.store import Store
from jobs.supervising import cluster_claims
from jobs.supervising.launcher import CannotStart
from jobs.supervising.ray_api import PENDING, RUNNING, RayJobs, entrypoint

NODE_TRAINER = "jobs.supervising.node_trainer"
ASK_EVERY_S = 2.0
"""How often the head is asked whether it is there again."""


@dataclass
class RayLauncher:
    """Starts trainers on the machines that report to the store, through the head of their Ray cluster."""

    store: Store
    jobs: RayJobs
    _silent_until: float = 0.0
    """Until when the head, which did not answer, is not asked again."""

    def has(self, run: Run) -> bool:
        """Whether a run was given to a machine of a cluster."""
        return run.lease_until is not None

    def start_next(self) -> bool:
        """Give the next run that can begin to a machine, and have Ray start its trainer there."""
        if time.monotonic() < self._silent_until:
            return False
        usable = frozenset(node.name for node in usable_nodes(self.store))
        if cluster_claims.next_place(self.store, usable) is None:
            return False
        usable &= self._joined()
        place = cluster_claims.next_place(self.store, usable)
        attempt = cluster_claims.claim(self.store, place, usable) if place else None
        if place is None or attempt is None:
            return False
        try:
            self.jobs.submit(
                _job(attempt.run_id, attempt.number), _command(place, attempt), place.node.name, gpu=place.slot == GPU
            )
        except CannotStart as error:
            cluster_claims.give_back(attempt, error.message)
            self._leave_head_alone(error)
            raise
        logger.info(f"run {attempt.run_id}: attempt {attempt.number} given to {place.node.name}")
        return True

    def watch(self, run: Run) -> None:
        """Nothing: its trainer renews the lease of a run, and before that the machine that sees the trainer start."""

    def ask_to_stop(self, run: Run) -> None:
        """Nothing: its trainer learns it from the store, wherever it is, within a second or two."""

    def kill(self, run: Run) -> None:
        """Have Ray kill its processes, as far as it reaches them."""
        try:
            self.jobs.stop(_job(run.id, run.attempt))
        except CannotStart as error:
            logger.warning(f"run {run.id}: attempt {run.attempt} could not be ended by Ray: {error.message}")

    def is_there(self, run: Run) -> bool:
        """Whether Ray says that the job of the current attempt waits or runs; not while the head does not answer."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            return self.jobs.status(_job(run.id, run.attempt)) in (PENDING, RUNNING)
        except CannotStart as error:
            self._leave_head_alone(error)
            return False

    def replace(self, run: Run) -> None:
        """Queue a run again whose lease has run out; what may be left of its trainer is ended where it is reached."""
        if cluster_claims.requeue(AttemptHandle(self.store, run.id, run.attempt)):
            logger.info(f"run {run.id}: attempt {run.attempt} on {run.host} was not heard of in time and is over")
            if time.monotonic() >= self._silent_until:
                self.kill(run)

    def _joined(self) -> frozenset[str]:
        """The machines that Ray would start a trainer on now; on others it would wait for them."""
        try:
            joined = self.jobs.machines()
        except CannotStart as error:
            self._leave_head_alone(error)
            raise
        self._tell("")
        return joined

    def _leave_head_alone(self, error: CannotStart) -> None:
        self._silent_until = time.monotonic() + ASK_EVERY_S
        self._tell(error.message)

    def _tell(self, problem: str) -> None:
        """Let pages know why nothing is started, or that nothing is in the way."""
        if queue_settings.engine_problem(self.store) != problem:
            queue_settings.record(self.store, queue_settings.ENGINE_PROBLEM, problem)


def _job(run_id: str, number: int) -> str:
    return f"{run_id}-{number}"


def _command(place: Place, attempt: AttemptHandle) -> str:
    """What the machine runs; where its store, folders and data are it knows from its own environment."""
    environment = {} if place.slot == GPU else {"CUDA_VISIBLE_DEVICES": ""}
    return entrypoint(place.node, environment, [NODE_TRAINER, attempt.run_id, str(attempt.number)])
