"""Team: people, roles and the record, for admins alone; whose the runs are; and what an open page makes of a change."""

from dataclasses import replace
from datetime import UTC

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import sign_in
from dashboard.sections.shared.change_list import changes_csv
from dashboard.tables.run_rows import run_rows
from jobs.people import Role, operator
from jobs.running import queue, run_edits
from jobs.settings import settings
from jobs.store.queries import list_runs
from jobs.store.store import Store
from jobs.team import change_record, deliveries, members
from jobs.team.change_record import ALL, Action, list_changes
from jobs.team.permission import NotAllowed, role_here
from tests import stores
from tests.colleagues import ANNA, BEN, EVE, VERA
from tests.dashboard.app import OpenPage, Visit, press, texts
from tests.dashboard.test_explore_page import shown_in
from tests.jobs.configs import TINY
from tests.stores import Sample

pytestmark = pytest.mark.slow

TEAM = {Role.LOOK: VERA, Role.REVIEW: BEN, Role.LAUNCH: replace(EVE, name="Eve *E*"), Role.ADMIN: ANNA}


@pytest.fixture
def shared(store: Store) -> Store:
    """A store of a team with somebody of each role."""
    for role, person in reversed(TEAM.items()):
        members.meet(store, person)
        members.give_role(store, person.id, role)
    return store


def cells(app: AppTest, key: str) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in shown_in(app, key)["rows"]]


def give(app: AppTest, subject: str, role: str) -> AppTest:
    """Give somebody a role by the form of the page."""
    next(field for field in app.text_input if field.label.startswith("E-mail address")).set_value(subject)
    choose(app, "Role", role)
    return press(app, "Save the role")


def choose(app: AppTest, label: str, value: str) -> None:
    next(field for field in app.selectbox if field.label == label).set_value(value)


@pytest.mark.parametrize("role", Role)
@pytest.mark.usefixtures("shared")
def test_only_an_admin_is_led_to_the_page_and_sees_it(open_page: OpenPage, visit: Visit, role: Role) -> None:
    visit(TEAM[role])
    app = open_page("team")
    assert sign_in.leads_team() == (role == Role.ADMIN)
    assert not app.exception
    if role == Role.ADMIN:
        assert not app.error
    else:
        assert "this takes the role “admin”" in app.error[0].value
        assert not app.get("bidi_component")


def test_on_a_machine_of_ones_own_nobody_is_led_there_and_runs_have_no_owners(
    store: Store, open_page: OpenPage
) -> None:
    run_id = queue.launch(store, TINY)
    assert not sign_in.leads_team()
    assert "Nobody has signed in yet" in "".join(element.value for element in open_page("team").info)
    listed = open_page("runs")
    assert [row["owner"] for row in shown_in(listed, "runs")["rows"]] == [None]
    assert "Owner" not in [field.label for field in listed.selectbox]
    assert "Launched by" not in texts(open_page("runs", run=run_id))


@pytest.mark.usefixtures("shared")
def test_the_operator_is_led_there_where_anybody_has_signed_in() -> None:
    assert sign_in.leads_team()


def test_an_admin_gives_takes_and_sees_roles(shared: Store, open_page: OpenPage, visit: Visit) -> None:
    visit(ANNA)
    app = give(open_page("team"), TEAM[Role.LOOK].id, "review")
    assert not app.error
    assert role_here(shared.acting(TEAM[Role.LOOK])) == Role.REVIEW
    assert ["Vera", "vera@example.org", "review", ANNA.id] in [row[:4] for row in cells(app, "people")]
    app = give(app, "group:Reviewers", "review")
    assert [row[:3] for row in cells(app, "grants")] == [["group:Reviewers", "review", ANNA.id]]
    app = give(app, TEAM[Role.LOOK].id, "none")
    assert role_here(shared.acting(TEAM[Role.LOOK])) == Role.LOOK


def test_what_makes_no_sense_is_refused_in_a_sentence(shared: Store, open_page: OpenPage, visit: Visit) -> None:
    visit(ANNA)
    app = give(open_page("team"), "nobody", "look")
    assert "neither an e-mail address nor a group" in app.error[0].value
    app = give(app, ANNA.id, "launch")
    assert "without an admin" in app.error[0].value
    assert role_here(shared.acting(ANNA)) == Role.ADMIN
    assert "Choose somebody from the list" in press(open_page("team"), "Keep out").error[0].value


def test_who_is_kept_out_sees_nothing_until_let_in_again(shared: Store, open_page: OpenPage, visit: Visit) -> None:
    ben, name = TEAM[Role.LAUNCH], "Keep out"
    for button, role in ((name, None), ("Let in again", Role.LAUNCH)):
        visit(ANNA)
        app = open_page("team")
        choose(app, "Person", ben.id)
        app = press(app, button)
        assert not app.error
        assert role_here(shared.acting(ben)) == role


def test_a_role_that_an_admin_takes_is_gone_at_once_in_a_page_that_is_open(
    shared: Store, open_page: OpenPage, visit: Visit
) -> None:
    ben, run_id = TEAM[Role.LAUNCH], queue.launch(shared.acting(TEAM[Role.LAUNCH]), TINY)
    visit(ben)
    his = open_page("runs", run=run_id)
    visit(ANNA)
    give(open_page("team"), ben.id, "look")
    visit(ben)
    his = press(his, "Stop")
    assert "this takes the role “launch”" in "".join(warning.value for warning in his.warning)
    assert [run.status for run in list_runs(shared)] == ["queued"]


