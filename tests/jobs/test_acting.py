"""In whose name a process works: that of who asked for it, and on the command line always the operating system's."""

import pytest

from jobs.cli import main
from jobs.people import Person, operator, read_person
from jobs.running.background import open_for_task, open_here
from jobs.settings import ACTS_FOR
from jobs.store.queries import get_run, list_runs
from jobs.store.store import Store
from jobs.team.change_record import Action, list_changes

ANNA = Person("anna@example.org", "Anna “A” Smith", ("reviewers", "group, with comma"))


def test_a_task_works_in_the_name_of_who_asked_for_it(live_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_store.by == operator()
    monkeypatch.setenv(ACTS_FOR, ANNA.written)
    assert open_for_task().by == ANNA


def test_what_nobody_asked_for_and_what_an_operator_asks_for_is_of_who_runs_the_process(
    live_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_for_task().by == open_here().by == live_store.by
    monkeypatch.setenv(ACTS_FOR, Person("os:somebody-else", "somebody else").written)
    assert open_for_task().by == operator()


def test_no_environment_makes_the_command_line_another_person(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACTS_FOR, ANNA.written)
    assert main(["launch", "quick"]) == 0
    (run,) = list_runs(store)
    assert get_run(store, run.id).owner == operator().id
    assert [(change.person, change.action) for change in list_changes(store)] == [(operator().id, Action.LAUNCHED)]


def test_a_person_is_read_as_written() -> None:
    assert read_person(ANNA.written) == ANNA
