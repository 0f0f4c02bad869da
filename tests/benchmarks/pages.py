"""How fast every page answers with many runs in the store: python -m tests.benchmarks.pages [--runs 1000].

Makes a store in a temporary folder (100 epochs a run, all predictions), whose runs learnt from Fashion-MNIST and nine
other data sets of 2 to 200 classes, serves the dashboard and goes to each page in
a real Chromium, in two ways: from another page of the dashboard, and by its link in an empty tab, which loads
Streamlit itself too. Timed from the request to the moment when the script has run and all is drawn. Each page is
opened once to warm up and then measured. What is clicked on a page is timed likewise. The same is done with few runs
(--few 10), to see what the many cost. The targets are for the first way: each under a second at the median, and at
most twice its time with few runs; the second is told beside it, for most of it is the browser reading Streamlit.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table

from core.data import fashion_mnist
from core.datasets import opening
from jobs.results import duplicate_search
from jobs.settings import settings
from jobs.store.queries import get_run
from jobs.store.records import Run
from jobs.store.store import Store
from tests import own_data, stores
from tests.browser.conftest import Dashboard, running_browser, running_dashboard, settle
from tests.stores import Sample
from tests.studied import add_study

TARGET_S = 1.0
COLD_TARGET_S = 2.0
SLOWER_TARGET = 2.0
STORE_TARGET_MB = 400
MEMORY_TARGET_MB = 700
EPOCHS = 100
SETS = (
    (2, 300, 64, True), (3, 100, 28, False), (5, 200, 32, True), (8, 50, 64, True), (15, 60, 32, False),
    (37, 40, 32, True), (60, 20, 28, False), (100, 30, 32, True), (200, 10, 64, True),
)  # fmt: skip
"""Classes of each data set, images of each to learn from and as many for the test, side in pixels, colour."""

# What the browser does on "back": Streamlit then runs the page of the new address in the same session.
GO_TO = """address => {
  history.pushState({}, "", address)
  dispatchEvent(new PopStateEvent("popstate"))
}"""
HAS_OTHER_HEADING = """before => {
  const heading = document.querySelector("h1")
  return heading && heading.textContent !== before
}"""


@dataclass
class Times:
    """Seconds that a page took, each time it was opened or changed."""

    within: list[float]
    by_link: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """What one store came to: times by name, the first visit to a fresh server, and what it weighs."""

    times: dict[str, Times]
    cold_s: float
    store_mb: float
    memory_mb: float


def main() -> int:
    """Measure all pages and print a table; return 1 if a page misses the target."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=1000, help="finished runs in the store")
    arguments.add_argument("--few", type=int, default=10, help="finished runs in the store that it is held against")
    arguments.add_argument("--times", type=int, default=10, help="how often each page is opened in each way")
    chosen = arguments.parse_args()
    if chosen.times < 2:
        arguments.error("--times must be at least 2: one time has no spread")
    with running_browser() as browser:
        few = measure_store(browser, chosen.few, chosen.times)
        many = measure_store(browser, chosen.runs, chosen.times)
    report(many, few, chosen.runs, chosen.few)
    missed = [name for name in many.times if not holds(many.times[name], few.times[name])]
    weighs = many.store_mb > STORE_TARGET_MB or many.memory_mb > MEMORY_TARGET_MB
    return int(bool(missed) or weighs or many.cold_s > COLD_TARGET_S)


