"""Home: how are we doing? The best of each model, what is at work, and the latest runs."""

import time
from functools import partial

import streamlit as st

from core.presets import PRESETS, config_of
from dashboard import page, permitted
from dashboard.elements.run_table import run_table
from dashboard.queries import run_queries
from dashboard.sections.home import best_models, inbox_panel
from dashboard.sections.launch.launch_once import launch_once
from dashboard.sections.runs import queue_panel, run_dialogs
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.run_rows import run_rows
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.store.filters import Filter
from jobs.store.queries import active_runs, list_runs
from jobs.store.records import RunStatus
from jobs.team.members import names_of

LATEST = 5
ENDED = (RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED)


def say_hello() -> None:
    """What this is, for a store without runs, and the way to a first one."""
    st.write(
        "Lookbook trains image classifiers on Fashion-MNIST: 70,000 small grey images of clothing in ten classes. "
        "Launch a run and watch it train, compare it with others, look at the images it gets wrong, and let it "
        "classify your own photos. Runs train in the background: you can close this page."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if permitted.may(Role.LAUNCH) and st.button(
            "Launch a one-minute run", type="primary", icon=":material/rocket_launch:"
        ):
            launch_once(config_of("quick"), name=PRESETS["quick"].title)
        page.link("All presets and settings", "launch")
        page.link("Browse the data", "data")


def open_run(run_id: str) -> None:
    """Remember which run of the table was opened."""
    st.session_state["opened_run"] = run_id


run_dialogs.answer()
page.title("Lookbook", "How are we doing?")
permitted.say_missing({"launching and stopping runs": Role.LAUNCH})
inbox_panel.show()
active = active_runs(run_queries.store())
latest = list_runs(run_queries.store(), Filter(statuses=ENDED), limit=LATEST)
if active or latest:
    best_models.show()
    if active:
        st.subheader("Running and queued", anchor=False)
        queue_panel.show_queue()
    if latest:
        st.subheader("Latest runs", anchor=False)
        rows = run_rows(latest, time.time(), page.zone(), names_of(run_queries.store()))
        run_table(rows, "Latest runs", key="latest", on_open=open_run)
    with st.container(horizontal=True, vertical_alignment="center", key="home_along"):
        page.link("All runs", "runs")
        if latest:
            csv_button("CSV of these runs", partial(csv_tables.runs, permitted.told_of(latest)), "latest-runs")
else:
    say_hello()
if opened := st.session_state.pop("opened_run", None):
    page.go_to("runs", run=opened)
