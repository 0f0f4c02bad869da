"""Launching exactly once, however often the button is clicked."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.errors import LookbookError
from dashboard import page
from dashboard.queries import run_queries
from dashboard.sections.launch.launch_form import ONE_RUN, Several
from jobs.running import queue
from jobs.store.queries import get_run

_LAST = "last_launch"
_DOUBLE_CLICK_S = 5.0


def launch_once(
    config: RunConfig,
    several: Several = ONE_RUN,
    name: str = "",
    cloned_from: str | None = None,
    *,
    on_launch: Callable[[], None] | None = None,
) -> None:
    """Queue the runs and open the page of the first; say what is wrong and stay if they cannot be queued.

    `on_launch` is called when they are.

    A second click on the button interrupts the script that the first one started, perhaps just after its INSERT. So
    what is being launched is noted before, and the same launch within a few seconds only opens what is there.
    """
    asked = (config, several, name, cloned_from)
    last: dict[str, Any] = st.session_state.get(_LAST, {})
    if not (last.get("asked") == asked and last.get("ids") and time.time() - last["at"] < _DOUBLE_CLICK_S):
        last = {"asked": asked, "at": time.time()}
        st.session_state[_LAST] = last
        try:
            folds = several.folds if several.all_folds else None
            last["ids"] = queue.launch_all(
                run_queries.store(), config, name, seeds=several.seeds, folds=folds, cloned_from=cloned_from
            )
        except LookbookError as error:
            page.say(error)
            return
        run_queries.start_work()
    if on_launch:
        on_launch()
    group = get_run(run_queries.store(), last["ids"][0]).group_id
    page.go_to("runs", **({"group": group} if group else {"run": last["ids"][0]}))
