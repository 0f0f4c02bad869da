"""Which runs need a version of a data set: those that learnt from it, or are going to."""

from sqlalchemy import select

from core.datasets.versions import Version
from core.errors import DataSetError
from core.statistics.wording import counted, listed
from jobs.store.schema import runs
from jobs.store.store import Store

_MOST_NAMED = 10
_SHORTEST_PREFIX = 4


def runs_that_need(store: Store, version: Version) -> list[tuple[str, str]]:
    """Id and name of every run whose configuration names the version, archived ones too."""
    with store.reading() as connection:
        rows = connection.execute(select(runs.c.id, runs.c.name, runs.c.config).order_by(runs.c.id)).all()
    return [(run_id, name) for run_id, name, config in rows if isinstance(config, dict) and _names(config, version)]


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


def _names(config: dict[str, object], version: Version) -> bool:
    """By the hash or its beginning; a name, with or without a number, may mean this version too."""
    words = config.get("data")
    if not isinstance(words, str) or not words:
        return False
    by_hash = len(words) >= _SHORTEST_PREFIX and version.hash.startswith(words.lower())
    return by_hash or words.casefold() in (version.name.casefold(), version.label.casefold())
