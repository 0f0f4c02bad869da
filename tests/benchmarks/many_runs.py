"""How long what pages read takes in a large store: python -m tests.benchmarks.many_runs --runs 10000.

The store has so many finished runs of so many epochs, each with its predictions for test and validation images, in
groups of three seeds; with --bare only the newest 99 have epochs and predictions. With --postgres it is moved into a
Postgres server of its own, which is timed too. Each query is asked once, when the machine may have to read the disk
first, and three times more, of which the slowest counts: it must be under a second. As on pages predictions are read
once, and nothing else is kept between two queries.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from core.architectures import ARCHITECTURES
from core.config import FASHION_MNIST
from jobs.copies.moving import move
from jobs.results.data_users import data_used
from jobs.results.fold_groups import list_fold_groups
from jobs.results.leaders import leader_of, list_costs, presets_with_runs
from jobs.store import queries
from jobs.store.filters import FINISHED, ORDERS, Filter
from jobs.store.store import Store
from tests import multiplied, stores
from tests.postgres import server

TARGET_S = 1.0
TIMES = 3
PAGE = 50
"""Runs on a page of the list."""
OFFERED = 200
"""Runs that a field offers at once."""


def page_queries(store: Store) -> dict[str, Callable[[], object]]:
    """What pages ask of the store, by what it is for."""
    ids = [run.id for run in queries.list_runs(store, limit=3)]
    total = queries.count_runs(store)
    read = cache(partial(queries.get_predictions, store))
    return {
        "Home: latest runs": lambda: queries.list_runs(store, FINISHED, limit=8),
        "Home: best run of each architecture": lambda: [
            leader_of(store, name, FASHION_MNIST, read) for name in ARCHITECTURES
        ],
        "Runs: costs of all finished runs": lambda: list_costs(store),
        "every page: queue and active runs": lambda: (queries.queue_state(store), queries.active_runs(store)),
        **{
            f"Runs: first page, {order}": partial(queries.list_runs, store, order=order, limit=PAGE) for order in ORDERS
        },
        "Runs: last page": lambda: queries.list_runs(store, limit=PAGE, offset=total - PAGE),
        "Runs: count, models and tags": lambda: (
            queries.count_runs(store),
            queries.known_models(store),
            queries.known_tags(store),
        ),
        "Runs: search for words": lambda: (
            queries.count_runs(store, Filter(search="resnet sweep")),
            queries.list_runs(store, Filter(search="resnet sweep"), limit=PAGE),
        ),
        "Runs: tag, model and data": lambda: queries.list_runs(
            store, Filter(tags=("sweep",), models=("cnn",), data=FASHION_MNIST), limit=PAGE
        ),
        "Runs: groups of seeds": lambda: queries.grouped_runs(store, queries.seed_group_ids(store)[:20]),
        "Data: k-fold groups": lambda: list_fold_groups(store),
        "pickers: names of the newest": lambda: queries.list_names(store, FINISHED, limit=OFFERED),
        "names of all finished runs": lambda: queries.list_names(store, FINISHED),
        "Launch: presets with runs": lambda: presets_with_runs(store, FASHION_MNIST),
        "data sets of all runs": lambda: data_used(store),
        "a run: by its id": lambda: queries.get_run(store, ids[0]),
        "a run: by its name": lambda: queries.find_run(store, ids[0][:6]),
        "a run: epochs of three": lambda: queries.list_epochs(store, ids),
        "a run: predictions of three": lambda: [queries.get_predictions(store, run_id) for run_id in ids],
    }


def timed(ask: Callable[[], object]) -> tuple[float, float]:
    """The seconds of the first time, and of the slowest of several more."""
    taken = []
    for _ in range(1 + TIMES):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return taken[0], max(taken[1:])


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every query is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--bare", action="store_true", help="without epochs and predictions but for the newest runs")
    parser.add_argument("--postgres", action="store_true", help="also of the same store in Postgres")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lookbook-many-")))
        measured = {"SQLite": stores.empty_store(folder)}
        start = time.perf_counter()
        multiplied.fill(measured["SQLite"], chosen.runs, chosen.epochs, bare=chosen.bare)
        size = Path(measured["SQLite"].place).stat().st_size
        print(f"filled in {time.perf_counter() - start:.0f} s; {size / 1e9:.2f} GB as a file", flush=True)
        if chosen.postgres:
            start = time.perf_counter()
            url = stack.enter_context(server()).url("postgres")
            measured["Postgres"] = move(measured["SQLite"], url)
            with measured["Postgres"].reading() as connection:
                bytes_used = connection.execute(select(func.pg_database_size("postgres"))).scalar_one()
            print(f"moved in {time.perf_counter() - start:.0f} s; {bytes_used / 1e9:.2f} GB in Postgres", flush=True)
        seconds = {
            name: {what: timed(ask) for what, ask in page_queries(store).items()} for name, store in measured.items()
        }
        for store in measured.values():
            store.engine.dispose()
    table = Table("", *(f"{name} ms, {when}" for name in measured for when in ("first", "then")))
    for what in seconds["SQLite"]:
        table.add_row(what, *(f"{1000 * taken:.0f}" for name in measured for taken in seconds[name][what]))
    Console(width=120).print(table)
    holds = all(then < TARGET_S for of_store in seconds.values() for _, then in of_store.values())
    print("every query is fast enough" if holds else f"a query takes more than {TARGET_S:.0f} s")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
