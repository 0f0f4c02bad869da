"""Launch: what shall we try? Presets, a few fields, the rest folded, and what to know before the button."""

from functools import partial

import streamlit as st

from core.config import RunConfig, validated
from core.errors import LookbookError
from core.presets import PRESETS, config_of
from dashboard import page, permitted, pickers
from dashboard.queries import run_queries
from dashboard.sections.launch import launch_facts, preset_cards
from dashboard.sections.launch.launch_draft import begin_anew, say_draft, scope_of
from dashboard.sections.launch.launch_form import Values, advanced_fields, basic_fields, grouping
from dashboard.sections.launch.launch_once import launch_once
from dashboard.sections.shared.data_picker import pick_version
from jobs.people import Role
from jobs.store.queries import get_run
from jobs.store.records import Run


def starting_point() -> tuple[Values, str, Run | None]:
    """The values to begin with, by the URL: of a run to start from or to clone, or of a preset."""
    for parameter in ("start", "clone"):
        if run_id := next(iter(pickers.in_url(parameter)), None):
            source = get_run(run_queries.store(), run_id)
            started = {"start_from": source.id, "weights_file": None} if parameter == "start" else {}
            return {**dict(source.config), **started}, f"{parameter}_{run_id}", source
    name = next((name for name in pickers.in_url("preset") if name in PRESETS), "cnn")
    folds = pickers.number_in_url("folds") or 0
    return {**dict(config_of(name)), "folds": folds}, f"{name}_{folds}_folds" if folds else name, None


def chosen_weights(shown: str | None, typed: str | None, known: str | None) -> str | None:
    """The weights file to start from: where a field says what was shown in the place of a known path, that path."""
    return known if typed == shown else typed


page.title("Launch", "What shall we try?")
known, start, source = starting_point()
base = {**known, "weights_file": permitted.told_weights(known["weights_file"])}
scope = scope_of(start)
is_start = start.startswith("start_")
version = pick_version(base["data"])
if not permitted.may(Role.LAUNCH):
    permitted.say_missing({"launching": Role.LAUNCH})
    preset_cards.show(None, version)
    st.stop()
page.link("Import pictures", "data", icon=":material/upload:", upload="new")
if source:
    st.info(
        f"{'Starts from the weights of' if is_start else 'Cloned from'} **{page.plain(source.name)}** "
        f"({source.id}). Its configuration is filled in below; change what you like."
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
values["weights_file"] = chosen_weights(base["weights_file"], values["weights_file"], known["weights_file"])

with right:
    config: RunConfig | None = None
    try:
        chosen = validated({"preset": base["preset"], "data": version.pinned, **values, **several.first})
        launch_facts.show(chosen, several.count)
        config = chosen
    except LookbookError as error:
        page.say(error)
    label = "Launch" if several.count == 1 else f"Launch {several.count} runs"
    asked = st.button(label, type="primary", icon=":material/rocket_launch:", disabled=config is None, width="stretch")
    if asked and config:
        cloned_from = source.id if source and not is_start else None
        launch_once(config, several, name.strip(), cloned_from, on_launch=partial(begin_anew, start))
