"""A cluster under fire: python -m tests.benchmarks.cluster --runs 20 --faults 100 --seed 0.

Postgres, a Ray cluster of two hosts in networks of their own, a supervisor and the pages' server on a third, and real
runs on the real data. At random moments trainers, machines, the head, the supervisor, the server and the database are
killed or suspended, and a host is cut off from the network for longer or shorter than a lease. Runs with the same
configurations are left in peace on one machine. In the end every rule must hold: all runs finished, each once, no two
attempts whose writes both count, every state told truly within 15 s, and every epoch figure, prediction and weight bit
for bit as in peace.

    python -m tests.benchmarks.cluster --scaling [--cores 0.6]

times the same runs on two machines and on one instead, each with that share of a core for itself, so that what they
gain does not depend on how many cores this machine has.
"""

import argparse
import contextlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from core.config import RunConfig
from core.data import fashion_mnist
from core.errors import LookbookError
from core.presets import config_of
from jobs.running import queue
from jobs.settings import ROOT, settings, sqlite_url
from jobs.store.queries import active_runs, get_run, get_runs, list_attempts
from jobs.store.records import IN_PROGRESS, Run, RunStatus
from jobs.store.store import open_store
from jobs.store.store_errors import StoreError
from tests import postgres
from tests.benchmarks.faults import draw
from tests.cluster.hosts import can_be_made
from tests.cluster.ray_cluster import NAMES, Cluster, cluster, wait_for
from tests.jobs.working import Outcome, clear_away, outcome, wait_until_finished

TRUE_WITHIN_S = 15.0
MOST_OF_ONE = 0.55
DRAIN_S = 1_200.0
SHORT_S, LONG_S = (1.0, 5.0), (16.0, 24.0)
"""Of what is suspended or cut off: shorter and longer than a lease."""
AWAY_S = (1.0, 6.0)
"""For so long is gone what was killed and somebody has to start again."""


def kinds() -> list[RunConfig]:
    """The configurations of the runs, small ones of both architectures."""
    scratch = {"model": "resnet18", "input_size": 32, "augmentation": "flip-rotate-jitter"}
    return [
        config_of("cnn", threads=1, train_size=900, batch_size=8, epochs=3, seed=1),
        config_of("cnn", threads=1, train_size=200, batch_size=16, epochs=2, seed=5, **scratch),
        config_of("cnn", threads=1, train_size=2400, batch_size=16, epochs=2, seed=2),
        config_of("cnn", threads=1, train_size=1200, batch_size=8, epochs=2, seed=4, augmentation="none"),
    ]


def in_peace(folder: Path, configs: Sequence[RunConfig]) -> list[Outcome]:
    """What each comes to on one machine when nobody disturbs it."""
    folder.mkdir()
    store = open_store(sqlite_url(folder / "runs.db"), folder / "artifacts")
    queue.set_slots(store, 2)
    ids = [queue.launch(store, config) for config in configs]
    for run_id in ids:
        wait_until_finished(store, run_id)
    outcomes = [outcome(store, run_id) for run_id in ids]
    clear_away(store)
    store.engine.dispose()
    return outcomes


