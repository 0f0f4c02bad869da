"""What can be done with an imported version: a next one without its leaks, and its end."""

import streamlit as st

from core.datasets import repairing
from core.datasets.health import Health
from core.datasets.versions import Version
from core.errors import DataSetError, LookbookError
from core.statistics.wording import counted
from dashboard import page, pickers
from dashboard.queries import run_queries
from jobs.results.data_users import require_unused
from jobs.settings import settings
from jobs.tasks import data_changes


def show(version: Version, health: Health | None) -> None:
    """The repair where there are leaks, and Delete, which runs may forbid."""
    with st.container(horizontal=True):
        if health is not None and (health.leaks or health.validation_leaks):
            _offer_repair(version)
        with st.popover("Delete", icon=":material/delete:"):
            _offer_deletion(version)


def _offer_repair(version: Version) -> None:
    label = "Store a version without the copies of test images"
    st.button(label, icon=":material/healing:", key="repair", on_click=_repair, args=(version,))


def _repair(version: Version) -> None:
    """Store the next version, or find the equal one, and show it."""
    try:
        repaired = repairing.repair(settings().data, version)
        stored = repaired.plan.same or data_changes.store_version(run_queries.store(), repaired.plan)
    except LookbookError as error:
        page.notice(str(error))
        return
    pickers.change_url({"data": stored.pinned, "page": None})
    page.notice(f"Stored as {stored.label}: {counted(len(repaired.taken_out), 'image')} taken out.")


def _offer_deletion(version: Version) -> None:
    try:
        require_unused(run_queries.store(), version)
    except DataSetError as error:
        page.say(error)
        return
    st.write(page.plain(f"Delete {version.label} with its {counted(version.size, 'image')}? This cannot be undone."))
    st.button("Delete for good", key="delete_version", type="primary", on_click=_delete, args=(version,))


def _delete(version: Version) -> None:
    """Delete it unless a run has come to need it since the page was drawn."""
    try:
        data_changes.delete_version(run_queries.store(), version)
    except (LookbookError, OSError) as error:
        page.notice(str(error))
        return
    pickers.change_url({"data": None, "page": None, "class": None, "split": None})
    page.notice(f"Deleted {version.label}.")
