"""The table of all runs with its filters, and what can be done with the runs that are marked."""

import time
from collections.abc import Sequence

import streamlit as st

from core.architectures import ARCHITECTURES
from core.statistics import wording
from dashboard import page, permitted, pickers
from dashboard.elements.run_table import run_table
from dashboard.queries import run_queries
from dashboard.sections.runs import acting, run_actions, space_line
from dashboard.sections.shared.take_along import csv_button
from dashboard.tables.run_rows import run_rows
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.store.filters import ORDERS, Filter
from jobs.store.queries import count_runs, known_tags, list_runs
from jobs.store.records import REVIEW_STATES, STATUSES, ReviewState, Run, RunStatus
from jobs.team import members, reviews

PAGE_SIZE = 50
REFRESH_S = 2.0

_ORDER_TITLES = {name: name.capitalize() for name in ORDERS} | {"time at work": "Training time"}
_CLOSED = ("page",)
_FILTER_WIDTH = 320
_REDRAW = "redraw_run_list"


def show() -> None:
    """Filters, the action bar and one page of the table; where nothing is found, what to do."""
    wanted, order = _choose()
    total = count_runs(run_queries.store(), wanted)
    if total == 0:
        _say_nothing_found(wanted)
        return
    marked = acting.marked()
    if marked:
        run_actions.bar(marked)
    else:
        more = ", tag, archive or delete them" if permitted.may(Role.LAUNCH) else " them"
        st.caption(f"{wording.counted(total, 'run')}. Select runs to compare{more}.")
    pages = -(-total // PAGE_SIZE)
    number = min(pickers.page_in_url(), pages)
    active = any(run.is_active for run in (*_listed(wanted, order, number), *marked))
    page.live(_table, REFRESH_S if active else None)(wanted, order, number, active, _states(marked))
    pickers.pick_page(pages)
    with st.container(horizontal=True, vertical_alignment="center", key="runs_along"):
        if pages > 1:
            csv_button("CSV of this page", lambda: _csv(_listed(wanted, order, number)), "runs", "page")
        everything = f"CSV of {'the' if pages == 1 else 'all'} {wording.counted(total, 'run')}"
        csv_button(everything, lambda: _csv(list_runs(run_queries.store(), wanted, order=order)), "runs")
    space_line.show()


def _csv(listed: Sequence[Run]) -> str:
    return csv_tables.runs(permitted.told_of(listed))


def _choose() -> tuple[Filter, str]:
    columns = st.container(key="run_filters").columns([2.2, 1.3, 1.2, 1.2, 1.3, 0.9], vertical_alignment="bottom")
    with columns[0]:
        search = pickers.search_field("Search", "Name, ID, note, tag or model", clears=_CLOSED)
    with columns[1]:
        statuses = pickers.pick_some("Status", STATUSES, "status", clears=_CLOSED)
    with columns[2]:
        models = pickers.pick_some("Model", tuple(ARCHITECTURES), "model", clears=_CLOSED)
    with columns[3]:
        tags = pickers.pick_some("Tag", tuple(known_tags(run_queries.store())), "tag", clears=_CLOSED)
    with columns[4]:
        order = pickers.pick_one("Sort by", _ORDER_TITLES, "order", clears=_CLOSED)
    with columns[5]:
        archived = pickers.switch("Archived", "archived", clears=_CLOSED)
    with st.container(horizontal=True):
        states, data, owner = _pick_reviews(), _pick_data(), _pick_owner()
    group = next(iter(pickers.in_url("group")), None)
    if group:
        label = f"Group {page.plain(group)}"
        st.button(label, icon=":material/close:", on_click=pickers.put_in_url, args=("group", None))
    wanted = Filter(
        search=search,
        statuses=tuple(map(RunStatus, statuses)),
        models=tuple(models),
        tags=tuple(tags),
        reviews=tuple(map(ReviewState, states)),
        data=data,
        owner=owner,
        group_id=group,
        archived=archived,
    )
    return wanted, order


def _pick_reviews() -> list[str]:
    """What reviews came to, of which any may be chosen; nothing to choose where there are none."""
    if not reviews.are_there(run_queries.store()) and not pickers.in_url("review"):
        return []
    with st.container(width=_FILTER_WIDTH):
        return pickers.pick_some("Review", REVIEW_STATES, "review", clears=_CLOSED)


def _pick_data() -> str:
    """One of the data sets that runs learn from, or all; nothing to choose where there is but one."""
    known = run_queries.data_of_runs()
    if len(known) < 2 and not pickers.in_url("data"):
        return ""
    with st.container(width=_FILTER_WIDTH):
        return pickers.pick_one("Data set", {"": "All data sets", **known}, "data", clears=_CLOSED)


def _pick_owner() -> str:
    """Whose runs, or all; nothing to choose where nobody has signed in."""
    store = run_queries.store()
    if not members.list_members(store) and not pickers.in_url("owner"):
        return ""
    owners = members.list_owners(store)
    others = {person: f"{name} · {person}" for person, name in owners.items() if person != store.by.id}
    with st.container(width=_FILTER_WIDTH):
        return pickers.pick_one("Owner", {"": "All owners", store.by.id: "Mine", **others}, "owner", clears=_CLOSED)


def _say_nothing_found(wanted: Filter) -> None:
    if wanted == Filter():
        page.empty("No runs yet. The first one takes about a minute.", "Launch a run", "launch")
    else:
        page.empty("No runs match these filters.", "Show all runs", "runs")


def _listed(wanted: Filter, order: str, number: int) -> list[Run]:
    return list_runs(run_queries.store(), wanted, order=order, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)


def _states(marked: Sequence[Run]) -> list[tuple[str, str]]:
    """What the action bar depends on."""
    return [(run.id, run.state) for run in marked]


def _table(wanted: Filter, order: str, number: int, active: bool, drawn: list[tuple[str, str]]) -> None:
    """The rows as they are now.

    The whole page is drawn again for a new mark, when a marked run allows something else than when the action bar was
    drawn, and when the last run has ended.
    """
    listed, marked = _listed(wanted, order, number), acting.marked()
    still_active = any(run.is_active for run in (*listed, *marked))
    if st.session_state.pop(_REDRAW, False) or active != still_active or drawn != _states(marked):
        st.rerun()
    rows = run_rows(listed, time.time(), page.zone(), members.names_of(run_queries.store()))
    run_table(rows, "Runs", key="runs", on_open=_open, marked=[run.id for run in marked], on_mark=_mark)


def _open(run_id: str) -> None:
    pickers.put_in_url("run", run_id)
    st.session_state[_REDRAW] = True


def _mark(run_ids: list[str]) -> None:
    acting.mark(run_ids)
    st.session_state[_REDRAW] = True