@dataclass
class Onlooker(threading.Thread):
    """Compares what the store tells of each run with the processes that there are, twice a second."""

    cluster: Cluster
    gone: threading.Event = field(default_factory=threading.Event)
    untrue_since: dict[str, float] = field(default_factory=dict)
    longest: float = 0.0
    looks: int = 0
    complaints: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    """The machines that are cut off now."""

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Look until told to leave; while the store does not answer nothing is told."""
        while not self.gone.wait(0.5):
            try:
                runs = active_runs(self.cluster.store)
            except StoreError:
                self.untrue_since.clear()
                continue
            self.looks += 1
            self._compare(runs, time.monotonic())

    def _compare(self, runs: Sequence[Run], now: float) -> None:
        """Hold what was told at this moment against the processes, which take a moment more to be looked through."""
        working, starting = self._trainers()
        untrue = set()
        for run in runs:
            key = (run.id, run.attempt)
            if run.state == RunStatus.RUNNING and key not in working and key not in starting:
                untrue.add(f"run {run.id} was told running in attempt {run.attempt}, which nobody worked on")
            if (run.status not in IN_PROGRESS or run.state == RunStatus.INTERRUPTED) and key in working:
                untrue.add(f"run {run.id} was told {run.state}, but attempt {run.attempt} was worked on")
        self.untrue_since = {words: self.untrue_since.get(words, now) for words in untrue}
        for words, since in self.untrue_since.items():
            self.longest = max(self.longest, now - since)
            if now - since > TRUE_WITHIN_S:
                self.complaints.add(f"{words}, for more than {TRUE_WITHIN_S:.0f} s")

    def _trainers(self) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        """Run and attempt of each trainer that is at work and reaches the store, and of those that reach it in part."""
        working, starting = set(), set()
        for name in NAMES:
            for process in self.cluster.trainers(name):
                with contextlib.suppress(psutil.Error, ValueError, IndexError):
                    words, status = process.cmdline(), process.status()
                    key = (words[-2], int(words[-1]))
                    is_stopped = status in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
                    if not is_stopped and name not in self.cut:
                        starting.add(key)
                        if time.time() - process.create_time() > TRUE_WITHIN_S:
                            working.add(key)
        return working, starting


@dataclass
class Faults:
    """Does faults to the cluster's processes, drawn at random, and counts those that hit something."""

    cluster: Cluster
    onlooker: Onlooker
    random: random.Random
    server: "subprocess.Popen[bytes] | None" = None
    counts: Counter[str] = field(default_factory=Counter)

    def happen(self) -> None:
        """Do one fault that finds something to hit."""
        draw(self, _FAULTS, self.random, self.counts)

    def pause(self, seconds: tuple[float, float]) -> None:
        """Let a random time pass."""
        time.sleep(self.random.uniform(*seconds))

    def trainer(self) -> psutil.Process | None:
        """A trainer, wherever it works."""
        processes = [process for name in NAMES for process in self.cluster.trainers(name)]
        return self.random.choice(processes) if processes else None

    def machine(self) -> str:
        """A machine."""
        return self.random.choice(NAMES)

    def serve(self) -> None:
        """Start the pages' server."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        words = [sys.executable, "-m", "streamlit", "run", "dashboard/Home.py", "--server.headless", "true"]
        self.server = subprocess.Popen(
            [*words, "--server.port", port],
            cwd=ROOT,
            env={**self.cluster.environment, "LOOKBOOK_SUPERVISOR_HERE": "no"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self) -> None:
        """End what was started."""
        if self.server is not None:
            self.server.kill()
            self.server.wait()


def _signal_trainer(number: signal.Signals) -> Callable[[Faults], bool]:
    def fault(faults: Faults) -> bool:
        process = faults.trainer()
        with contextlib.suppress(psutil.Error):
            if process is not None:
                process.send_signal(number)
                return True
        return False

    return fault


def _kill_machine_process(faults: Faults) -> bool:
    """The process `jobs node` alone: Ray's part and its trainers go on, or not."""
    name = faults.machine()
    faults.cluster.machines[name].kill()
    faults.cluster.machines[name].wait()
    faults.pause(AWAY_S)
    faults.cluster.end_machine(name)
    faults.cluster.start_machine(name)
    return True


def _cut_power(name: str) -> Callable[[Faults], bool]:
    def fault(faults: Faults) -> bool:
        faults.cluster.end_machine(name)
        faults.pause(AWAY_S)
        faults.cluster.start_machine(name)
        return True

    return fault


def _suspend_machine(seconds: tuple[float, float]) -> Callable[[Faults], bool]:
    def fault(faults: Faults) -> bool:
        processes = faults.cluster.processes(faults.machine())
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        faults.pause(seconds)
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.resume()
        return bool(processes)

    return fault


def _cut_off(seconds: tuple[float, float]) -> Callable[[Faults], bool]:
    def fault(faults: Faults) -> bool:
        name = faults.machine()
        host = faults.cluster.host_of(name)
        host.cut_off()
        faults.onlooker.cut.add(name)
        faults.pause(seconds)
        host.reconnect()
        faults.onlooker.cut.discard(name)
        return True

    return fault


def _kill_supervisor(faults: Faults) -> bool:
    supervisor = faults.cluster.supervisor
    if supervisor is None:
        return False
    supervisor.kill()
    supervisor.wait()
    faults.pause(AWAY_S)
    faults.cluster.start_supervisor()
    return True


