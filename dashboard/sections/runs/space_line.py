"""The room that the files of all runs take, and having back what no result needs."""

import streamlit as st

from dashboard import page, permitted
from dashboard.queries import run_queries
from dashboard.sections.runs.run_actions import act
from jobs.people import Role
from jobs.store.disk_space import space_words


def show() -> None:
    """One quiet line, with a button for admins where checkpoints of finished runs, whosever, are left."""
    spaces = run_queries.space()
    if not spaces:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="space"):
        st.caption(page.plain(space_words(spaces)), width="content")
        clearable = [space.run_id for space in spaces if space.clearable]
        if clearable and permitted.may(Role.ADMIN):
            st.button(
                "Clear these checkpoints",
                type="tertiary",
                on_click=act,
                args=("clear", clearable),
                help="Metrics, predictions and models of finished runs are kept.",
            )
