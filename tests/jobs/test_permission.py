"""Who may change what: every function that changes something refuses a role that is too low, and keeps who did it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text

from core.errors import ConfigurationError
from core.presets import config_of
from jobs.people import Person, Role, operator
from jobs.results import duplicate_search, label_marks, photo_sets
from jobs.running import queue, run_edits
from jobs.settings import ROOT, settings
from jobs.store.queries import get_run
from jobs.store.records import ReviewState
from jobs.store.store import Store
from jobs.tasks import data_changes, export_files, packages, set_changes, studies, teaching, uploads
from jobs.team import change_record, comments, deliveries, members, reviews
from jobs.team.change_record import Action, Wanted, list_changes
from jobs.team.comments import Topic
from jobs.team.permission import NotAllowed, role_here
from tests import colleagues, stores
from tests.colleagues import ANNA
from tests.jobs.test_photo_sets import kept, photo
from tests.stores import Sample

BEN = replace(colleagues.BEN, groups=("reviewers",))
WRITE_THEMSELVES = {
    # What opens, migrates and describes the store itself, and who has signed in, is nobody's change.
    "jobs/store/migration.py", "jobs/store/queue_settings.py", "jobs/team/members.py", "jobs/team/inbox.py",
    "jobs/team/sign_ins.py",
    # The supervisor and the trainers act for the queue, not for a person.
    "jobs/running/attempts.py", "jobs/running/claims.py", "jobs/supervising/local_launcher.py",
    "jobs/supervising/cluster_claims.py",
    "jobs/team/permission.py",
    # What copies a store as a whole.
    "jobs/copies/backup.py", "jobs/copies/moving.py", "jobs/copies/restore.py",
    # So does what sends deliveries, and what looks whether the store can be written.
    "jobs/team/deliveries.py", "jobs/team/health.py",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A function that changes something, the least role that it takes, and a call of it on a finished run."""

    function: str
    least: Role
    call: Callable[[Store, str], object]


def _photo_set(store: Store) -> photo_sets.PhotoSet:
    return next(iter(photo_sets.list_sets(store)))