def _suspend_supervisor(faults: Faults) -> bool:
    supervisor = faults.cluster.supervisor
    if supervisor is None:
        return False
    supervisor.send_signal(signal.SIGSTOP)
    faults.pause(SHORT_S)
    supervisor.send_signal(signal.SIGCONT)
    return True


def _kill_server(faults: Faults) -> bool:
    faults.end()
    faults.serve()
    return True


def _kill_database(faults: Faults) -> bool:
    server = faults.cluster.server
    server.end(signal.SIGQUIT)
    faults.pause(AWAY_S)
    again = postgres.start(server.folder, server.port, server.address)
    faults.cluster.server = again
    return True


def _suspend_database(faults: Faults) -> bool:
    postmaster = psutil.Process(faults.cluster.server.process.pid)
    processes = [postmaster, *postmaster.children()]
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        faults.pause(SHORT_S)
    return True


_FAULTS: dict[str, tuple[int, Callable[[Faults], bool]]] = {
    "kill -9 of a trainer": (20, _signal_trainer(signal.SIGKILL)),
    "SIGTERM to a trainer": (8, _signal_trainer(signal.SIGTERM)),
    "SIGSTOP of a trainer": (12, _signal_trainer(signal.SIGSTOP)),
    "kill -9 of a machine's process": (5, _kill_machine_process),
    "power cut of a machine": (5, _cut_power("beta")),
    "power cut of the head": (4, _cut_power("alpha")),
    "a machine suspended, shorter than a lease": (6, _suspend_machine(SHORT_S)),
    "a machine suspended, longer than a lease": (4, _suspend_machine(LONG_S)),
    "a machine cut off, shorter than a lease": (7, _cut_off(SHORT_S)),
    "a machine cut off, longer than a lease": (5, _cut_off(LONG_S)),
    "kill -9 of the supervisor": (10, _kill_supervisor),
    "SIGSTOP and SIGCONT of the supervisor": (5, _suspend_supervisor),
    "kill -9 of the pages' server": (5, _kill_server),
    "database killed": (5, _kill_database),
    "database suspended": (4, _suspend_database),
}


def rage(
    made: Cluster, ids: Sequence[str], most: int, pause_s: float, chance: random.Random
) -> tuple[Faults, Onlooker]:
    """Do so many faults while the runs are done, then wait for all of them; return what was done and seen."""
    onlooker = Onlooker(made)
    faults = Faults(made, onlooker, chance)
    faults.serve()
    onlooker.start()
    try:
        while faults.counts.total() < most and _unfinished(made, ids):
            faults.happen()
            time.sleep(chance.expovariate(1 / pause_s))
        _drain(made, ids)
    finally:
        onlooker.gone.set()
        onlooker.join()
        faults.end()
    return faults, onlooker


def _unfinished(made: Cluster, ids: Sequence[str]) -> bool:
    try:
        return any(run.status != RunStatus.FINISHED for run in get_runs(made.store, ids))
    except StoreError:
        return True


def _drain(made: Cluster, ids: Sequence[str]) -> None:
    """Wait until all have ended; one that was given up after many deaths is resumed as a person would do."""
    deadline = time.monotonic() + DRAIN_S
    while _unfinished(made, ids) and time.monotonic() < deadline:
        for run in get_runs(made.store, ids):
            if run.status == RunStatus.FAILED and "died" in str(run.error_message):
                queue.resume(made.store, run.id)
        time.sleep(1)