def test_an_admin_who_is_none_any_more_can_give_nothing_in_a_page_that_is_open(
    shared: Store, open_page: OpenPage, visit: Visit
) -> None:
    visit(ANNA)
    hers = open_page("team")
    members.give_role(shared, TEAM[Role.LAUNCH].id, Role.ADMIN)
    members.give_role(shared, ANNA.id, Role.LAUNCH)
    hers = give(hers, TEAM[Role.LOOK].id, "admin")
    assert "this takes the role “admin”" in hers.error[0].value
    assert role_here(shared.acting(TEAM[Role.LOOK])) == Role.LOOK


def test_the_csv_of_the_record_is_refused_to_who_is_no_admin_any_more(shared: Store, visit: Visit) -> None:
    visit(ANNA)
    assert ANNA.id in changes_csv(ALL, Role.ADMIN)
    members.give_role(shared, TEAM[Role.LAUNCH].id, Role.ADMIN)
    members.give_role(shared, ANNA.id, Role.LAUNCH)
    with pytest.raises(NotAllowed):
        changes_csv(ALL, Role.ADMIN)


def test_the_record_is_filtered_by_its_address_and_taken_along_whole(
    shared: Store, open_page: OpenPage, visit: Visit
) -> None:
    run_id = queue.launch(shared.acting(TEAM[Role.LAUNCH]), TINY, "first")
    run_edits.rename(shared.acting(ANNA), run_id, "[second](https://example.org)")
    visit(ANNA)

    def found(**filters: str | list[str]) -> list[list[str]]:
        app = open_page("team", section="record", **filters)
        assert not app.exception
        return [row[2:] for row in cells(app, "changes")] if app.get("bidi_component") else []

    renamed = ["renamed", run_id, "–", "first", "[second](https://example.org)"]
    assert found(run=run_id) == [["renamed", *renamed[2:]], ["launched", "–", "–", "first"]]
    assert found(person=ANNA.id) == [renamed]
    assert found(action=["launched", "renamed"])[0] == renamed
    assert len(found()) == len(list_changes(shared))
    assert found(to="2001-01-01") == []
    assert found(**{"from": "2001-01-01", "to": "2101-01-01"}) == found()
    nonsense = open_page("team", section="record", action="no such", person="no such", **{"from": "2001-13-99"})
    assert not nonsense.exception
    assert "2001-13-99" in texts(nonsense)
    assert [button.proto.label for button in nonsense.get("download_button")] == [f"CSV of {len(found())} changes"]


def test_a_long_record_is_shown_page_by_page(shared: Store, open_page: OpenPage) -> None:
    with shared.writing() as connection:
        for number in range(130):
            change_record.append(connection, ANNA, Action.SLOTS, after=number)
    pages = [cells(open_page("team", section="record", action="set the slots", page=str(n)), "changes") for n in (1, 5)]
    assert [rows[0][-1] for rows in pages] == ["129", "9"]
    assert [len(rows) for rows in pages] == [30, 10]


@pytest.mark.parametrize("role", Role)
def test_the_history_of_a_run_is_on_its_page_for_everybody(
    shared: Store, open_page: OpenPage, visit: Visit, role: Role
) -> None:
    run_id = queue.launch(shared, TINY, "first")
    run_edits.set_note(shared.acting(ANNA), run_id, "a <b>note</b>")
    queue.launch(shared, TINY, "another")
    visit(TEAM[role])
    app = open_page("runs", run=run_id, section="history")
    assert [row[1:] for row in cells(app, "changes")] == [
        [f"{ANNA.name} ({ANNA.id})", "changed the note", "–", "–", "a <b>note</b>"],
        [f"{operator().name} ({operator().id})", "launched", "–", "–", "first"],
    ]


def test_mine_are_the_runs_of_who_looks_and_a_link_shows_the_same_to_others(
    shared: Store, open_page: OpenPage, visit: Visit
) -> None:
    hers, his = (queue.launch(shared.acting(person), TINY) for person in (ANNA, TEAM[Role.LAUNCH]))
    visit(ANNA)
    app = open_page("runs")
    assert [row["owner"] for row in shown_in(app, "runs")["rows"]] == ["Eve *E*", ANNA.name]
    owner = next(field for field in app.selectbox if field.label == "Owner")
    assert owner.options == ["All owners", "Mine", f"Eve *E* · {TEAM[Role.LAUNCH].id}"]
    app = owner.set_value(ANNA.id).run()
    assert [row["id"] for row in shown_in(app, "runs")["rows"]] == [hers]
    assert app.query_params["owner"] == ANNA.id
    visit(TEAM[Role.LAUNCH])
    assert [row["id"] for row in shown_in(open_page("runs", owner=ANNA.id), "runs")["rows"]] == [hers]
    assert "Launched by Eve \\*E\\*, " in texts(open_page("runs", run=his))


def test_a_run_without_an_owner_is_listed_without_one(shared: Store) -> None:
    stores.add(shared, Sample())
    (row,) = run_rows(list_runs(shared), 0.0, UTC, members.names_of(shared))
    assert row.owner == "–"


def test_an_admin_sees_what_was_not_told_outside_and_tries_again(
    shared: Store, open_page: OpenPage, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(ANNA)
    monkeypatch.setenv("LOOKBOOK_WEBHOOK_URL", "https://chat.example.org/secret")
    settings.cache_clear()
    assert "Nothing has been told yet." in texts(open_page("team", section="deliveries"))
    with shared.writing() as connection:
        deliveries.announce(connection, deliveries.Event.MENTION, "Vera mentions Anna.", view="", to=[ANNA.id])
    claimed = deliveries.claim(shared)
    deliveries.note_problem(shared, claimed, "The receiver answered 500.")
    app = open_page("team", section="deliveries")
    row = app.table[0].value.iloc[0]
    assert row["Text"].startswith("Vera mentions Anna")
    assert "500" in row["Last problem"]
    press(app, "Try again what was not delivered")
    assert deliveries.list_deliveries(shared)[0].tries == 0