CASES = [
    Case("queue.launch_all", Role.LAUNCH, lambda store, _: queue.launch(store, config_of("quick"))),
    Case("queue.stop", Role.LAUNCH, queue.stop),
    Case("queue.resume", Role.LAUNCH, queue.resume),
    Case("queue.start_over", Role.LAUNCH, lambda store, _: queue.start_over(store, _stopped(store))),
    Case("queue.move", Role.LAUNCH, lambda store, run_id: queue.move(store, [run_id], 1)),
    Case("queue.move_by", Role.LAUNCH, lambda store, run_id: queue.move_by(store, run_id, 1)),
    Case("queue.set_slots", Role.ADMIN, lambda store, _: queue.set_slots(store, 3)),
    Case("queue.set_paused", Role.ADMIN, lambda store, _: queue.set_paused(store, True)),
    Case("run_edits.rename", Role.LAUNCH, lambda store, run_id: run_edits.rename(store, run_id, "new")),
    Case("run_edits.set_note", Role.REVIEW, lambda store, run_id: run_edits.set_note(store, run_id, "new")),
    Case("run_edits.add_to_note", Role.REVIEW, lambda store, run_id: run_edits.add_to_note(store, run_id, "new")),
    Case("run_edits.set_pinned", Role.LAUNCH, lambda store, run_id: run_edits.set_pinned(store, run_id, True)),
    Case("run_edits.archive", Role.LAUNCH, run_edits.archive),
    Case("run_edits.bring_back", Role.LAUNCH, run_edits.bring_back),
    Case("run_edits.set_tags", Role.REVIEW, lambda store, run_id: run_edits.set_tags(store, run_id, ["new"])),
    Case("run_edits.change_tags", Role.REVIEW, lambda store, run_id: run_edits.change_tags(store, run_id, ["new"], [])),
    Case("run_edits.delete", Role.LAUNCH, run_edits.delete),
    Case("run_edits.clear_checkpoints", Role.LAUNCH, run_edits.clear_checkpoints),
    Case("label_marks.keep_marks", Role.REVIEW, lambda store, _: label_marks.mark(store, "x", 1, store.by.id, 2)),
    Case("label_marks.withdraw", Role.REVIEW, lambda store, _: label_marks.withdraw(store, "x", 1, store.by.id)),
    Case("photo_sets.keep", Role.REVIEW, lambda store, _: kept(store, "another")),
    Case(
        "photo_sets.store_answers",
        Role.REVIEW,
        lambda store, run_id: photo_sets.store_answers(store, _photo_set(store), run_id, []),
    ),
    Case("photo_sets.delete", Role.LAUNCH, lambda store, _: photo_sets.delete(store, _photo_set(store))),
    Case(
        "set_changes.add_photos",
        Role.REVIEW,
        lambda store, _: set_changes.add_photos(store, _photo_set(store), [(photo(200), 1)]),
    ),
    Case(
        "set_changes.relabel_photo",
        Role.REVIEW,
        lambda store, _: set_changes.relabel_photo(store, _photo_set(store), 0, 1),
    ),
    Case(
        "set_changes.remove_photo", Role.REVIEW, lambda store, _: set_changes.remove_photo(store, _photo_set(store), 0)
    ),
    Case("duplicate_search.start_search", Role.REVIEW, lambda store, _: duplicate_search.start_search(store)),
    Case(
        "studies.request_study", Role.REVIEW, lambda store, run_id: studies.request_study(store, get_run(store, run_id))
    ),
    Case(
        "packages.start_packing",
        Role.REVIEW,
        lambda store, run_id: packages.start_packing(store, get_run(store, run_id)),
    ),
    Case(
        "export_files.export",
        Role.REVIEW,
        lambda store, run_id: export_files.export(store, get_run(store, run_id), store.artifacts / "export"),
    ),
    Case("teaching.start_learning", Role.LAUNCH, lambda store, _: teaching.start_learning(store, _photo_set(store))),
    Case("comments.add", Role.REVIEW, lambda store, run_id: comments.add(store, Topic.run(run_id), "Well?", "runs")),
    Case("comments.reply", Role.REVIEW, lambda store, _: comments.reply(store, "x", "Well?", "runs")),
    Case("comments.edit", Role.REVIEW, lambda store, _: comments.edit(store, "x", "Well?")),
    Case("comments.delete_comment", Role.REVIEW, lambda store, _: comments.delete_comment(store, "x")),
    Case("comments.set_resolved", Role.REVIEW, lambda store, _: comments.set_resolved(store, "x", True)),
    Case(
        "reviews.take_step",
        Role.REVIEW,
        lambda store, run_id: reviews.take_step(store, run_id, ReviewState.ACCEPTED),
    ),
    Case("members.give_role", Role.ADMIN, lambda store, _: members.give_role(store, "eve@example.org", Role.LOOK)),
    Case("deliveries.retry", Role.ADMIN, lambda store, _: deliveries.retry(store)),
    Case("members.set_removed", Role.ADMIN, lambda store, _: members.set_removed(store, BEN.id, True)),
]
NEED_DATA: dict[str, Callable[[Store, Any], object]] = {
    "data_changes.store_version": data_changes.store_version,
    "data_changes.delete_version": data_changes.delete_version,
    "uploads.start_reading": uploads.start_reading,
    "uploads.start_storing": lambda store, upload: uploads.start_storing(store, upload, ""),
    "uploads.discard": uploads.discard,
}
"""They ask before they look at what they shall change."""
FOR_EVERYBODY = {"packages.record_download"}
"""Whoever may look may do these; tests/jobs/test_packing.py tries who may not."""


def _stopped(store: Store) -> str:
    return stores.add(store, Sample(status="stopped"))


@pytest.fixture
def shared(store: Store) -> Store:
    """A store of a team: Anna is an admin, and a photo set is there."""
    members.meet(store, ANNA)
    members.meet(store, BEN)
    members.give_role(store, ANNA.id, Role.ADMIN)
    kept(store)
    return store


def functions_that_ask() -> set[str]:
    """Every function below jobs that asks for a role, as module.function; of private ones who calls them."""
    asking = set[str]()
    for path in (ROOT / "jobs").rglob("*.py"):
        if path.name == "permission.py":
            continue
        functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
        calls = {function.name: _called(function) for function in functions}
        direct = {name for name, called in calls.items() if called & {"changing", "require"}}
        private = {name for name in direct if name.startswith("_")}
        asking |= {
            f"{path.stem}.{name}"
            for name, called in calls.items()
            if name not in private and (name in direct or called & private)
        }
    return asking


def _called(function: ast.FunctionDef) -> set[str]:
    return {
        node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_every_function_that_asks_for_a_role_is_tried_here() -> None:
    assert functions_that_ask() == {case.function for case in CASES} | set(NEED_DATA) | FOR_EVERYBODY


def test_nothing_else_writes_into_the_store() -> None:
    paths = [path for package in ("jobs", "dashboard") for path in (ROOT / package).rglob("*.py")]
    writing = {str(path.relative_to(ROOT)) for path in paths if ".writing()" in path.read_text("utf-8")}
    assert writing == WRITE_THEMSELVES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.function)