def judge(made: Cluster, run_id: str, expected: Outcome) -> list[str]:
    """What is wrong with a run in the end."""
    run = get_run(made.store, run_id)
    if run.status != RunStatus.FINISHED:
        return [f"run {run_id} is {run.status}: {run.error_message}"]
    attempts = list_attempts(made.store, run_id)
    wrong = []
    if [attempt.attempt for attempt in attempts] != list(range(1, run.attempt + 1)):
        wrong.append(f"run {run_id} lacks an attempt")
    if [attempt.outcome for attempt in attempts].count("finished") != 1 or attempts[-1].outcome != "finished":
        wrong.append(f"run {run_id} was not finished exactly once, at the end")
    if any(
        not before.ended_at or before.ended_at > after.started_at
        for before, after in zip(attempts, attempts[1:], strict=False)
    ):
        wrong.append(f"the writes of two attempts at run {run_id} counted at the same time")
    got = outcome(made.store, run_id)
    differing = [name for name, value in vars(expected).items() if getattr(got, name) != value]
    return wrong + [f"run {run_id} differs from the one left in peace in its {name}" for name in differing]


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every rule holds and there were as many faults as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--faults", type=int, default=100, help="with fewer the benchmark counts as failed")
    parser.add_argument("--seed", type=int, default=0, help="decides which faults come when")
    parser.add_argument("--pause", type=float, default=3.0, help="mean seconds between two faults")
    parser.add_argument("--scaling", action="store_true", help="time the runs on two machines and on one")
    parser.add_argument("--cores", type=float, default=0.6, help="of each machine, with --scaling")
    chosen = parser.parse_args(arguments)
    if not can_be_made():
        parser.error("networks of its own need root and the command ip (Debian: apt-get install iproute2)")
    if not fashion_mnist.is_present(settings().data):
        parser.error(f"Fashion-MNIST is not in {settings().data}: run `python -m jobs data` first")
    if chosen.scaling:
        return scale(chosen.runs, chosen.cores)
    return endure(chosen.runs, chosen.faults, chosen.seed, chosen.pause)


def scale(runs: int, cores: float) -> int:
    """Time the runs on two machines and on one; return 0 only if two take at most MOST_OF_ONE of the time of one."""
    with tempfile.TemporaryDirectory(prefix="lookbook-cluster-") as folder, cluster(Path(folder), cores=cores) as made:
        two = _timed(made, runs)
        made.machines["beta"].terminate()
        wait_for(lambda: not made.processes("beta"), "beta to leave")
        one_s = _timed(made, runs)
    print(
        f"{runs} runs on machines of {cores} cores: {two:.0f} s on two, {one_s:.0f} s on one, {two / one_s:.2f} of the "
        f"time (target {MOST_OF_ONE})"
    )
    return int(two / one_s > MOST_OF_ONE)


def _timed(made: Cluster, runs: int) -> float:
    """The seconds that so many runs take, from the first that is queued to the end of the last."""
    config = config_of("cnn", threads=1, train_size=1_200, epochs=1, batch_size=32)
    began = time.monotonic()
    ids = queue.launch_all(made.store, config, seeds=runs)
    while _unfinished(made, ids):
        time.sleep(0.5)
    return time.monotonic() - began


def endure(runs: int, most: int, seed: int, pause_s: float) -> int:
    """Have runs done under fire; return 0 only if every rule holds and there were as many faults as asked for."""
    start, configs = time.monotonic(), kinds()
    with tempfile.TemporaryDirectory(prefix="lookbook-cluster-") as folder:
        expected = in_peace(Path(folder) / "peace", configs)
        with cluster(Path(folder)) as made:
            began = time.monotonic()
            ids = [queue.launch(made.store, configs[number % len(configs)]) for number in range(runs)]
            faults, onlooker = rage(made, ids, most, pause_s, random.Random(seed))
            took = time.monotonic() - began
            complaints = sorted(onlooker.complaints)
            for number, run_id in enumerate(ids):
                try:
                    complaints += judge(made, run_id, expected[number % len(configs)])
                except LookbookError as error:
                    complaints.append(str(error))
            attempts = sum(run.attempt for run in get_runs(made.store, ids))
    if faults.counts.total() < most:
        complaints.append(f"only {faults.counts.total()} faults were done, not {most}")
    _report(faults.counts, onlooker, complaints, seed)
    verdict = f"{len(complaints)} rules broken" if complaints else "every rule holds"
    print(
        f"{runs} runs in {attempts} attempts, {faults.counts.total()} faults in {took:.0f} s of "
        f"{time.monotonic() - start:.0f} s: {verdict}"
    )
    return int(bool(complaints))


def _report(counts: Counter[str], onlooker: Onlooker, complaints: Sequence[str], seed: int) -> None:
    console, table = Console(), Table("what", "how often", title=f"A cluster under fire, seed {seed}")
    for what, count in sorted(counts.items()):
        table.add_row(what, str(count))
    console.print(table)
    console.print(f"{onlooker.looks} looks; a state was untrue for {onlooker.longest:.1f} s at most")
    for complaint in complaints:
        console.print(f"[red]{complaint}")


if __name__ == "__main__":
    sys.exit(main())
