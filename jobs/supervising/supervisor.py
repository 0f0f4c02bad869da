"""The supervisor: one per store and machine, it has trainers started for runs whose turn it is and watches over them.

It can be killed at any moment: trainers go on without it, and the next supervisor finds everything it needs in the run
store and in the locks.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ConfigurationError, LookbookError
from jobs.running import claims
from jobs.running.background import holder, sign
from jobs.running.environment import host
from jobs.running.process_log import log_to_output, logger
from jobs.settings import settings
from jobs.store import locks, run_files
from jobs.store.ownership import tie
from jobs.store.queries import active_runs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, bring_up_to_date, connect, make_artifacts, make_private
from jobs.store.store_errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from jobs.supervising.launcher import CannotStart, Launcher
from jobs.supervising.local_launcher import GRACE_S, LocalLauncher
from jobs.supervising.ray_api import ray_jobs
from jobs.supervising.ray_launcher import RayLauncher
from jobs.team import deliveries, sending

TICK_S = 0.5
IDLE_S = 20.0
"""How long a supervisor without work stays, so that a series of launches needs no new one each time."""
RENEWING_S = 6.0
"""For so long after the store was out of reach no lease counts as run out: two beats of a trainer."""
PATIENCE_S = 2.0
"""How long it waits for the store: a suspended trainer may hold its lock, and only this process will wake it."""


def main(*, stay: bool = False, lock: int | None = None) -> int:
    """Supervise until there has been no work for a while (`stay`: until interrupted); return the exit status.

    `lock` is the descriptor of the supervisor's lock if whoever started this process has taken it already. Raise
    StoreError if another supervisor has it.
    """
    signal.signal(signal.SIGTERM, _leave)
    chosen = settings()
    store = Store(connect(chosen.database_url, patience_s=PATIENCE_S), chosen.artifacts)
    make_private(store)
    make_artifacts(store.artifacts)
    path = run_files.supervisor_lock(store)
    log_to_output(f"supervisor {os.getpid()}: ")
    lock = _acquired(path) if lock is None else lock
    if lock is None:
        raise _already_supervised(store, holder(path))
    sending.start(store)
    while lock is not None:
        logger.info(f"running for {store.place}")
        _open(store)
        Supervisor(store, host()).run(stay=stay)
        os.close(lock)
        # A run may have been queued by somebody who still saw this supervisor alive.
        lock = _acquired(path) if has_work(store) else None
    logger.info("no more work")
    return 0


def _already_supervised(store: Store, pid: int | None) -> StoreError:
    which = f" (process {pid})" if pid is not None else ""
    return StoreError(
        f"Another supervisor{which} is running for {store.place}.",
        "It works on the same queue; end it first to use this one.",
    )


def _leave(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def _acquired(path: Path) -> int | None:
    try:
        lock = locks.acquire(path)
    except locks.Held:
        return None
    sign(lock, os.getpid())
    return lock


def _open(store: Store) -> None:
    """Bring the store up to date, however long it is locked, full or read-only; raise what will not pass."""
    while True:
        try:
            bring_up_to_date(store)
            return tie(store)
        except (StoreBusy, StoreFull, StoreReadOnly) as error:
            logger.warning(str(error))
            time.sleep(TICK_S)


def has_work(store: Store) -> bool:
    """Whether a run is queued or running here, or something is to be told outside.

    A paused queue counts, so that going on needs no new supervisor.
    """
    active = active_runs(store)
    ours = any(
        run.status == RunStatus.QUEUED or claims.is_here(store, run, host()) or _is_of_cluster(run) for run in active
    )
    return ours or deliveries.next_due(store) is not None


def _is_of_cluster(run: Run) -> bool:
    return settings().has_cluster and run.lease_until is not None


@dataclass
class Supervisor:
    """Watches over the runs that work here, and on the machines of a cluster where there is one."""

    store: Store
    host: str
    stopping_since: dict[tuple[str, int], float] = field(default_factory=dict)
    """When each attempt that has to stop was first asked to, on the monotonic clock."""

    def __post_init__(self) -> None:
        self.local = LocalLauncher(self.store, self.host)
        cluster = cluster_of(self.store)
        self.starting: Launcher = cluster or self.local
        """Who starts trainers; those that were started here before a cluster was set up are watched over here."""
        self.launchers: list[Launcher] = [self.local, cluster] if cluster else [self.local]
        self._answered_since = time.monotonic()

    def run(self, *, stay: bool) -> None:
        """Tick until there has been nothing to do for a while."""
        last_work = time.monotonic()
        while stay or time.monotonic() - last_work < IDLE_S:
            try:
                if self.tick():
                    last_work = time.monotonic()
            except (StoreError, OSError) as error:
                # The store may be locked or a disk full for a while; trainers go on, and so must this.
                logger.warning(str(error))
                last_work = self._answered_since = time.monotonic()
            time.sleep(TICK_S)

    def tick(self) -> bool:
        """Watch over every running run, then start what the slots allow; return whether there is work."""
        self.local.wake_children()
        active = active_runs(self.store)
        ours = [(run, launcher) for run in active if (launcher := self._launcher_of(run))]
        # Those that are alive first: one that is suspended may hold the store locked, and all writes wait for it.
        for run, launcher in ours:
            if run.alive:
                launcher.watch(run)
                self._stop_if_asked(run, launcher)
        for run, launcher in ours:
            if not run.alive and self._may_replace(run):
                launcher.replace(run)
        self._start_all()
        waiting = any(run.status == RunStatus.QUEUED for run in active)
        return bool(ours) or waiting or deliveries.next_due(self.store) is not None

    def _launcher_of(self, run: Run) -> Launcher | None:
        return next((launcher for launcher in self.launchers if launcher.has(run)), None)

    def _may_replace(self, run: Run) -> bool:
        """While the store did not answer nobody could renew a lease: then trainers have a moment to do it."""
        return run.lease_until is None or time.monotonic() - self._answered_since > RENEWING_S

    def _start_all(self) -> None:
        try:
            while self.starting.start_next():
                pass
        except CannotStart as error:
            logger.warning(str(error))

    def _stop_if_asked(self, run: Run, launcher: Launcher) -> None:
        if run.status != RunStatus.STOPPING:
            return
        key = (run.id, run.attempt)
        if key not in self.stopping_since:
            self.stopping_since[key] = time.monotonic()
            launcher.ask_to_stop(run)
        if time.monotonic() - self.stopping_since[key] > GRACE_S:
            logger.info(f"run {run.id} did not stop in {GRACE_S:.0f} s and is killed")
            launcher.kill(run)


def cluster_of(store: Store) -> RayLauncher | None:
    """Who starts trainers on the cluster that the settings name; None where they name none.

    Raise ConfigurationError for a store that other machines do not reach.
    """
    if not settings().has_cluster:
        return None
    if store.is_local:
        raise ConfigurationError(
            f"A cluster needs a run store that all its machines reach, and {store.place} is a file of this one.",
            "Move it to Postgres (python -m jobs move-store), or unset LOOKBOOK_RAY_ADDRESS.",
        )
    return RayLauncher(store, ray_jobs())


if __name__ == "__main__":
    try:
        sys.exit(main(lock=int(sys.argv[1]) if len(sys.argv) > 1 else None))
    except LookbookError as error:
        logger.error(str(error))
        sys.exit(1)
