"""What is told outside: the latest deliveries with their problems, and another try."""

import pandas as pd
import streamlit as st

from core.errors import LookbookError
from dashboard import page
from dashboard.queries import run_queries
from jobs.reports.team.team_tables import deliveries_table
from jobs.settings import settings
from jobs.team import deliveries

_SHOWN = 100


def show() -> None:
    """The table, and the button where something was not delivered; where nothing is told outside, how that is set."""
    if settings().webhook_url is None:
        st.caption("Nothing is told outside: LOOKBOOK_WEBHOOK_URL names no receiver.")
    listed = deliveries.list_deliveries(run_queries.store(), _SHOWN)
    if not listed:
        st.write("Nothing has been told yet.")
        return
    if any(delivery.delivered_at is None for delivery in listed):
        st.button("Try again what was not delivered", icon=":material/replay:", key="retry", on_click=_retry)
    told = deliveries_table(listed, page.moment)
    page.table(pd.DataFrame(told.rows, columns=list(told.header)).set_index("Id"))
    if len(listed) == _SHOWN:
        st.caption(f"The latest {_SHOWN}; `python -m jobs deliveries` lists all.")


def _retry() -> None:
    try:
        count = deliveries.retry(run_queries.store())
    except LookbookError as error:
        page.notice(str(error))
        return
    page.notice(f"{deliveries.counted(count)} to be tried again.")
