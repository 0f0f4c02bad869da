"""Pages show each role what it may do, and say in one line why the other controls are missing."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, event
from streamlit.testing.v1 import AppTest

from core.presets import PRESETS
from jobs.people import Role
from jobs.results import label_marks
from jobs.settings import settings
from jobs.store.queries import get_run, list_runs
from jobs.store.records import RunStatus
from jobs.store.store import Store
from jobs.team import members
from jobs.team.change_record import list_changes
from tests import stores
from tests.blank_data import write_blank_data
from tests.colleagues import ANNA, BEN, EVE
from tests.dashboard.app import OpenPage, press, texts
from tests.dashboard.visitors import look_as, team
from tests.jobs.test_photo_sets import kept
from tests.stores import Sample

pytestmark = pytest.mark.slow

LAUNCHING = "launching takes the role launch. Ask an admin: anna@example.org."


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def lines_of_reason(app: AppTest) -> list[str]:
    return [line for line in map(as_read, (caption.value for caption in app.caption)) if line.startswith("You may")]


def as_read(markdown: str) -> str:
    """What a person reads of an escaped text."""
    return markdown.replace("\\", "").replace(":color[]", "")


def owned_by(store: Store, owner: str | None, status: str = "finished") -> str:
    return stores.add(store, Sample(name=f"of {owner}", status=status, columns={"owner": owner}))


@pytest.mark.parametrize("role", [Role.LOOK, Role.REVIEW])
def test_who_may_not_launch_sees_the_presets_and_one_line_that_says_why(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    team(store, role)
    look_as(monkeypatch, BEN)
    app = open_page("launch")
    assert labels(app) == []
    assert len(lines_of_reason(app)) == 1
    assert LAUNCHING in lines_of_reason(app)[0]
    assert PRESETS["quick"].title in texts(app)


def test_who_may_launch_launches_and_the_run_is_theirs(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    app = open_page("launch", preset="quick")
    assert lines_of_reason(app) == []
    press(app, "Launch")
    assert [run.owner for run in list_runs(store)] == [BEN.id]


@pytest.mark.parametrize(
    ("role", "shown", "missing"),
    [
        (Role.LOOK, {"Compare", "Explore errors"}, {"Clone", "Rename", "Tags", "Note", "Delete", "Archive"}),
        (Role.REVIEW, {"Compare", "Tags", "Note"}, {"Clone", "Rename", "Delete", "Archive", "Start from it"}),
        (Role.LAUNCH, {"Clone", "Rename", "Tags", "Note", "Delete", "Archive", "Start from it"}, set()),
    ],
)
def test_the_actions_of_a_run_are_those_of_the_role(
    store: Store,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    role: Role,
    shown: set[str],
    missing: set[str],
) -> None:
    team(store, role)
    look_as(monkeypatch, BEN)
    app = open_page("runs", run=owned_by(store, BEN.id))
    assert shown <= set(labels(app))
    assert not missing & set(labels(app))
    assert len(lines_of_reason(app)) == (role < Role.LAUNCH)


def test_somebody_elses_run_is_shown_with_its_actions_disabled_and_why(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    app = open_page("runs", run=owned_by(store, EVE.id))
    for label in ("Rename", "Archive", "Pin as baseline", "Delete"):
        button = next(button for button in app.button if button.label == label)
        assert button.disabled, label
        assert "Ask its owner or an admin, or clone it" in button.help
    assert not any(button.disabled for button in app.button if button.label in ("Clone", "Tags", "Note"))
    look_as(monkeypatch, ANNA)
    assert not any(button.disabled for button in open_page("runs", run=list_runs(store)[0].id).button)


def test_of_several_marked_runs_the_actions_are_there_if_one_of_them_is_mine(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    mine, others = owned_by(store, BEN.id), owned_by(store, EVE.id)
    app = open_page("runs")
    app.session_state["marked_runs"] = [mine, others]
    press(app.run(), "Archive")
    assert get_run(store, mine).archived_at is not None
    assert get_run(store, others).archived_at is None
    assert any(f"is {EVE.id}'s" in as_read(warning.value) for warning in app.warning)


def test_the_queue_is_shown_to_all_its_buttons_to_the_owner_and_its_settings_to_admins(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LOOK)
    mine, others = owned_by(store, BEN.id, "queued"), owned_by(store, EVE.id, "queued")
    look_as(monkeypatch, BEN)
    app = open_page("home")
    assert "Stop" not in labels(app)
    members.give_role(store, BEN.id, Role.LAUNCH)
    app.run()
    assert not app.button(key=f"stop_{mine}").disabled
    assert app.button(key=f"stop_{others}").disabled
    assert [control.key for control in app.toggle] == []
    look_as(monkeypatch, ANNA)
    app = open_page("home")
    assert not app.button(key=f"stop_{others}").disabled
    assert "queue_paused" in [control.key for control in app.toggle]


def test_a_role_that_is_taken_away_counts_at_the_next_click_in_a_page_that_is_open(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    run_id = owned_by(store, BEN.id, "queued")
    app = open_page("runs", run=run_id)
    members.give_role(store.acting(ANNA), BEN.id, Role.LOOK)
    press(app, "Stop")
    assert not app.exception
    assert get_run(store, run_id).status == RunStatus.QUEUED
    assert any("takes the role “launch”" in warning.value for warning in app.warning)
    assert "Stop" not in labels(app)
    members.give_role(store.acting(ANNA), BEN.id, Role.LAUNCH)
    press(app.run(), "Stop")
    assert get_run(store, run_id).status == RunStatus.STOPPED


def test_a_launch_is_refused_to_who_has_lost_the_role_while_the_form_was_open(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    app = open_page("launch", preset="quick")
    members.give_role(store.acting(ANNA), BEN.id, Role.REVIEW)
    press(app, "Launch")
    assert list_runs(store) == []
    assert LAUNCHING in lines_of_reason(app)[0]


@pytest.mark.parametrize("role", [Role.LOOK, Role.REVIEW])
def test_labels_are_marked_by_reviewers_and_read_by_all(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    team(store, role)
    look_as(monkeypatch, BEN)
    app = open_page("data", section="images", split="test", image="3")
    assert "Nobody has marked this label yet." in texts(app)
    assert ("Right as it is" in labels(app)) == (role == Role.REVIEW)
    assert "Import pictures" not in labels(app)
    assert len(lines_of_reason(app)) == 1


def test_who_only_looks_finds_no_form_behind_a_link_to_it(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LOOK)
    look_as(monkeypatch, BEN)
    app = open_page("data", upload="new")
    assert [field.label for field in app.text_input] == []
    assert len(lines_of_reason(app)) == 1


def test_who_is_removed_sees_that_and_nothing_else_at_the_next_click(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.REVIEW)
    owned_by(store, BEN.id)
    look_as(monkeypatch, BEN)
    app = open_page("runs")
    monkeypatch.setenv("LOOKBOOK_SIGN_IN", "proxy")
    settings.cache_clear()
    app.session_state["met"] = True  # AppTest has no cookies that tell which sign-in this is.
    assert "Select runs" in texts(app.run())
    members.set_removed(store.acting(ANNA), BEN.id, True)
    app.run()
    assert [error.value for error in app.error] == [
        "**Ben may not use this server; this takes the role “look”.** Ask an admin for it."
    ]
    assert "Select runs" not in texts(app)
    assert labels(app) == []


OPEN_PAGES = [
    ("home", {}),
    ("runs", {"run": "finished"}),
    ("runs", {"run": "finished", "section": "files"}),
    ("runs", {"run": "queued"}),
    ("launch", {"preset": "quick"}),
    ("explore", {"run": "finished", "section": "map"}),
    ("predict", {"run": "finished", "about": "sets"}),
    ("data", {}),
    ("data", {"section": "images", "split": "test", "image": "3"}),
    ("data", {"section": "duplicates"}),
    ("data", {"section": "corrections"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("view", "parameters"), OPEN_PAGES)
def test_no_button_of_an_open_page_does_anything_for_who_has_lost_the_role(
    store: Store,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    view: str,
    parameters: dict[str, str],
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    ids = {status: owned_by(store, BEN.id, status) for status in ("finished", "queued", "stopped")}
    owned_by(store, BEN.id, "queued")
    kept(store)
    label_marks.mark(store, "fashion-mnist", 60_003, store.by.id, 1)
    chosen = {name: ids.get(value, value) for name, value in parameters.items()}
    enabled = [not button.disabled for button in open_page(view, **chosen).button]
    assert any(enabled)
    for place in np.flatnonzero(enabled).tolist():
        members.give_role(store, BEN.id, Role.LAUNCH)
        app = open_page(view, **chosen)
        members.give_role(store, BEN.id, Role.LOOK)
        before = list_changes(store)
        app.button[place].click().run()
        assert not app.exception
        assert list_changes(store) == before, place


def test_nothing_comes_alive_in_the_reason_that_a_control_is_missing_or_disabled(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(store, Role.LAUNCH)
    look_as(monkeypatch, BEN)
    hostile = "<b>x</b>$x^2$[l](l)"
    members.give_role(store, f"{hostile}@example.org", Role.ADMIN)
    run_id = stores.add(store, Sample(name=hostile, columns={"owner": f"{hostile}@example.org"}))
    helps = [button.help for button in open_page("runs", run=run_id).button if button.disabled]
    members.give_role(store, BEN.id, Role.LOOK)
    lines = [caption.value for caption in open_page("runs").caption if "Ask an admin" in caption.value]
    assert len(helps) > 3
    assert len(lines) == 1
    for text in (*helps, *lines):
        assert hostile in as_read(text)
        assert not re.search(r"(?<!\\)(<b>|\$x|\[l)", text)


@pytest.mark.parametrize("view", ["runs", "predict", "data"])
def test_the_role_of_who_looks_is_read_once_for_all_parts_of_a_page(
    store: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    team(store, Role.LAUNCH)
    owned_by(store, BEN.id, "queued")
    look_as(monkeypatch, BEN)
    app = open_page(view)
    monkeypatch.setenv("LOOKBOOK_SIGN_IN", "proxy")
    settings.cache_clear()
    app.session_state["met"] = True  # AppTest has no cookies that tell which sign-in this is.
    with reads_of_roles() as reads:
        app.run()
    assert not app.exception
    assert reads.count(BEN.id) == 1


@contextmanager
def reads_of_roles() -> Iterator[list[str]]:
    """Whose roles are read meanwhile, on any connection of this process."""
    reads: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Sequence[str], *_: object) -> None:
        if "FROM roles" in statement and "subject IN" in statement:
            reads.append(parameters[0])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield reads
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_on_ones_own_machine_every_control_is_there_and_no_line(store: Store, open_page: OpenPage) -> None:
    app = open_page("runs", run=owned_by(store, None))
    assert {"Clone", "Rename", "Tags", "Delete"} <= set(labels(app))
    assert not any(button.disabled for button in app.button)
    assert "takes the role" not in texts(app)