def test_a_role_that_is_too_low_changes_nothing(shared: Store, case: Case) -> None:
    run_id = stores.add(shared, Sample(columns={"owner": BEN.id}))
    members.give_role(shared, BEN.id, Role(case.least - 1))
    before = list_changes(shared)
    with pytest.raises(NotAllowed, match=f"takes the role “{case.least.word}”"):
        case.call(shared.acting(BEN), run_id)
    assert list_changes(shared) == before


@pytest.mark.parametrize("name", NEED_DATA)
def test_who_may_not_launch_changes_no_data_set(shared: Store, name: str) -> None:
    members.give_role(shared, BEN.id, Role.REVIEW)
    with pytest.raises(NotAllowed, match="takes the role “launch”"):
        NEED_DATA[name](shared.acting(BEN), object())


def test_who_launches_changes_their_own_runs_and_no_others(shared: Store) -> None:
    members.give_role(shared, BEN.id, Role.LAUNCH)
    mine, annas, old = (stores.add(shared, Sample(columns={"owner": owner})) for owner in (BEN.id, ANNA.id, None))
    run_edits.rename(shared.acting(BEN), mine, "mine")
    with pytest.raises(NotAllowed, match="is anna@example.org's. Ask its owner"):
        run_edits.delete(shared.acting(BEN), annas)
    with pytest.raises(NotAllowed, match="before runs had owners"):
        run_edits.archive(shared.acting(BEN), old)
    run_edits.rename(shared.acting(ANNA), mine, "renamed by an admin")
    assert [get_run(shared, run_id).name for run_id in (mine, annas)][0] == "renamed by an admin"


def test_a_launched_run_belongs_to_who_launched_it(shared: Store) -> None:
    run_id = queue.launch(shared.acting(ANNA), config_of("quick"))
    assert get_run(shared, run_id).owner == ANNA.id
    assert get_run(shared, queue.launch(shared, config_of("quick"))).owner == operator().id


def test_a_role_comes_from_the_group_and_is_gone_when_it_is_taken_away(shared: Store) -> None:
    assert role_here(shared.acting(BEN)) == Role.LOOK
    members.give_role(shared, "group:reviewers", Role.REVIEW)
    assert role_here(shared.acting(BEN)) == Role.REVIEW
    members.give_role(shared, "group:reviewers", None)
    assert role_here(shared.acting(BEN)) == Role.LOOK


def test_who_is_removed_may_not_even_look_and_their_runs_stay_theirs(shared: Store) -> None:
    run_id = stores.add(shared, Sample(columns={"owner": BEN.id}))
    members.set_removed(shared.acting(ANNA), BEN.id, True)
    assert role_here(shared.acting(BEN)) is None
    assert get_run(shared, run_id).owner == BEN.id
    with pytest.raises(NotAllowed, match="may not use this server"):
        run_edits.set_note(shared.acting(BEN), run_id, "still here")
    members.set_removed(shared.acting(ANNA), BEN.id, False)
    assert role_here(shared.acting(BEN)) == Role.LOOK


def test_the_first_role_that_the_operator_gives_need_not_be_an_admins(store: Store) -> None:
    members.give_role(store, BEN.id, Role.REVIEW)
    assert role_here(store.acting(BEN)) == Role.REVIEW


def test_the_last_admin_stays_one(shared: Store) -> None:
    with pytest.raises(ConfigurationError, match="without an admin"):
        members.give_role(shared.acting(ANNA), ANNA.id, Role.LOOK)
    with pytest.raises(ConfigurationError, match="without an admin"):
        members.set_removed(shared.acting(ANNA), ANNA.id, True)
    members.give_role(shared.acting(ANNA), BEN.id, Role.ADMIN)
    members.give_role(shared.acting(ANNA), ANNA.id, Role.LOOK)
    assert role_here(shared.acting(ANNA)) == Role.LOOK


