"""Data sets that people store or delete: who may, and that it is kept who did."""

import shutil
from contextlib import ExitStack

from core.datasets import versions
from core.datasets.importing import Plan
from core.datasets.versions import Version
from jobs.people import Role
from jobs.results.data_users import require_unused
from jobs.settings import settings
from jobs.store.store import Store
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing, require


def store_version(store: Store, plan: Plan) -> Version:
    """Store what a plan comes to; raise NotAllowed, or DataSetError as the plan does."""
    require(store, Role.LAUNCH)
    stored = plan.store(settings().data)
    with changing(store, Role.LAUNCH) as connection:
        subject = data_set_words(stored)
        change_record.append(connection, store.by, Action.STORED, subject=subject, after=stored.pinned)
    return stored


def delete_version(store: Store, version: Version) -> None:
    """Delete a version that no run needs; raise NotAllowed, DataSetError where runs need it, or OSError.

    It is gone at one stroke, with the entry in the record; its files are removed afterwards, while others write.
    """
    folder = settings().data
    with ExitStack() as undo:
        with changing(store, Role.LAUNCH) as connection:
            require_unused(store, version)
            subject = data_set_words(version)
            change_record.append(connection, store.by, Action.DELETED, subject=subject, before=version.pinned)
            aside = versions.set_aside(folder, version)
            undo.callback(versions.put_back, folder, version, aside)
        undo.pop_all()
    shutil.rmtree(aside)


def data_set_words(version: Version) -> str:
    """What the record of changes calls a version."""
    return f"data set {version.label}"
