"""Which runs need a version of a data set: those that learnt from it, or are going to; and what a run has learnt."""

import re
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import func, select

from core.datasets.versions import Version, list_versions
from core.errors import DataSetError
from core.statistics.wording import counted, listed
from jobs.store.filters import data_column, learns_from
from jobs.store.schema import runs
from jobs.store.store import Store

_MOST_NAMED = 10
_ID = re.compile(r'"(\w+)"')


def runs_that_need(store: Store, version: Version) -> list[tuple[str, str]]:
    """Id and name of every run whose configuration names the version, archived ones too."""
    query = select(runs.c.id, runs.c.name).where(learns_from(version.pinned))
    with store.reading() as connection:
        return [(run_id, name) for run_id, name in connection.execute(query.order_by(runs.c.id))]


def data_behind(store: Store) -> dict[str, frozenset[str]]:
    """What each run by its id learns from, as RunConfig.data names it, with what is behind the runs that it builds on.

    Those are the run that it starts from and its companions; what is behind one that was deleted is not known.
    """
    builds_on = runs.c.config["start_from"].as_string(), runs.c.config["companions"].as_string()
    # A run builds on finished ones, which therefore come before it.
    query = select(runs.c.id, data_column, *builds_on).order_by(runs.c.created_at, runs.c.id)
    behind: dict[str, frozenset[str]] = {}
    with store.reading() as connection:
        for run_id, data, start, companions in connection.execute(query):
            earlier = [start, *_ID.findall(companions or "")]
            behind[run_id] = frozenset([data]).union(*(behind.get(name, ()) for name in earlier))
    return behind


def data_used(store: Store) -> frozenset[str]:
    """The data sets that runs learn from, as RunConfig.data names them; reads the configuration of every run."""
    with store.reading() as connection:
        return frozenset(connection.execute(select(data_column).distinct()).scalars())


def runs_stamp(store: Store) -> tuple[int, float | None]:
    """How many runs there are and when the newest was launched: with the same stamp they are the same runs."""
    with store.reading() as connection:
        count, newest = connection.execute(select(func.count(), func.max(runs.c.created_at))).one()
        return count, newest


def named_data(used: Collection[str], folder: Path) -> dict[str, str]:
    """Data sets that runs learn from, as data_used gives them, by what they are called in a data folder.

    Fashion-MNIST comes first, then the newest; one that has been removed from the folder is called by its hash.
    """
    known = {version.pinned: version.label for version in list_versions(folder) if version.pinned in used}
    return known | {data: data[:16] for data in sorted(set(used) - known.keys())}


def require_unused(store: Store, version: Version) -> None:
    """Raise DataSetError, with their names, where runs need a version."""
    users = runs_that_need(store, version)
    if not users:
        return
    names = listed([f"{name} ({run_id})" for run_id, name in users], _MOST_NAMED)
    raise DataSetError(
        f"{version.label} is needed by {counted(len(users), 'run')}: {names}.",
        "Delete the runs first, for without their images they cannot be explained or compared.",
    )