def test_the_admins_to_ask_are_those_known_by_address_who_may_still_come_in(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert members.list_admins(shared) == [ANNA.id]
    members.give_role(shared, BEN.id, Role.ADMIN)
    members.give_role(shared, "group:reviewers", Role.ADMIN)
    members.give_role(shared, "eve@example.org", Role.LAUNCH)
    assert members.list_admins(shared) == [ANNA.id, BEN.id]
    members.set_removed(shared, ANNA.id, True)
    assert members.list_admins(shared) == [BEN.id]
    monkeypatch.setenv("LOOKBOOK_ADMINS", "Zoe@example.org")
    settings.cache_clear()
    assert members.list_admins(shared) == [BEN.id, "zoe@example.org"]


def test_the_settings_name_admins_and_what_newcomers_may(shared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_ADMINS", " Eve@Example.org ,")
    monkeypatch.setenv("LOOKBOOK_NEWCOMERS", "none")
    settings.cache_clear()
    assert role_here(shared.acting(Person("eve@example.org", "Eve"))) == Role.ADMIN
    assert role_here(shared.acting(Person("mallory@example.org", "Mallory"))) is None
    monkeypatch.setenv("LOOKBOOK_NEWCOMERS", "king")
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="choose none or one of look, review, launch, admin"):
        settings()


@pytest.mark.parametrize("subject", ["", "anna", "group:", "a b@example.org", "x" * 250 + "@example.org"])
def test_a_role_goes_to_an_address_or_a_group(shared: Store, subject: str) -> None:
    with pytest.raises(ConfigurationError, match="neither an e-mail address nor a group"):
        members.give_role(shared, subject, Role.LOOK)


def test_the_record_keeps_who_did_what_with_before_and_after(shared: Store) -> None:
    run_id = stores.add(shared, Sample(name="first", columns={"owner": ANNA.id}))
    run_edits.rename(shared.acting(ANNA), run_id, "second")
    run_edits.set_tags(shared, run_id, ["good"])
    run_edits.delete(shared.acting(ANNA), run_id)
    deleted, tagged, renamed = list_changes(shared, Wanted(run_id=run_id))
    assert (renamed.person, renamed.action, renamed.before, renamed.after) == (
        ANNA.id,
        Action.RENAMED,
        "first",
        "second",
    )
    assert (tagged.person, tagged.before, tagged.after) == (operator().id, [], ["good"])
    assert (deleted.person_name, deleted.action, deleted.before) == (ANNA.name, Action.DELETED, "second")
    assert [change.id for change in list_changes(shared, Wanted(person=ANNA.id))] == [deleted.id, renamed.id]
    assert list_changes(shared, Wanted(run_id=run_id, actions=[Action.TAGGED])) == [tagged]
    assert list_changes(shared, Wanted(run_id=run_id, since=deleted.at)) == [deleted]


def test_the_record_keeps_a_name_and_a_note_as_they_are_stored(shared: Store) -> None:
    run_id = stores.add(shared, Sample(name="first"))
    run_edits.rename(shared, run_id, "  a   new name ")
    run_edits.set_note(shared, run_id, "one\r\ntwo\x1b")
    run_edits.add_to_note(shared, run_id, "three\r\nfour")
    stored = get_run(shared, run_id)
    added, noted, renamed = list_changes(shared, Wanted(run_id=run_id))
    assert renamed.after == stored.name == "a new name"
    assert noted.after == added.before == "one\ntwo\N{REPLACEMENT CHARACTER}"
    assert added.after == stored.note == "one\ntwo\N{REPLACEMENT CHARACTER}\n\nthree\nfour"


@pytest.mark.parametrize("statement", ["UPDATE changes SET person = 'eve'", "DELETE FROM changes"])
def test_the_record_is_only_added_to(shared: Store, statement: str) -> None:
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="only added to"), shared.engine.begin() as connection:
        connection.execute(text(statement))
    assert list_changes(shared)


def test_what_fails_leaves_no_record(shared: Store) -> None:
    before = list_changes(shared)
    run_id = stores.add(shared, Sample())
    with pytest.raises(ConfigurationError):
        run_edits.set_tags(shared, run_id, ["x" * 51])
    assert list_changes(shared) == before
    assert Wanted() == change_record.ALL


def test_nobody_marks_labels_in_the_name_of_another(shared: Store) -> None:
    members.give_role(shared, BEN.id, Role.REVIEW)
    with pytest.raises(NotAllowed, match="for somebody else"):
        label_marks.mark(shared.acting(BEN), "x", 1, ANNA.id, 2)
    label_marks.mark(shared.acting(BEN), "x", 1, BEN.id, 2)
    with pytest.raises(NotAllowed, match="for somebody else"):
        label_marks.withdraw(shared.acting(ANNA), "x", 1, BEN.id)


def test_the_module_of_people_needs_nothing_of_the_store() -> None:
    source = Path(ROOT, "jobs", "people.py").read_text("utf-8")
    assert "jobs.store" not in source
