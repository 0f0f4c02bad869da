"""Doing something with runs from a control: which are marked, what became of it, and which dialog is asked for."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import LookbookError
from core.statistics import wording
from dashboard import page
from dashboard.queries import run_queries
from jobs.bulk import apply_to_each
from jobs.store.queries import get_runs
from jobs.store.records import Run

_MENUS = "more_actions"
_MARKED = "marked_runs"
_ASKED = "asked_action"
_REFUSED = "refused_actions"


def mark(run_ids: Sequence[str]) -> None:
    """Mark these runs and no others."""
    st.session_state[_MARKED] = list(run_ids)


def marked() -> list[Run]:
    """The runs that are marked, in the order of marking, without those that are gone."""
    runs = get_runs(run_queries.store(), st.session_state.get(_MARKED, []))
    mark([run.id for run in runs])
    return runs


def ask(action: str, run_ids: Sequence[str]) -> None:
    """Open the dialog of an action in the run of the page that follows, and close the menu that it was chosen from."""
    st.session_state[_ASKED] = (action, list(run_ids))
    st.session_state[_MENUS] = st.session_state.get(_MENUS, 0) + 1


def menu_key() -> str:
    """The key of the menu of rarer actions: another one each time that a dialog was asked for.

    A new menu is closed. Told to close, the old one stays open in the browser if the choice came before the server
    had heard that it was open.
    """
    return f"{_MENUS}_{st.session_state.get(_MENUS, 0)}"


def take_asked() -> tuple[str, list[Run]]:
    """The dialog that was asked for and its runs, once; no runs where none was asked for, or all are gone."""
    action, run_ids = st.session_state.pop(_ASKED, ("", []))
    return action, get_runs(run_queries.store(), run_ids) if action else []


def say_refused() -> None:
    """Say what the last action could not do, once."""
    for message in st.session_state.pop(_REFUSED, ()):
        st.warning(message)


def attempt(action: Callable[[], object], done: str = "") -> bool:
    """Do something from a control and tell it; if it is refused, remember why for the page that is drawn next.

    Return whether it was done.
    """
    try:
        action()
    except LookbookError as error:
        st.session_state.setdefault(_REFUSED, []).append(page.trouble(str(error)))
        return False
    if done:
        page.notice(done)
    return True


def apply(run_ids: Sequence[str], action: Callable[[str], object], done: str, left: str = "") -> None:
    """Do something with each run, then say what became of it: "2 runs archived; 3 others skipped (not active)."."""
    outcomes = apply_to_each(run_ids, action)
    succeeded = sum(outcome.done for outcome in outcomes)
    if succeeded:
        page.notice(f"{wording.counted(succeeded, 'run')} {done}{'; ' if left else ''}{left}.")
    # Several are often refused for one reason.
    refused = dict.fromkeys(page.trouble(outcome.message) for outcome in outcomes if not outcome.done)
    st.session_state[_REFUSED] = list(refused)
