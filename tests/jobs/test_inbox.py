"""The inbox: what is asked of somebody, and what has changed since they looked."""

import time

import pytest

from jobs.people import Person, Role
from jobs.running import run_edits
from jobs.store.records import ReviewState
from jobs.store.store import Store
from jobs.team import comments, inbox, members
from jobs.team.comments import Topic
from jobs.team.inbox import Inbox, read_inbox
from jobs.team.reviews import take_step
from tests import stores
from tests.colleagues import ANNA, BEN, EVE, meet_all
from tests.stores import Sample

VIEW = "runs?run=x"


@pytest.fixture
def team(store: Store) -> Store:
    return meet_all(store)


@pytest.fixture
def run_id(team: Store) -> str:
    """A finished run of Eve's."""
    return stores.add(team, Sample(name="cnn 1", columns={"owner": EVE.id, "ended_at": time.time() - 60}))


def said_to(store: Store, person: Person) -> list[str]:
    return [comment.text for comment in read_inbox(store.acting(person)).comments]


def asked_of(store: Store, person: Person) -> list[str]:
    return [step.run_name for step in read_inbox(store.acting(person)).asked]


def test_a_review_is_asked_of_one_or_of_anybody_who_may_review_it_until_the_next_step(team: Store, run_id: str) -> None:
    take_step(team.acting(EVE), run_id, ReviewState.ASKED, ask=BEN.id)
    assert (asked_of(team, BEN), asked_of(team, ANNA)) == (["cnn 1"], [])
    take_step(team.acting(EVE), run_id, ReviewState.ASKED)
    assert [asked_of(team, person) for person in (BEN, ANNA, EVE)] == [["cnn 1"], ["cnn 1"], []]
    take_step(team.acting(ANNA), run_id, ReviewState.NEEDS_WORK, why="Too short.")
    assert [asked_of(team, person) for person in (BEN, ANNA)] == [[], []]


def test_a_review_of_an_archived_run_waits_for_nobody(team: Store, run_id: str) -> None:
    take_step(team.acting(EVE), run_id, ReviewState.ASKED)
    run_edits.archive(team.acting(EVE), run_id)
    assert asked_of(team, BEN) == []
    run_edits.bring_back(team.acting(EVE), run_id)
    assert asked_of(team, BEN) == ["cnn 1"]


def test_nobody_is_asked_for_what_the_role_does_not_allow(team: Store, run_id: str) -> None:
    take_step(team.acting(EVE), run_id, ReviewState.ASKED)
    members.give_role(team, BEN.id, Role.LOOK)
    assert asked_of(team, BEN) == []
    third = stores.add(team, Sample(name="mine", columns={"owner": ANNA.id}))
    take_step(team.acting(EVE), third, ReviewState.ASKED)
    assert asked_of(team, ANNA) == ["cnn 1"]


def test_a_mention_waits_until_it_is_answered_or_resolved(team: Store, run_id: str) -> None:
    topic = Topic.run(run_id)
    first = comments.add(team.acting(EVE), topic, "@ben why?", VIEW)
    second = comments.add(team.acting(EVE), topic, "@ben and this?", VIEW)
    comments.add(team.acting(BEN), topic, "@ben to myself", VIEW)
    assert said_to(team, BEN) == ["@ben and this?", "@ben why?"]
    assert said_to(team, ANNA) == said_to(team, EVE) == []
    comments.reply(team.acting(BEN), first, "Because.", VIEW)
    comments.set_resolved(team, second, True)
    assert said_to(team, BEN) == []


def test_an_answer_in_ones_thread_waits_for_who_wrote_before(team: Store, run_id: str) -> None:
    thread = comments.add(team.acting(EVE), Topic.run(run_id), "Why?", VIEW)
    answer = comments.reply(team.acting(BEN), thread, "Because.", VIEW)
    assert (said_to(team, EVE), said_to(team, BEN)) == (["Because."], [])
    comments.reply(team.acting(EVE), thread, "Thanks.", VIEW)
    assert (said_to(team, EVE), said_to(team, BEN)) == ([], ["Thanks."])
    comments.delete_comment(team.acting(BEN), answer)
    assert said_to(team, BEN) == []


def test_what_changed_is_listed_from_the_first_look_on_until_it_is_marked_as_seen(team: Store, run_id: str) -> None:
    eve = team.acting(EVE)
    assert read_inbox(eve) == Inbox()
    inbox.begin(eve)
    assert read_inbox(eve) == Inbox()
    later = {"owner": EVE.id, "ended_at": time.time()}
    finished = stores.add(team, Sample(name="good", columns=later))
    stores.add(team, Sample(name="bad", status="failed", columns=later | {"ended_at": time.time()}))
    stores.add(team, Sample(name="left", status="stopped", columns=later))
    stores.add(team, Sample(name="another's", columns=later | {"owner": BEN.id}))
    take_step(team.acting(BEN), finished, ReviewState.ACCEPTED)
    take_step(team.acting(BEN), run_id, ReviewState.ASKED)
    inbox.begin(eve)
    seen = read_inbox(eve)
    assert [(run.name, run.status) for run in seen.ended] == [("bad", "failed"), ("good", "finished")]
    assert [(step.run_name, step.state, step.person_name) for step in seen.reviewed] == [
        ("cnn 1", "review asked", "Ben"),
        ("good", "accepted", "Ben"),
    ]
    assert (seen.asked_count, seen.changed_count) == (0, 4)
    inbox.mark_seen(eve)
    assert read_inbox(eve) == Inbox()


def test_who_runs_the_server_has_an_inbox_too(store: Store) -> None:
    inbox.begin(store)
    stores.add(store, Sample(name="mine", columns={"owner": store.by.id, "ended_at": time.time()}))
    assert [run.name for run in read_inbox(store).ended] == ["mine"]
    assert [member.id for member in members.list_members(store)] == [store.by.id]
