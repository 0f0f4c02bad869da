"""The review of a run: who asked, who accepted it, and what that keeps from happening to the run."""

from collections.abc import Callable

import pytest

from core.errors import ConfigurationError
from jobs.people import Role
from jobs.running import run_edits
from jobs.store import run_files
from jobs.store.disk_space import space_of_runs
from jobs.store.filters import Filter
from jobs.store.queries import NotPossible, get_run, list_runs
from jobs.store.records import ReviewState
from jobs.store.store import Store
from jobs.team import members, reviews
from jobs.team.change_record import Action, Wanted, list_changes
from jobs.team.permission import NotAllowed
from jobs.team.reviews import list_steps, take_step
from tests import stores
from tests.colleagues import ANNA, BEN, EVE, meet_all
from tests.stores import Sample

ASKED, ACCEPTED, NEEDS_WORK, WITHDRAWN = ReviewState


@pytest.fixture
def team(store: Store) -> Store:
    return meet_all(store)


@pytest.fixture
def run_id(team: Store) -> str:
    """A finished run of Eve's."""
    return stores.add(team, Sample(name="cnn 1", columns={"owner": EVE.id}))


def test_the_last_step_counts_and_all_are_kept_with_who_and_why(team: Store, run_id: str) -> None:
    assert not reviews.are_there(team)
    take_step(team.acting(EVE), run_id, ASKED, why="For the paper.", ask="@Ben")
    take_step(team.acting(BEN), run_id, NEEDS_WORK, why="Train it longer.")
    take_step(team.acting(BEN), run_id, ACCEPTED)
    assert get_run(team, run_id).review == ACCEPTED
    assert [(step.state, step.person_name, step.asked_of, step.why) for step in list_steps(team, run_id)] == [
        (ACCEPTED, "Ben", None, ""),
        (NEEDS_WORK, "Ben", None, "Train it longer."),
        (ASKED, "Eve", BEN.id, "For the paper."),
    ]
    assert reviews.are_there(team)
    changes = list_changes(team, Wanted(actions=[Action.REVIEWED]))
    assert [(change.before, change.after) for change in changes] == [
        (NEEDS_WORK, ACCEPTED),
        (ASKED, NEEDS_WORK),
        (None, ASKED),
    ]


def test_runs_are_listed_by_what_their_last_step_says(team: Store, run_id: str) -> None:
    other, third = (stores.add(team, Sample(seed=seed)) for seed in (1, 2))
    take_step(team, run_id, ASKED)
    take_step(team, run_id, ACCEPTED)
    take_step(team, other, ASKED)
    take_step(team, third, ACCEPTED)
    take_step(team, third, WITHDRAWN)
    listed = {state: [run.id for run in list_runs(team, Filter(reviews=(state,)))] for state in (ASKED, ACCEPTED)}
    assert listed == {ASKED: [other], ACCEPTED: [run_id]}
    assert get_run(team, third).review is None


def test_who_launched_a_run_does_not_accept_it(team: Store, run_id: str) -> None:
    with pytest.raises(NotAllowed, match="You launched run cnn 1 yourself. Ask somebody else"):
        take_step(team.acting(EVE), run_id, ACCEPTED)
    mine = stores.add(team, Sample(columns={"owner": team.by.id}))
    take_step(team, mine, ACCEPTED)
    assert get_run(team, mine).review == ACCEPTED


@pytest.mark.parametrize("status", ["queued", "running", "stopped", "failed"])
def test_only_a_finished_run_is_accepted(team: Store, status: str) -> None:
    run_id = stores.add(team, Sample(status=status))
    with pytest.raises(NotPossible, match=f"is {status}; only a finished run"):
        take_step(team, run_id, ACCEPTED)
    take_step(team, run_id, NEEDS_WORK, why="It does not learn.")


LOCKED: list[tuple[str, Callable[[Store, str], object]]] = [
    ("deleted", run_edits.delete),
    ("archived", run_edits.archive),
    ("cleared of checkpoints", run_edits.clear_checkpoints),
]


