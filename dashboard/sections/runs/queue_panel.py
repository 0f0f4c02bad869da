"""The runs that wait and work, with what can be done about them; drawn again by itself while there are any."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.statistics import wording
from dashboard import page, permitted
from dashboard.permitted import Rights
from dashboard.queries import run_queries
from dashboard.sections.runs.acting import apply, attempt, say_refused
from dashboard.sections.runs.run_overview import progress_words
from jobs.people import Role
from jobs.results import run_wording
from jobs.running import queue
from jobs.settings import settings
from jobs.store import queue_settings
from jobs.store.queries import active_runs
from jobs.store.records import QueueState, Run, RunStatus
from jobs.store.store import Store
from jobs.supervising.waiting import engine_problem, queue_here, why_waiting

REFRESH_S = 2.0


def show_queue(*, folded: bool = False) -> None:
    """The panel, refreshed while any run waits or works; folded it shows the runs only when they are asked for."""
    active = active_runs(run_queries.store())
    page.live(_queue, REFRESH_S if active else None)([run.id for run in active], folded)


def _queue(drawn: list[str], folded: bool) -> None:
    state, active = queue_here(run_queries.store()), active_runs(run_queries.store())
    if drawn and drawn != [run.id for run in active]:
        # What has ended belongs to other parts of the page now: the latest runs, the best of each model.
        st.rerun()
    say_refused()
    have = permitted.rights()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(run_wording.queue_words(state), width="content")
        if have.may(Role.LAUNCH):
            _offer_settings(state)
    if problem := engine_problem(run_queries.store()):
        st.warning(permitted.without_places(page.plain(problem)))
    if active:
        with st.expander("Running and queued", key="queue") if folded else st.container():
            _rows(active, have)


def _rows(active: Sequence[Run], have: Rights) -> None:
    waiting = [run.id for run in active if run.status == RunStatus.QUEUED]
    waits = why_waiting(run_queries.store()) if waiting else {}
    for run in active:
        _row(run, waiting, have, waits.get(run.id, ""))


def _row(run: Run, waiting: list[str], have: Rights, why_waiting: str) -> None:
    with st.container(border=True, key=f"active_{run.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            page.badge(run)
            page.link(f"**{page.plain(run.name)}**", "runs", run=run.id)
            st.caption(page.plain(_where(run, why_waiting)), width="stretch")
            if have.may(Role.LAUNCH):
                with st.container(horizontal=True, width="content"):
                    _buttons(run, waiting, have.why_not_change([run]))
        if run.status != RunStatus.QUEUED:
            st.progress(run.fraction_done, text=progress_words(run))


def _buttons(run: Run, waiting: list[str], why_not: str | None) -> None:
    """The buttons of a run, disabled where there is a reason why it may not be changed."""
    if run.status == RunStatus.QUEUED and len(waiting) > 1:
        place = waiting.index(run.id) + 1
        _move(run, "↑", "earlier", -1, why_not, disabled=place == 1)
        _move(run, "↓", "later", 1, why_not, disabled=place == len(waiting))
    if run.status in (RunStatus.QUEUED, RunStatus.RUNNING):
        st.button(
            "Stop",
            key=f"stop_{run.id}",
            disabled=why_not is not None,
            help=why_not or f"Stop {page.plain(run.name)}; its last checkpoint is kept.",
            on_click=apply,
            args=([run.id], partial(queue.stop, run_queries.store()), "stopping"),
        )


def _move(run: Run, sign: str, direction: str, places: int, why_not: str | None, *, disabled: bool) -> None:
    st.button(
        f"{sign} {direction}",
        key=f"{direction}_{run.id}",
        disabled=disabled or why_not is not None,
        help=why_not,
        on_click=apply,
        args=([run.id], lambda run_id: queue.move_by(run_queries.store(), run_id, places), "moved"),
    )


def _where(run: Run, why_waiting: str) -> str:
    parts = [run.model, page.since(run)]
    if why_waiting:
        parts.append(why_waiting)
    if run.status != RunStatus.QUEUED and run.lease_until is not None and permitted.sees_places():
        parts.append(f"on {run.host}")
    if run.status != RunStatus.QUEUED and run.best_val_accuracy is not None:
        parts.append(f"best validation {run_wording.best_validation(run)}")
    if run.seconds_left:
        parts.append(f"{wording.rough_duration(run.seconds_left)} left")
    return " · ".join(parts)


def _offer_settings(state: QueueState) -> None:
    why_not = permitted.why_not_admin()
    with st.popover("Queue settings", disabled=why_not is not None, help=why_not):
        if why_not is None:
            _settings(state)


def _settings(state: QueueState) -> None:
    """What everybody shares is shown as it is now, whoever changed it."""
    st.session_state["queue_paused"], st.session_state["queue_slots"] = state.paused, state.slots
    st.toggle(
        "Pause the queue",
        key="queue_paused",
        help="Running runs continue; no new runs start.",
        on_change=_change,
        args=(queue.set_paused, "queue_paused"),
    )
    if settings().has_cluster:
        st.caption("The machines of the cluster say how many runs they take at once (LOOKBOOK_SLOTS on each).")
        return
    st.number_input(
        "Concurrent runs",
        min_value=1,
        max_value=queue_settings.MOST_SLOTS,
        key="queue_slots",
        help="Runs share the CPU cores: one slot per four cores is a good start.",
        on_change=_change,
        args=(partial(queue.set_slots, based_on=state.slots), "queue_slots"),
    )


def _change(setting: Callable[[Store, int], object], key: str) -> None:
    attempt(lambda: setting(run_queries.store(), st.session_state[key]))