def measure_store(browser: Browser, runs: int, times: int) -> Measured:
    """All that is measured on a store with so many runs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dashboard(Path(folder), DATA=str(data_folder(Path(folder)))) as served,
        browser.new_context(viewport={"width": 1440, "height": 900}) as context,
    ):
        data = fashion_mnist.load(settings().data)
        truth = data.test_labels.astype(np.int64)
        of_each = max(2, runs // (1 + len(SETS)))
        many_classes = add_sets(served.store, Path(folder) / "data", of_each)
        ids = stores.fill(served.store, max(10, runs - of_each * len(SETS)), truth, epochs_done=EPOCHS, validated=True)
        store_mb = size_mb(Path(folder))
        stores.write_log(served.store, ids[-1], "a line of the log\n" * 2_000)
        add_study(served.store, ids[-1])
        add_groups(served.store, max(2, runs // 20), truth)
        duplicate_search.search(served.store, data)
        page = context.new_page()
        cold_s = opened_by_link(page, f"{served.address}/runs")
        measured = {
            name: measure(page, served.address, where, times) for name, where in views(ids, many_classes).items()
        }
        measured |= {name: Times(change(page, times)) for name, change in changes(served, ids).items()}
        return Measured(measured, cold_s, store_mb, memory_mb(served))


def data_folder(folder: Path) -> Path:
    """A data folder with the Fashion-MNIST of this installation, for others beside it."""
    data = folder / "data"
    data.mkdir()
    (data / "FashionMNIST").symlink_to((settings().data / "FashionMNIST").resolve())
    return data


def add_sets(store: Store, folder: Path, runs: int) -> list[Run]:
    """Store the data sets of SETS with so many runs on each; return those on the one of the most classes."""
    for classes, of_each, side, colour in SETS:
        version = own_data.store_colours(folder, f"{classes} kinds", classes, of_each, side=side, colour=colour)
        opened = opening.open_version(folder, version.hash)
        ids = stores.fill(store, runs, epochs_done=EPOCHS, validated=True, data=opened)
    return [get_run(store, run_id) for run_id in ids]


def views(ids: list[str], many_classes: list[Run]) -> dict[str, str]:
    """What is opened, by name: every page, a run in each of its sections, and what differs with `many_classes`."""
    run, pair = f"run={ids[-1]}", "&".join(f"run={run_id}" for run_id in ids[-2:])
    ten = "&".join(f"run={run_id}" for run_id in ids[-10:])
    groups = "&".join(f"group=group{number}" for number in range(2))
    sections = ("curves", "classes", "confusion", "calibration", "faults", "config", "log", "files")
    return {
        "Home": "",
        "Launch": "launch",
        "Runs": "runs",
        "Runs, last page": f"runs?page={max(1, len(ids) // 50)}",
        "Runs, searched": "runs?search=resnet18",
        "Runs, groups": "runs?by=groups",
        "Runs, costs": "runs?by=costs",
        **{f"Run, {section}": f"runs?{run}&section={section}" for section in sections},
        "Compare two": f"compare?{pair}",
        "Compare ten": f"compare?{ten}",
        "Compare recipes": f"compare?by=recipes&{groups}",
        "Explore": f"explore?{run}",
        "Explore, a cell": f"explore?{run}&true=6&predicted=0",
        "Explore, an image": f"explore?{run}&image=7",
        "Explore, the map": f"explore?{run}&section=map",
        "Predict": f"predict?{run}",
        "Data": "data",
        "Data, suspects": f"data?section=suspects&{run}",
        "Data, duplicates": "data?section=duplicates",
        **views_of_classes(*many_classes[-2:]),
    }


def views_of_classes(first: Run, second: Run) -> dict[str, str]:
    """What is opened of two runs on a data set of many classes."""
    run, data = f"run={first.id}", f"data={first.config.data}"
    return {
        "Runs, one data set": f"runs?{data}",
        "Launch, 200 classes": f"launch?{data}",
        "Run, 200 classes": f"runs?{run}&section=classes",
        "Run, matrix of 200": f"runs?{run}&section=confusion",
        "Compare two, 200 classes": f"compare?{run}&run={second.id}",
        "Explore, 200 classes": f"explore?{run}",
        "Explore, one of 200": f"explore?{run}&classes=class-150",
        "Explore, difference of 200": f"explore?{run}&against={second.id}&unit=difference",
        "Explore, an image of 200": f"explore?{run}&image=7",
        "Predict, 200 classes": f"predict?{run}",
        "Data, 200 classes": f"data?{data}",
    }


def add_groups(store: Store, count: int, truth: np.ndarray) -> None:
    """Put so many groups of three seeds into the store, of one model and of the other in turn."""
    for number in range(count):
        for seed in range(3):
            model, columns = ("cnn", "resnet18")[number % 2], {"group_id": f"group{number}"}
            stores.add(store, Sample(model, seed, columns=columns), truth)


def changes(served: Dashboard, ids: list[str]) -> dict[str, Callable[[Page, int], list[float]]]:
    """What is clicked or typed on a page, by name: each gives the seconds of so many times."""

    def cells(page: Page, times: int) -> list[float]:
        page.goto(f"{served.address}/explore?run={ids[-1]}")
        settle(page)
        places = [(true, predicted) for true in (6, 0, 2, 4) for predicted in (0, 2, 4, 6) if true != predicted]
        return [clicked(page, *places[number % len(places)]) for number in range(times + 1)][1:]

    def filters(page: Page, times: int) -> list[float]:
        page.goto(f"{served.address}/runs")
        settle(page)
        return [searched(page, f"seed {number}") for number in range(times + 1)][1:]

    return {"A cell to its gallery": cells, "A filter of the runs": filters}


def clicked(page: Page, true: int, predicted: int) -> float:
    """Seconds from the click on a cell of the matrix until its gallery is there."""
    began = time.perf_counter()
    page.locator(f'button[data-row="{true}"][data-column="{predicted}"]').click()
    page.wait_for_url(f"**true={true}&predicted={predicted}*")
    settle(page)
    return time.perf_counter() - began


def searched(page: Page, words: str) -> float:
    """Seconds from the end of typing into the search field until the table is there."""
    field_of_search = page.get_by_label("Search", exact=True)
    field_of_search.fill(words)
    began = time.perf_counter()
    field_of_search.press("Enter")
    page.wait_for_url("**search=*" + words.replace(" ", "*"))
    settle(page)
    return time.perf_counter() - began


def size_mb(folder: Path) -> float:
    """The store's file with its write-ahead log, in millions of bytes."""
    return sum(path.stat().st_size for path in folder.glob("runs.db*")) / 1e6


