"""The machines of a cluster, and what each does, under the queue."""

import streamlit as st

from core.statistics import wording
from dashboard import page, permitted
from dashboard.queries import run_queries
from jobs.machines.nodes import Node, cpu_slots, gpu_slots, list_nodes
from jobs.machines.usable import why_unusable
from jobs.reports.team import machine_tables
from jobs.settings import settings
from jobs.store.queries import active_runs
from jobs.supervising.waiting import OTHER_VERSION, other_versions

REFRESH_S = 5.0


def show_machines() -> None:
    """What takes part, where there is a cluster; names, processors and versions only for who may see places."""
    if settings().has_cluster:
        page.live(_show, REFRESH_S)()


def _show() -> None:
    store = run_queries.store()
    known = list_nodes(store)
    there = [node for node in known if node.is_there]
    st.caption(_words(there))
    if not known or not permitted.sees_places():
        return
    waits = dict.fromkeys(other_versions(store), OTHER_VERSION) | why_unusable(store)
    running = [run for run in active_runs(store) if run.lease_until is not None]
    # The list of runs must not wait for pandas where there is no cluster.
    from dashboard.tables.frames import as_frame

    with st.expander("Machines", key="machines"):
        shown = as_frame(machine_tables.machines(known, running, waits))
        st.dataframe(shown, hide_index=True, height="content", alt="Machines of the cluster")


def _words(there: list[Node]) -> str:
    if not there:
        return "No machine of the cluster is there: start one with `python -m jobs node`."
    slots = wording.counted(cpu_slots(there), "slot")
    gpus = f" and {wording.counted(gpu_slots(there), 'GPU')}" if gpu_slots(there) else ""
    return f"{wording.counted(len(there), 'machine')} with {slots}{gpus}."
