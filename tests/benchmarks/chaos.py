"""Runs under fire: python -m tests.benchmarks.chaos --minutes 3 --seed 0 [--postgres].

Real runs on the real data are trained while their processes are killed and suspended, their store is held locked, and
they are stopped and resumed, at random moments: storms of faults with calms between them. Runs with the same
configurations are left in peace in another store. In the end every rule must hold: no run lost, none worked on twice,
every state told truly, by the command line too, no more than a minute of work repeated by any attempt, and every epoch
figure, prediction and weight bit for bit as in peace.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import torch
from rich.console import Console
from rich.table import Table
from torchvision.models import resnet18

from core.config import RunConfig
from core.data import fashion_mnist
from core.errors import LookbookError
from core.presets import config_of
from jobs.copies.backup import backup
from jobs.running import background, queue
from jobs.running.background import ensure_supervisor
from jobs.running.queue import set_slots
from jobs.settings import settings, sqlite_url
from jobs.store import locks, run_files
from jobs.store.queries import active_runs, get_run, list_attempts, list_runs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, open_store
from tests import stores
from tests.benchmarks.faults import Faults
from tests.benchmarks.visitor import TRUE_WITHIN_S, Visitor
from tests.jobs.working import Outcome, clear_away, outcome
from tests.postgres import Server, server

SLOTS = 2
STORM_S, CALM_S = 24.0, 12.0
LONGEST = 3
"""Faults go on past the time given, at most for so many times as long, until there were as many as asked for."""
MOST_REPEATED_S = 60.0
"""Of the work of an attempt that was cut off, the next one may repeat so much."""
DRAIN_S = 900.0
"""How long after the last fault all runs may take to finish."""


def kinds(weights: Path) -> list[RunConfig]:
    """The configurations of the runs: small ones, of both architectures, with and without augmentation.

    One begins with the weights of this file, most of which stay as they are.
    """
    scratch = {"model": "resnet18", "input_size": 32, "augmentation": "flip-rotate-jitter"}
    pretrained = {"weights_file": str(weights), "input_size": 32}
    return [
        config_of("cnn", threads=1, train_size=300, batch_size=8, epochs=2, seed=1),
        config_of("resnet18", threads=1, train_size=200, batch_size=16, epochs=2, seed=6, **pretrained),
        config_of("cnn", threads=1, train_size=200, batch_size=16, epochs=1, seed=5, **scratch),
        config_of("cnn", threads=1, train_size=200, batch_size=16, epochs=3, seed=2),
        config_of("cnn", threads=1, train_size=600, batch_size=16, epochs=1, seed=3),
        config_of("cnn", threads=1, train_size=300, batch_size=8, epochs=2, seed=4, augmentation="none"),
    ]


@dataclass
class Chaos:
    """One benchmark: its stores, its runs and what was found wrong."""

    folder: Path
    runs: int
    seed: int
    longest_lock_s: float
    within_s: float
    server: Server | None = None
    """Where the stores are; None for SQLite."""
    console: Console = field(default_factory=Console)
    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    most_repeated_s: float = 0.0

    def __post_init__(self) -> None:
        self.peace = self._store("peace")
        self.war = self._store("war")
        torch.manual_seed(0)
        torch.save(resnet18(weights=None).state_dict(), self.folder / "weights.pth")
        self.kinds = kinds(self.folder / "weights.pth")[: max(2, self.runs // 3)]

    def _store(self, name: str) -> Store:
        (self.folder / name).mkdir()
        url = self.server.url(self.server.new_database()) if self.server else sqlite_url(self.folder / name / "runs.db")
        store = open_store(url, self.folder / name / "artifacts")
        set_slots(store, SLOTS)
        return store

    def leave_in_peace(self) -> list[Outcome]:
        """What a run of each kind comes to when nobody disturbs it."""
        ids = [queue.launch(self.peace, kind) for kind in self.kinds]
        self._wait(self.peace)
        clear_away(self.peace)
        return [outcome(self.peace, run_id) for run_id in ids]

    def rage(self, seconds: float, most: int, pause_s: float) -> list[str]:
        """Queue the runs and do faults to them for a time, and until there were enough; return their ids in the end."""
        with Visitor(self.war, within_s=self.within_s) as self.visitor:
            ids = self._rage(seconds, most, pause_s)
        self.counts.update(self.visitor.counts)
        self.complaints += self.visitor.complaints
        return ids

    def _rage(self, seconds: float, most: int, pause_s: float) -> list[str]:
        ids = [queue.launch(self.war, self.kinds[number % len(self.kinds)]) for number in range(self.runs)]
        chance = random.Random(self.seed)
        faults = Faults(self.war, self.visitor, chance, longest_lock_s=self.longest_lock_s)
        start = time.monotonic()
        for storming in storms(pause_s, chance):
            elapsed = time.monotonic() - start
            enough = elapsed > seconds and faults.counts.total() >= most
            if enough or elapsed > LONGEST * seconds or not active_runs(self.war):
                break
            if not storming:
                continue
            try:
                faults.one()
            except LookbookError as error:
                # The store that a fault holds locked is locked for this process too.
                self.counts[f"faults that failed ({error.kind})"] += 1
            self.visitor.disturbed()
        faults.settle()
        self._wait(self.war)
        self.counts.update(faults.counts)
        self.faults = faults.counts.total()
        return ids

    def _wait(self, store: Store) -> None:
        """Look until every run is finished; one that is stopped, or given up, is resumed as a person would do."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline:
            ended = [run for run in list_runs(store) if not run.is_active]
            for run in ended:
                given_up = run.status == RunStatus.FAILED and "died" in str(run.error_message)
                self.counts["given up after many deaths, resumed by hand"] += given_up
                if given_up or run.status == RunStatus.STOPPED:
                    queue.resume(store, run.id)
            if not active_runs(store):
                return
            ensure_supervisor(store)
            time.sleep(0.5)

    def judge(self, ids: list[str], expected: list[Outcome]) -> None:
        """Check every rule; what does not hold becomes a complaint."""
        for number, run_id in enumerate(ids):
            run = get_run(self.war, run_id)
            self.complaints += self._faults_of(run, expected[number % len(self.kinds)])
            self.counts["attempts"] += run.attempt
            self.counts[f"runs {run.status}"] += 1
        self.complaints += [f"run {run.id} was never launched" for run in list_runs(self.war) if run.id not in ids]
        clear_away(self.war)
        try:
            backup(self.war, self.folder / "war.backup")
            stores.check_database(self.folder / "war.backup")
        except LookbookError as error:
            self.complaints.append(str(error))

    def _faults_of(self, run: Run, expected: Outcome) -> Iterator[str]:
        if run.status != RunStatus.FINISHED:
            yield f"run {run.id} is {run.status}: {run.error_message}"
            return
        made = list_attempts(self.war, run.id)
        if [attempt.attempt for attempt in made] != list(range(1, run.attempt + 1)):
            yield f"run {run.id} lacks an attempt"
        if [attempt.outcome for attempt in made].count("finished") != 1 or made[-1].outcome != "finished":
            yield f"run {run.id} was not finished exactly once, at the end"
        if any(
            not attempt.ended_at or attempt.ended_at > after.started_at
            for attempt, after in zip(made, made[1:], strict=False)
        ):
            yield f"run {run.id} was worked on twice at the same time"
        for attempt, seconds in self.visitor.witness.repeated_s(self.war, run.id):
            self.most_repeated_s = max(self.most_repeated_s, seconds)
            if seconds > MOST_REPEATED_S:
                yield f"run {run.id} repeated {seconds:.0f} s of work in attempt {attempt}"
        got = outcome(self.war, run.id)
        for name, value in vars(expected).items():
            if getattr(got, name) != value:
                yield f"run {run.id} differs from the one left in peace in its {name}"
        lock = run_files.files_of(self.war, run.id).lock
        if locks.is_held(lock) and psutil.pid_exists(background.holder(lock) or 0):
            self.counts["trainers that were still leaving"] += 1

    def report(self) -> None:
        """Print the counts and what was found wrong."""
        table = Table("what", "how often", title=f"Chaos, seed {self.seed}")
        for what, count in sorted(self.counts.items()):
            table.add_row(what, str(count))
        self.console.print(table)
        self.console.print(f"at most {self.most_repeated_s:.0f} s of work repeated by an attempt")
        for complaint in self.complaints:
            self.console.print(f"[red]{complaint}")