def memory_mb(served: Dashboard) -> float:
    """What the server holds in memory, in millions of bytes."""
    port = served.address.rpartition(":")[2]
    (server,) = (process for process in psutil.Process().children() if port in process.cmdline())
    return float(server.memory_info().rss / 1e6)


def measure(page: Page, address: str, where: str, times: int) -> Times:
    """The times of one page, after one opening in each way that does not count."""
    by_link = [opened_by_link(page, f"{address}/{where}") for _ in range(times + 1)]
    elsewhere = f"{address}/launch" if not where.startswith("launch") else f"{address}/runs"
    within = []
    for _ in range(times + 1):
        gone_to(page, elsewhere)
        within.append(gone_to(page, f"{address}/{where}"))
    return Times(within[1:], by_link[1:])


def opened_by_link(page: Page, address: str) -> float:
    """Seconds from leaving a blank page until the view is complete."""
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(address)
    settle(page)
    return time.perf_counter() - began


def gone_to(page: Page, address: str) -> float:
    """Seconds from leaving another page of the dashboard, one with another heading, until the view is complete."""
    before = page.locator("h1").first.text_content()
    began = time.perf_counter()
    page.evaluate(GO_TO, address)
    page.wait_for_function(HAS_OTHER_HEADING, arg=before)
    settle(page)
    return time.perf_counter() - began


def middle_and_tail(times: list[float]) -> tuple[float, ...]:
    """Median and 95th percentile, interpolated; nothing of nothing."""
    return (statistics.median(times), statistics.quantiles(times, n=20, method="inclusive")[-1]) if times else ()


def holds(many: Times, few: Times) -> bool:
    """Whether a page keeps to its targets with many runs."""
    median = statistics.median(many.within)
    return median < TARGET_S and median <= SLOWER_TARGET * statistics.median(few.within)


def report(many: Measured, few: Measured, runs: int, few_runs: int) -> None:
    """Print the times of each page, and whether it holds the targets; with what else the machine had to do."""
    table = Table(title=f"Seconds until a page is complete, {runs:,} finished runs ({few_runs} in the last column)")
    for column in ("page", "n", "within: median", "p95", "by link: median", "p95 ", f"with {few_runs}", ""):
        table.add_column(column, justify="left" if column in ("page", "") else "right")
    for name, timed in many.times.items():
        ways = [f"{value:.2f}" for times in (timed.within, timed.by_link) for value in middle_and_tail(times)]
        before = f"{statistics.median(few.times[name].within):.2f}"
        held = "ok" if holds(timed, few.times[name]) else "MISSED"
        table.add_row(name, str(len(timed.within)), *ways, *[""] * (4 - len(ways)), before, held)
    Console().print(table)
    print(
        f"first visit to the runs by link, fresh server: {many.cold_s:.2f} s (target {COLD_TARGET_S:g} s); "
        f"store {many.store_mb:.0f} MB (target {STORE_TARGET_MB}), server {many.memory_mb:.0f} MB "
        f"(target {MEMORY_TARGET_MB})"
    )
    if hasattr(os, "getloadavg"):
        print(
            f"{os.cpu_count()} cores; load of the last minutes {', '.join(f'{load:.1f}' for load in os.getloadavg())}"
        )


if __name__ == "__main__":
    sys.exit(main())
