"""Launch: what shall we try? Presets, a few fields, the rest folded, and what to know before the button."""

from functools import partial

import streamlit as st

from core.config import FASHION_MNIST, RunConfig, validated
from core.datasets import versions
from core.datasets.versions import Version
from core.errors import LookbookError
from core.presets import PRESETS, config_of
from core.statistics import wording
from dashboard import page, pickers
from dashboard.queries import run_queries
from dashboard.sections.launch import launch_facts, preset_cards
from dashboard.sections.launch.launch_draft import begin_anew, say_draft, scope_of
from dashboard.sections.launch.launch_form import Values, advanced_fields, basic_fields, grouping
from dashboard.sections.launch.launch_once import launch_once
from jobs.settings import settings
from jobs.store.queries import get_run
from jobs.store.records import Run


def starting_point() -> tuple[Values, str, Run | None]:
    """The values to begin with, by the URL: of a run to clone, or of a preset."""
    if clone := next(iter(pickers.in_url("clone")), None):
        source = get_run(run_queries.store(), clone)
        return dict(source.config), f"clone_{clone}", source
    name = next((name for name in pickers.in_url("preset") if name in PRESETS), "cnn")
    folds = pickers.number_in_url("folds") or 0
    return {**dict(config_of(name)), "folds": folds}, f"{name}_{folds}_folds" if folds else name, None


def pick_data(base: Values) -> Version:
    """The version of a data set to learn from, `?data=`: that of a cloned run, or Fashion-MNIST, to begin with."""
    listed = {version.pinned: version for version in versions.list_versions(settings().data)}
    first = base["data"] if base["data"] in listed else FASHION_MNIST
    if len(listed) == 1:
        return listed[first]
    offered = {data: _words(listed[data]) for data in dict.fromkeys([first, *listed])}
    return listed[pickers.pick_one("Data set", offered, "data")]


def _words(version: Version) -> str:
    return f"{version.label} · {wording.counted(version.size, 'image')}, {len(version.classes):,} classes"


page.title("Launch", "What shall we try?")
base, start, source = starting_point()
scope = scope_of(start)
version = pick_data(base)
if source:
    st.info(
        f"Cloned from **{page.plain(source.name)}** ({source.id}). Its configuration is filled in below; change "
        "what you like."
    )
else:
    pickers.say_unknown("preset", "Preset", tuple(PRESETS))
    preset_cards.show(base["preset"], version)

left, right = st.columns([3, 2], gap="large")
with left:
    draft = st.container()
    own_name = f"{source.name} again"[:200] if source else ""
    name = st.text_input(
        "Name",
        own_name,
        key=f"{scope}_name",
        persist_state="session",
        max_chars=200,
        placeholder="Default: preset and seed",
    )
    values = basic_fields(base, scope)
    several = grouping(base, scope)
    with st.expander("Advanced settings"):
        values |= advanced_fields(base, scope)
with draft:
    say_draft(start, base, values, several, named=name != own_name)

with right:
    config: RunConfig | None = None
    try:
        config = validated({"preset": base["preset"], "data": version.pinned, **values, **several.first})
        launch_facts.show(config, several.count)
    except LookbookError as error:
        page.say(error)
    label = "Launch" if several.count == 1 else f"Launch {several.count} runs"
    asked = st.button(label, type="primary", icon=":material/rocket_launch:", disabled=config is None, width="stretch")
    if asked and config:
        launch_once(config, several, name.strip(), source.id if source else None, on_launch=partial(begin_anew, start))
