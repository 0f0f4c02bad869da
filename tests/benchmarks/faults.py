"""What can happen to runs at work: each fault is done to the real processes, files and store."""

import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import psutil

from jobs.running import background, queue
from jobs.running.background import ensure_supervisor, holder
from jobs.store import run_files
from jobs.store.queries import NotPossible, active_runs, list_runs
from jobs.store.records import RunStatus
from jobs.store.store import Store, connect
from tests.benchmarks.visitor import Visitor
from tests.jobs.crowd import place_of

SUSPENDED_S = (0.5, 4.0)
LOCKED_S = (0.5, 4.0)
LONG_LOCK = 0.1
"""Share of the locks that are held for up to the longest time."""
STOPPED_S = (0.5, 5.0)
Hits = TypeVar("Hits")
"""What a fault is done to."""


@dataclass
class Faults:
    """Does faults to a store's processes, drawn at random, and counts those that hit something."""

    store: Store
    visitor: Visitor
    random: random.Random
    longest_lock_s: float = LOCKED_S[1]
    counts: Counter[str] = field(default_factory=Counter)
    pending: list[threading.Timer] = field(default_factory=list)

    def one(self) -> None:
        """Do one fault that finds something to hit."""
        draw(self, _FAULTS, self.random, self.counts)

    def settle(self) -> None:
        """Let everything that was to follow a fault happen."""
        for timer in self.pending:
            timer.join()

    def after(self, seconds: tuple[float, float], action: Callable[[], object]) -> None:
        """Do something a random time from now."""
        timer = threading.Timer(self.random.uniform(*seconds), action)
        timer.start()
        self.pending.append(timer)

    def trainers(self) -> list[int]:
        """The processes of the runs at work."""
        processes = [
            background.holder(run_files.files_of(self.store, run.id).lock)
            for run in active_runs(self.store)
            if run.alive
        ]
        return [pid for pid in processes if pid is not None]

    def supervisor(self) -> int | None:
        """The process of the supervisor."""
        path = run_files.supervisor_lock(self.store)
        return holder(path)


def draw(
    hits: Hits, faults: Mapping[str, tuple[int, Callable[[Hits], bool]]], chance: random.Random, counts: Counter[str]
) -> None:
    """Do one fault, drawn by its weight, that finds something to hit, and count it."""
    left = dict(faults)
    while left:
        (name,) = chance.choices(list(left), [weight for weight, _ in left.values()])
        _, fault = left.pop(name)
        if fault(hits):
            counts[name] += 1
            return


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; return whether there was a process to get it."""
    with contextlib.suppress(psutil.Error):
        psutil.Process(pid).send_signal(number)
        return True
    return False


def _kill_trainer(faults: Faults) -> bool:
    processes = faults.trainers()
    return bool(processes) and send(faults.random.choice(processes), signal.SIGKILL)


def _end_trainer(faults: Faults) -> bool:
    processes = faults.trainers()
    return bool(processes) and send(faults.random.choice(processes), signal.SIGTERM)


def _kill_supervisor(faults: Faults) -> bool:
    pid = faults.supervisor()
    return pid is not None and send(pid, signal.SIGKILL)


def _kill_everything(faults: Faults) -> bool:
    processes = [faults.supervisor(), faults.visitor.server_pid, *faults.trainers()]
    return sum(send(pid, signal.SIGKILL) for pid in processes if pid is not None) > 1


def _kill_server(faults: Faults) -> bool:
    pid = faults.visitor.server_pid
    return pid is not None and send(pid, signal.SIGKILL)


def _suspend_trainer(faults: Faults) -> bool:
    processes = faults.trainers()
    if not processes:
        return False
    pid = faults.random.choice(processes)
    faults.after(SUSPENDED_S, lambda: send(pid, signal.SIGCONT))
    return send(pid, signal.SIGSTOP)


def _suspend_supervisor(faults: Faults) -> bool:
    # Nothing wakes it but somebody who looks.
    pid = faults.supervisor()
    return pid is not None and send(pid, signal.SIGSTOP)


def _lock_store(faults: Faults) -> bool:
    longest = faults.longest_lock_s if faults.random.random() < LONG_LOCK else LOCKED_S[1]
    seconds = faults.random.uniform(LOCKED_S[0], longest)

    def hold() -> None:
        other = Store(connect(place_of(faults.store).url, patience_s=120), faults.store.artifacts)
        with other.writing():
            faults.visitor.locks += 1
            time.sleep(seconds)
        other.engine.dispose()
        faults.visitor.locks -= 1
        faults.visitor.disturbed()

    faults.after((0, 0), hold)
    return True


def _stop_run(faults: Faults) -> bool:
    working = [run.id for run in active_runs(faults.store) if run.status == RunStatus.RUNNING]
    if not working:
        return False
    run_id = faults.random.choice(working)
    try:
        queue.stop(faults.store, run_id)
    except NotPossible:
        return False
    return True


def _resume_run(faults: Faults) -> bool:
    stopped = [run.id for run in list_runs(faults.store) if run.status == RunStatus.STOPPED]
    if not stopped:
        return False
    queue.resume(faults.store, faults.random.choice(stopped))
    ensure_supervisor(faults.store)
    return True


_FAULTS: dict[str, tuple[int, Callable[[Faults], bool]]] = {
    "kill -9 of a trainer": (16, _kill_trainer),
    "kill -9 of the supervisor": (14, _kill_supervisor),
    "kill -9 of the server": (10, _kill_server),
    "kill -9 of everything": (3, _kill_everything),
    "SIGTERM to a trainer": (5, _end_trainer),
    "SIGSTOP and SIGCONT of a trainer": (14, _suspend_trainer),
    "SIGSTOP of the supervisor": (10, _suspend_supervisor),
    "store held locked": (10, _lock_store),
    "stop": (10, _stop_run),
    "resume": (14, _resume_run),
}
