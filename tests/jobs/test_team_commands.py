"""Owners, roles and the record on the command line."""

import csv
import io
import json
from dataclasses import replace

import pytest

from jobs.people import Role, operator
from jobs.running import queue, run_edits
from jobs.running.cloning import clone
from jobs.store.queries import get_run
from jobs.store.store import Store
from jobs.team import members
from jobs.team.change_record import Action, list_changes
from tests.colleagues import ANNA, BEN
from tests.jobs.configs import TINY
from tests.jobs.test_cli import Capture, run


@pytest.fixture
def shared(store: Store) -> Store:
    """A store of a team: Anna is an admin, Ben launches."""
    for person, role in ((ANNA, Role.ADMIN), (BEN, Role.LAUNCH)):
        members.meet(store, person)
        members.give_role(store, person.id, role)
    return store


def test_a_run_belongs_to_who_launched_it_and_a_clone_to_who_cloned_it(shared: Store) -> None:
    first = get_run(shared, queue.launch(shared.acting(ANNA), TINY))
    second = get_run(shared, clone(shared.acting(BEN), first, first.config)[0])
    assert (first.owner, second.owner, second.cloned_from) == (ANNA.id, BEN.id, first.id)


def test_runs_are_listed_by_owner_and_exports_carry_the_owner(shared: Store, capsys: Capture) -> None:
    hers, mine = queue.launch(shared.acting(ANNA), TINY, "hers"), queue.launch(shared, TINY, "mine")
    listed = {
        options: [(each["id"], each["owner"]) for each in json.loads(run(capsys, "list", "--json", *options)[1])]
        for options in ((), ("--mine",), ("--owner", ANNA.id))
    }
    assert listed == {
        (): [(mine, operator().id), (hers, ANNA.id)],
        ("--mine",): [(mine, operator().id)],
        ("--owner", ANNA.id): [(hers, ANNA.id)],
    }
    assert ["Owner", ANNA.id] in map(str.split, run(capsys, "show", hers)[1].splitlines())
    assert run(capsys, "list", "--mine", "--owner", ANNA.id)[0] == 2


def test_roles_are_given_and_taken_and_the_last_admin_stays(shared: Store, capsys: Capture) -> None:
    assert run(capsys, "team", "role", "group:Reviewers", "review")[0] == 0
    assert run(capsys, "team", "role", "Eve@Example.org", "look")[0] == 0
    assert run(capsys, "team", "role", BEN.id, "none")[0] == 0
    assert {(grant.subject, grant.role) for grant in members.list_grants(shared)} == {
        (ANNA.id, Role.ADMIN),
        ("group:Reviewers", Role.REVIEW),
        ("eve@example.org", Role.LOOK),
    }
    status, _, error = run(capsys, "team", "role", ANNA.id, "launch")
    assert status == 1
    assert "without an admin" in error
    assert run(capsys, "team", "role", "nobody", "look")[0] == 1
    assert run(capsys, "team", "role", BEN.id, "king")[0] == 2


def test_a_person_is_kept_out_and_let_in_again(shared: Store, capsys: Capture) -> None:
    assert run(capsys, "team", "remove", "Ben@example.org")[0] == 0
    assert [person.removed_at is None for person in members.list_members(shared)] == [True, False]
    assert run(capsys, "team", "let-in", BEN.id)[0] == 0
    assert all(person.removed_at is None for person in members.list_members(shared))
    status, _, error = run(capsys, "team", "remove", "nobody@example.org")
    assert status == 1
    assert "has signed in" in error


def test_the_team_is_listed_with_roles_and_who_gave_them(shared: Store, capsys: Capture) -> None:
    members.give_role(shared.acting(ANNA), "group:Reviewers", Role.REVIEW)
    _, out, error = run(capsys, "team", "list")
    (ben,) = (line for line in out.splitlines() if BEN.id in line)
    assert "launch" in ben
    assert operator().id in ben
    (group,) = (line for line in out.splitlines() if "group:Reviewers" in line)
    assert group.split()[:3] == ["group:Reviewers", "review", ANNA.id]
    assert "has the role look" in error
    assert [each["id"] for each in json.loads(run(capsys, "team", "list", "--json")[1])["people"]] == [ANNA.id, BEN.id]


def test_the_record_is_shown_by_run_person_action_and_day(shared: Store, capsys: Capture) -> None:
    run_id = queue.launch(shared.acting(BEN), TINY, "first")
    queue.launch(shared.acting(ANNA), TINY, "second")
    run_edits.rename(shared.acting(ANNA), run_id, "=1+1")

    def actions(*options: str) -> list[str]:
        return [each["action"] for each in json.loads(run(capsys, "team", "record", "--json", *options)[1])]

    assert actions("--run", run_id) == [Action.RENAMED, Action.LAUNCHED]
    assert actions("--person", "Ben@example.org") == [Action.LAUNCHED]
    assert actions("--action", "launched", "--limit", "1") == [Action.LAUNCHED]
    assert len(actions()) == len(list_changes(shared))
    assert actions("--to", "2001-01-01") == actions("--from", "2101-01-01") == []
    assert len(actions("--from", "2001-01-01", "--to", "2101-01-01")) == len(actions())
    out = run(capsys, "team", "record", "--run", run_id)[1]
    assert out.splitlines()[1].split()[2:] == ["Anna", "Smith", f"({ANNA.id})", "renamed", run_id, "–", "first", "=1+1"]


def test_the_csv_of_the_record_has_every_change_and_no_formula(shared: Store, capsys: Capture) -> None:
    run_id = queue.launch(shared.acting(replace(BEN, name="=Ben")), TINY, "first")
    rows = list(csv.DictReader(io.StringIO(run(capsys, "team", "record", "--csv")[1])))
    assert len(rows) == len(list_changes(shared))
    assert (rows[0]["person"], rows[0]["run"], rows[0]["after"]) == (BEN.id, run_id, '"first"')
    assert rows[0]["person_name"] == "'=Ben"


def test_changes_of_a_deleted_run_are_found_by_its_id(shared: Store, capsys: Capture) -> None:
    run_id = queue.launch(shared, TINY)
    queue.stop(shared, run_id)
    run_edits.delete(shared, run_id)
    changes = json.loads(run(capsys, "team", "record", "--json", "--run", run_id)[1])
    assert [change["action"] for change in changes] == [Action.DELETED, Action.STOPPED, Action.LAUNCHED]
