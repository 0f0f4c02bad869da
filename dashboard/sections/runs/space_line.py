"""The room that the files of all runs take, and having back what no result needs."""

import streamlit as st

from dashboard import page
from dashboard.queries import run_queries
from dashboard.sections.runs.run_actions import act
from jobs.store.disk_space import space_words


def show() -> None:
    """One quiet line, with a button where checkpoints of finished runs are left."""
    spaces = run_queries.space()
    if not spaces:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="space"):
        st.caption(page.plain(space_words(spaces)), width="content")
        if clearable := [space.run_id for space in spaces if space.clearable]:
            st.button(
                "Clear these checkpoints",
                type="tertiary",
                on_click=act,
                args=("clear", clearable),
                help="Metrics, predictions and models of finished runs are kept.",
            )
