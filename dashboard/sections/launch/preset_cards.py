"""The presets as cards: what each is, how large, how good and how long."""

import streamlit as st

from core.datasets.suitability import misfits, suitability
from core.datasets.versions import Version
from core.presets import PRESETS, Preset, config_of
from core.statistics import wording
from dashboard import page, permitted, pickers
from dashboard.queries import run_queries
from dashboard.tables.estimates import estimate
from jobs.people import Role
from jobs.results import run_wording
from jobs.running.environment import host
from jobs.store.filters import Filter
from jobs.store.queries import list_runs
from jobs.store.records import RunStatus

IN_A_ROW = 3


def show(chosen: str | None, version: Version) -> None:
    """The cards in rows, with what runs on this data set have reached; a button puts its preset in the URL."""
    with_runs = run_queries.presets_with_runs(version.pinned)
    presets, may_choose = list(PRESETS.values()), permitted.may(Role.LAUNCH)
    columns = [column for _ in range(0, len(presets), IN_A_ROW) for column in st.columns(IN_A_ROW)]
    for column, preset in zip(columns, presets, strict=False):
        with column, _card(preset.name, preset.name == chosen):
            st.markdown(f"#### {preset.title}")
            st.write(preset.description)
            st.caption(f"Suits {preset.suits}.")
            st.caption("  \n".join(_facts(preset, version, preset.name in with_runs)))
            if may_choose:
                _choice(preset, chosen=preset.name == chosen)


def _choice(preset: Preset, *, chosen: bool) -> None:
    st.button(
        "Chosen" if chosen else "Choose",
        key=f"choose_{preset.name}",
        icon=":material/check:" if chosen else None,
        type="primary" if chosen else "secondary",
        on_click=_choose,
        args=(preset.name,),
        help=f"Start from {preset.title}",
    )


def _card(name: str, chosen: bool) -> st.delta_generator.DeltaGenerator:
    return st.container(border=True, height="stretch", key="preset_chosen" if chosen else f"preset_{name}")


def _facts(preset: Preset, version: Version, has_runs: bool) -> list[str]:
    config = config_of(preset.name)
    finished = Filter(
        models=(config.model,), presets=(preset.name,), statuses=(RunStatus.FINISHED,), data=version.pinned
    )
    past = list_runs(run_queries.store(), finished, limit=20) if has_runs else []
    best = list_runs(run_queries.store(), finished, order="test accuracy", limit=1) if has_runs else []
    time_here = wording.rough_duration(estimate(config, version, past, host()).seconds)
    reached = f"highest so far: {run_wording.accuracy(best[0])}" if best else _expected(preset, version)
    unsuited = [page.plain(f"○ {suitability(config, version)}")] if misfits(config, version) else []
    return [preset.size, f"{time_here}, at most {config.epochs} epochs", reached, *unsuited]


def _expected(preset: Preset, version: Version) -> str:
    known = preset.expected if version.is_built_in else ""
    return f"no run here yet; expected: {known}" if known else "no run here yet"


def _choose(name: str) -> None:
    pickers.change_url({"preset": name, "clone": None, "start": None})