@pytest.mark.parametrize(("what", "do"), LOCKED, ids=[what for what, _ in LOCKED])
def test_what_is_accepted_is_locked_until_who_accepted_it_withdraws_that(
    team: Store, run_id: str, what: str, do: Callable[[Store, str], object]
) -> None:
    take_step(team.acting(BEN), run_id, ACCEPTED)
    for person in (EVE, ANNA):
        with pytest.raises(NotPossible, match=f"accepted by Ben and cannot be {what}. Ben or an admin can withdraw"):
            do(team.acting(person), run_id)
    assert get_run(team, run_id).archived_at is None
    take_step(team.acting(BEN), run_id, WITHDRAWN)
    do(team.acting(EVE), run_id)


@pytest.mark.parametrize(("what", "do"), LOCKED, ids=[what for what, _ in LOCKED])
def test_what_is_pinned_is_locked_until_it_is_unpinned(
    team: Store, run_id: str, what: str, do: Callable[[Store, str], object]
) -> None:
    run_edits.set_pinned(team, run_id, True)
    with pytest.raises(NotPossible, match=f"pinned as a baseline and cannot be {what}. Unpin it first"):
        do(team.acting(EVE), run_id)
    run_edits.set_pinned(team.acting(EVE), run_id, False)
    do(team.acting(EVE), run_id)


def test_checkpoints_of_locked_runs_do_not_count_as_clearable(team: Store, run_id: str) -> None:
    folder = run_files.files_of(team, run_id).checkpoints
    folder.mkdir(parents=True)
    (folder / "epoch-1.pt").write_bytes(b"x" * 100)
    assert [space.clearable for space in space_of_runs(team)] == [100]
    take_step(team, run_id, ACCEPTED)
    assert [space.clearable for space in space_of_runs(team)] == [0]
    run_edits.set_pinned(team, run_id, True)
    take_step(team, run_id, WITHDRAWN)
    assert [space.clearable for space in space_of_runs(team)] == [0]
    run_edits.set_pinned(team, run_id, False)
    assert [space.clearable for space in space_of_runs(team)] == [100]


@pytest.mark.parametrize("state", ReviewState)
def test_nobody_else_but_an_admin_changes_what_somebody_has_accepted(
    team: Store, run_id: str, state: ReviewState
) -> None:
    members.give_role(team, "carl@example.org", Role.REVIEW)
    take_step(team.acting(BEN), run_id, ACCEPTED)
    with pytest.raises(NotAllowed, match="“accepted” on run cnn 1 is Ben's. Ask Ben or an admin to withdraw it"):
        take_step(team.acting(EVE), run_id, state, why="No.")
    assert get_run(team, run_id).review == ACCEPTED
    take_step(team.acting(ANNA), run_id, state, why="No.")
    assert list_steps(team, run_id)[0].state == state


def test_one_withdraws_ones_own_step_only(team: Store, run_id: str) -> None:
    with pytest.raises(NotPossible, match="no review that could be withdrawn"):
        take_step(team.acting(BEN), run_id, WITHDRAWN)
    take_step(team.acting(EVE), run_id, ASKED)
    with pytest.raises(NotAllowed, match="is Eve's"):
        take_step(team.acting(BEN), run_id, WITHDRAWN)
    take_step(team.acting(EVE), run_id, WITHDRAWN)
    assert get_run(team, run_id).review is None


def test_a_step_needs_somebody_to_ask_and_what_needs_work(team: Store, run_id: str) -> None:
    with pytest.raises(ConfigurationError, match="Nobody called carl has signed in"):
        take_step(team, run_id, ASKED, ask="@carl")
    with pytest.raises(ConfigurationError, match="Nothing says what needs work. Say why"):
        take_step(team, run_id, NEEDS_WORK, why=" ")
    with pytest.raises(ConfigurationError, match="The reason has 2,001 characters"):
        take_step(team, run_id, ASKED, why="x" * 2001)
    assert list_steps(team, run_id) == []


def test_the_review_of_a_run_goes_with_it(team: Store, run_id: str) -> None:
    take_step(team, run_id, ASKED)
    run_edits.delete(team, run_id)
    assert not reviews.are_there(team)
