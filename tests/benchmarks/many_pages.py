"""How fast pages are with very many runs: python -m tests.benchmarks.many_pages --runs 10000 [--bare] [--postgres].

Makes a store of so many finished runs of 100 epochs in groups of three seeds, with all predictions, or --bare: then all
but the newest 99 have neither epochs nor predictions. With --postgres it is in a Postgres server of its own. Serves the
dashboard and goes from another page of it to each page in a real Chromium, once to warm up and then --times more. Timed
from the request to the moment when the script has run and all is drawn; the median must be under --target seconds. What
the server computed for it is told beside it.
With --url a store is measured that is already there.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import Page
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from jobs.store.filters import Filter
from jobs.store.queries import count_runs, list_runs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store, open_store
from tests import multiplied
from tests.benchmarks.pages import gone_to, opened_by_link
from tests.browser.conftest import Dashboard, running_browser, running_dashboard
from tests.postgres import server

EPOCHS = 100
WIDTH = 140
PATIENCE_MS = 120_000


def views(store: Store) -> dict[str, str]:
    """What is opened, by name: every page, and the views of runs that grow with them."""
    newest = list_runs(store, Filter(statuses=(RunStatus.FINISHED,)), limit=2)
    run, pair = f"run={newest[0].id}", "&".join(f"run={each.id}" for each in newest)
    groups = "&".join(f"group={group}" for group in dict.fromkeys(each.group_id for each in _of_two_groups(store)))
    last = max(1, count_runs(store) // 50)
    return {
        "Home": "",
        "Launch": "launch",
        "Runs": "runs",
        "Runs, last page": f"runs?page={last}",
        "Runs, searched": "runs?search=resnet18",
        "Runs, by accuracy": "runs?order=test+accuracy",
        "Runs, groups": "runs?by=groups",
        "Runs, costs": "runs?by=costs",
        "A run": f"runs?{run}",
        "Compare, nothing chosen": "compare",
        "Compare, two runs": f"compare?{pair}",
        "Compare, recipes": f"compare?by=recipes&{groups}",
        "Explore": f"explore?{run}",
        "Predict": f"predict?{run}",
        "Data": "data",
        "Data, label issues": f"data?section=suspects&{run}",
        "Team": "team",
        "Team, record": "team?section=record",
    }


def _of_two_groups(store: Store) -> list[Run]:
    """The newest run of each of two groups."""
    runs = {run.group_id: run for run in list_runs(store, limit=9) if run.group_id}
    return list(runs.values())[:2]


@dataclass
class Taken:
    """What a page took, each time it was opened after the first, in seconds."""

    elapsed: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)
    """Of these, what the server computed on one core: what else the machine does changes it little."""


def timed(served: Dashboard, opened: dict[str, str], times: int) -> dict[str, Taken]:
    """Open each page once to warm up, then so many times more."""
    port = served.address.rpartition(":")[2]
    (process,) = (child for child in psutil.Process().children() if port in child.cmdline())
    with running_browser() as browser, browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        opened_by_link(page, served.address)
        taken = {name: Taken() for name in opened}
        for name, where in opened.items():
            for _ in range(times + 1):
                _leave(page, served.address, where)
                before = _computed(process)
                taken[name].elapsed.append(gone_to(page, f"{served.address}/{where}"))
                taken[name].computed.append(_computed(process) - before)
            print(name, *(f"{each:.2f}" for each in taken[name].elapsed), flush=True)
    return {name: Taken(each.elapsed[1:], each.computed[1:]) for name, each in taken.items()}


def _leave(page: Page, address: str, where: str) -> None:
    """Go to another page than the one that is measured next."""
    elsewhere = f"{address}/{'runs' if where.startswith('launch') else 'launch'}"
    if not page.url.startswith(elsewhere):
        gone_to(page, elsewhere)


def _computed(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def made(stack: ExitStack, folder: Path, runs: int, *, bare: bool, postgres: bool) -> str:
    """Make a store of so many runs and return its URL; says how long that took and how large it is."""
    url = stack.enter_context(server()).url("postgres") if postgres else f"sqlite:///{folder / 'many.db'}"
    start = time.perf_counter()
    store = open_store(url, folder / "artifacts")
    multiplied.fill(store, runs, EPOCHS, bare=bare)
    store.engine.dispose()
    print(f"{runs:,} runs made in {time.perf_counter() - start:.0f} s", flush=True)
    return url


def report(taken: dict[str, Taken], target_s: float, title: str) -> bool:
    """Print the times of each page; return whether each keeps to the target."""
    table = Table("page", "n", "median", "slowest", "computed", "", title=title)
    medians = {name: statistics.median(of_page.elapsed) for name, of_page in taken.items()}
    for name, of_page in taken.items():
        times = (medians[name], max(of_page.elapsed), statistics.median(of_page.computed))
        held = "ok" if medians[name] < target_s else "MISSED"
        table.add_row(name, str(len(of_page.elapsed)), *(f"{each:.2f}" for each in times), held)
    Console(width=WIDTH).print(table)
    if hasattr(os, "getloadavg"):
        loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
        print(f"{os.cpu_count()} cores; load of the last minutes {loads}")
    return all(median < target_s for median in medians.values())


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every page keeps to the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--bare", action="store_true", help="without epochs and predictions but for the newest runs")
    parser.add_argument("--postgres", action="store_true", help="in Postgres instead of SQLite")
    parser.add_argument("--url", help="measure the store at this URL instead of making one")
    parser.add_argument("--times", type=int, default=5, help="how often each page is opened")
    parser.add_argument("--target", type=float, default=1.0, help="seconds that no page may take")
    parser.add_argument("--only", default="", help="pages whose name has this in it")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lookbook-many-")))
        url = chosen.url or made(stack, folder, chosen.runs, bare=chosen.bare, postgres=chosen.postgres)
        store = open_store(url, folder / "artifacts")
        opened = {name: where for name, where in views(store).items() if chosen.only in name}
        title = f"Seconds until a page is complete, {count_runs(store):,} runs, {make_url(url).get_backend_name()}"
        store.engine.dispose()
        served = stack.enter_context(running_dashboard(folder, DATABASE_URL=url))
        return int(not report(timed(served, opened, chosen.times), chosen.target, title))


if __name__ == "__main__":
    sys.exit(main())