def storms(pause_s: float, chance: random.Random) -> Iterator[bool]:
    """Random moments: True in a storm, False in a calm, in which everything must come right again."""
    start = time.monotonic()
    while True:
        yield (time.monotonic() - start) % (STORM_S + CALM_S) < STORM_S
        time.sleep(chance.expovariate(1 / pause_s))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every rule holds and there were as many runs and faults as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3, help="how long faults are done")
    parser.add_argument("--seed", type=int, default=0, help="decides which faults come when")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--faults", type=int, default=100, help="with fewer the benchmark counts as failed")
    parser.add_argument("--pause", type=float, default=0.8, help="mean seconds between two faults of a storm")
    parser.add_argument("--longest-lock", type=float, default=60, help="most seconds that the store is held locked")
    parser.add_argument("--within", type=float, default=TRUE_WITHIN_S, help="seconds until a run has to go on")
    parser.add_argument("--postgres", action="store_true", help="of stores in a Postgres server of its own")
    chosen = parser.parse_args(arguments)
    if not fashion_mnist.is_present(settings().data):
        parser.error(f"Fashion-MNIST is not in {settings().data}: run `python -m jobs data` first")
    start = time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lookbook-chaos-"))
        postgres = stack.enter_context(server()) if chosen.postgres else None
        chaos = Chaos(Path(folder), chosen.runs, chosen.seed, chosen.longest_lock, chosen.within, postgres)
        try:
            expected = chaos.leave_in_peace()
            ids = chaos.rage(60 * chosen.minutes, chosen.faults, chosen.pause)
            chaos.judge(ids, expected)
        finally:
            clear_away(chaos.peace)
            clear_away(chaos.war)
        if chaos.faults < chosen.faults:
            chaos.complaints.append(f"only {chaos.faults} faults were done, not {chosen.faults}")
        chaos.report()
    verdict = f"{len(chaos.complaints)} rules broken" if chaos.complaints else "every rule holds"
    print(f"{chosen.runs} runs, {chaos.faults} faults, {time.monotonic() - start:.0f} s: {verdict}")
    return int(bool(chaos.complaints))


if __name__ == "__main__":
    sys.exit(main())
