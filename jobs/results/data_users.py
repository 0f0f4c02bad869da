"""Which runs need a version of a data set: those that learnt from it, or are going to."""

from sqlalchemy import select

from core.datasets.versions import Version
from core.errors import DataSetError
from core.statistics.wording import counted, listed
from jobs.store.schema import runs
from jobs.store.store import Store

_MOST_NAMED = 10


def runs_that_need(store: Store, version: Version) -> list[tuple[str, str]]:
    """Id and name of every run whose configuration names the version, archived ones too."""
    query = select(runs.c.id, runs.c.name).where(runs.c.config["data"].as_string() == version.pinned)
    with store.reading() as connection:
        return [(run_id, name) for run_id, name in connection.execute(query.order_by(runs.c.id))]


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
