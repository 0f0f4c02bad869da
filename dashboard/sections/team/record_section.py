"""The record of changes with its filters, which are in the URL."""

from datetime import date, datetime, time, timedelta

import streamlit as st

from dashboard import page, pickers
from dashboard.queries import run_queries
from dashboard.sections.shared.change_list import show_changes
from jobs.people import Role
from jobs.team.change_record import Action, Wanted, list_doers

_CLOSED = ("page",)
_ACTIONS = sorted(map(str, Action))


def show() -> None:
    """Filters by person, action, run and days, then the changes that fit."""
    columns = st.container(key="record_filters").columns([2, 2.4, 1.4, 1.1, 1.1], vertical_alignment="bottom")
    people = {"": "Everybody"} | {
        person: name if name == person else f"{name} · {person}"
        for person, name in list_doers(run_queries.store()).items()
    }
    with columns[0]:
        person = pickers.pick_one("Person", people, "person", clears=_CLOSED)
    with columns[1]:
        actions = pickers.pick_some("Action", _ACTIONS, "action", clears=_CLOSED)
    with columns[2]:
        run_id = pickers.text_field("Run", "run", "ID of a run", clears=_CLOSED)
    with columns[3]:
        first = pickers.pick_day("From", "from", clears=_CLOSED)
    with columns[4]:
        last = pickers.pick_day("To", "to", clears=_CLOSED)
    wanted = Wanted(
        run_id=run_id,
        person=person,
        actions=actions,
        since=_midnight(first) if first else None,
        until=_midnight(last + timedelta(days=1)) if last else None,
    )
    nothing = "Nothing is recorded yet." if wanted == Wanted(actions=[]) else "No changes match these filters."
    show_changes(wanted, nothing, "record", needs=Role.ADMIN)


def _midnight(day: date) -> float:
    """When a day begins in the browser's zone, in seconds since 1970."""
    return datetime.combine(day, time(), page.zone()).timestamp()
