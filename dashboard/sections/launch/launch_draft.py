"""What was typed on the page Launch: kept while other pages are looked at, for each preset or clone, until launched."""

import streamlit as st

from core.statistics import wording
from dashboard.sections.launch.launch_form import Several, Values, title_of

_BEGUN = "launch_drafts"
_NAMED = 6


def scope_of(start: str) -> str:
    """What the keys of the controls begin with for a preset or a clone: another one each time that it is begun anew."""
    begun = st.session_state.get(_BEGUN, {}).get(start, 0)
    return f"{start}_{begun}" if begun else start


def begin_anew(start: str) -> None:
    """Forget what was typed for a preset or a clone."""
    begun: dict[str, int] = st.session_state.setdefault(_BEGUN, {})
    begun[start] = begun.get(start, 0) + 1


def say_draft(start: str, base: Values, values: Values, several: Several, *, named: bool) -> None:
    """Name the fields that are not as they were to begin with, and offer to begin anew; nothing where all are."""
    values = {**values, "folds": several.folds, "fold": several.fold}
    changed = [title_of(field) for field, value in values.items() if _plain(value) != _plain(base[field])]
    changed = ["Name"] * named + changed + ["Number of seeds"] * (several.seeds > 1)
    if not changed:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = (
            f"Changed: {wording.listed(changed, _NAMED)}. Your changes are kept until you launch, even if you visit "
            "other pages."
        )
        st.caption(words, width="stretch")
        st.button("Reset", key="launch_anew", on_click=begin_anew, args=(start,), icon=":material/restart_alt:")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
