"""What people write on runs, one at a time or on several at once, and deleting them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import ConfigurationError
from jobs.bulk import apply_to_each
from jobs.running import queue, run_edits
from jobs.running.claims import claim
from jobs.store import run_files
from jobs.store.filters import Filter
from jobs.store.queries import NotPossible, RunNotFound, find_run, get_run, known_tags, list_runs
from jobs.store.store import Store
from jobs.store.store_errors import ChangedMeanwhile
from tests import stores
from tests.jobs.configs import TINY
from tests.rights import rights_of_files_hold
from tests.stores import Sample


@pytest.fixture
def finished(store: Store) -> str:
    run_id = stores.add(store, Sample(name="the run"))
    files = run_files.files_of(store, run_id)
    files.checkpoints.mkdir(parents=True)
    (files.checkpoints / "checkpoint-0001-000000.pt").write_bytes(bytes(1000))
    files.model.write_bytes(bytes(500))
    return run_id


def test_name_note_tags_and_pin_are_kept(store: Store, finished: str) -> None:
    run_edits.rename(store, finished, "  better name ")
    run_edits.set_note(store, finished, "worth keeping")
    run_edits.set_tags(store, finished, ["a", "b"])
    run_edits.set_tags(store, finished, ["b", "c", " "])
    run_edits.set_pinned(store, finished, True)
    run = get_run(store, finished)
    assert (run.name, run.note, run.tags, run.pinned) == ("better name", "worth keeping", ("b", "c"), True)
    assert known_tags(store) == ["b", "c"]


@pytest.mark.parametrize(("edit", "what"), [(run_edits.set_note, "note"), (run_edits.rename, "name")])
def test_an_edit_that_began_from_something_else_is_refused_and_tells_what_is_there(
    store: Store, finished: str, edit: Callable[..., None], what: str
) -> None:
    edit(store, finished, "theirs", based_on=getattr(get_run(store, finished), what))
    with pytest.raises(ChangedMeanwhile, match=f"changed the {what} of run {finished}") as refused:
        edit(store, finished, "mine", based_on="what I have seen")
    assert (refused.value.now, getattr(get_run(store, finished), what)) == ("theirs", "theirs")
    edit(store, finished, "theirs", based_on="what I have seen")
    edit(store, finished, "both", based_on=refused.value.now)
    edit(store, finished, "said outright")
    assert getattr(get_run(store, finished), what) == "said outright"


def test_what_many_add_at_once_is_all_kept(store: Store, finished: str) -> None:
    def write(number: int) -> None:
        run_edits.add_to_note(store, finished, f"word {number}")
        run_edits.change_tags(store, finished, [f"tag {number}"], [])

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(write, range(24)))
    run = get_run(store, finished)
    assert sorted(run.note.split("\n\n")) == sorted(f"word {number}" for number in range(24))
    assert set(run.tags) == {f"tag {number}" for number in range(24)}


def test_tags_are_added_to_those_that_are_there_by_then(store: Store, finished: str) -> None:
    run_edits.set_tags(store, finished, ["theirs", "old"])
    run_edits.change_tags(store, finished, ["mine"], ["old", "never there"])
    assert get_run(store, finished).tags == ("mine", "theirs")


def test_labels_that_are_too_long_or_empty_are_refused_and_change_nothing(store: Store, finished: str) -> None:
    run_edits.set_tags(store, finished, ["kept"])
    for name in ("", "   ", "x" * 201):
        with pytest.raises(ConfigurationError):
            run_edits.rename(store, finished, name)
    with pytest.raises(ConfigurationError):
        run_edits.set_tags(store, finished, ["short", "x" * 51])
    with pytest.raises(ConfigurationError):
        run_edits.set_note(store, finished, "x" * 20_001)
    run = get_run(store, finished)
    assert (run.name, run.note, run.tags) == ("the run", "", ("kept",))


def test_deleting_tells_only_the_bytes_that_are_really_free(store: Store, finished: str) -> None:
    checkpoints = run_files.files_of(store, finished).checkpoints
    checkpoints.chmod(0o555)
    with rights_of_files_hold():
        assert run_edits.delete(store, finished) == 500
    checkpoints.chmod(0o755)
    assert run_files.bytes_used(store, finished) == 1000


def test_an_archived_run_leaves_the_lists_and_comes_back(store: Store, finished: str) -> None:
    run_edits.archive(store, finished)
    assert list_runs(store) == []
    assert [run.id for run in list_runs(store, Filter(archived=True))] == [finished]
    run_edits.bring_back(store, finished)
    assert [run.id for run in list_runs(store)] == [finished]


def test_resuming_an_archived_run_brings_it_back(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    queue.stop(store, run_id)
    run_edits.archive(store, run_id)
    queue.resume(store, run_id)
    assert get_run(store, run_id).archived_at is None


def test_deleting_removes_rows_and_files_and_says_how_much(store: Store, finished: str) -> None:
    folder = run_files.files_of(store, finished).folder
    assert run_edits.delete(store, finished) == 1500
    assert not folder.exists()
    with pytest.raises(RunNotFound):
        get_run(store, finished)


def test_a_queued_or_running_run_is_neither_deleted_nor_archived(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    for action in (run_edits.delete, run_edits.archive):
        with pytest.raises(NotPossible, match="queued and cannot be"):
            action(store, run_id)
    assert claim(store, run_id, "here")
    for action in (run_edits.delete, run_edits.archive):
        with pytest.raises(NotPossible, match="running and cannot be"):
            action(store, run_id)
    assert get_run(store, run_id).archived_at is None


def test_a_run_whose_trainer_is_still_leaving_is_not_deleted_under_it(store: Store, finished: str) -> None:
    with stores.at_work(store, finished), pytest.raises(NotPossible, match="still shutting down"):
        run_edits.delete(store, finished)
    assert run_files.files_of(store, finished).model.exists()


def test_clearing_checkpoints_keeps_the_results(store: Store, finished: str) -> None:
    assert run_edits.clear_checkpoints(store, finished) == 1000
    assert [name for name, _ in run_files.listing(store, finished)] == ["model.pt"]
    assert get_run(store, finished).test_accuracy is not None


def test_a_run_that_may_go_on_keeps_its_checkpoints(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    queue.stop(store, run_id)
    with pytest.raises(NotPossible, match="needs its checkpoints"):
        run_edits.clear_checkpoints(store, run_id)


def test_one_run_that_is_refused_does_not_keep_the_others_from_an_action(store: Store, finished: str) -> None:
    waiting = queue.launch(store, TINY, "waiting")
    outcomes = apply_to_each([waiting, "nosuchid", finished], lambda run_id: run_edits.delete(store, run_id))
    assert [outcome.done for outcome in outcomes] == [False, False, True]
    assert "waiting" in outcomes[0].message
    assert "nosuchid" in outcomes[1].message


def test_a_run_is_found_by_id_by_the_beginning_of_its_id_or_by_name(store: Store, finished: str) -> None:
    assert find_run(store, finished).id == find_run(store, finished[:5]).id == find_run(store, "the run").id == finished
    stores.add(store, Sample(name="the run"))
    with pytest.raises(RunNotFound, match="matches several runs"):
        find_run(store, "the run")
    for words in ("%", "_" * 8, "the ru"):
        with pytest.raises(RunNotFound, match="There is no run"):
            find_run(store, words)


def test_an_action_on_a_run_that_was_deleted_says_so(store: Store, finished: str) -> None:
    run_edits.delete(store, finished)
    for action in (
        lambda: run_edits.rename(store, finished, "x"),
        lambda: run_edits.set_tags(store, finished, ["x"]),
        lambda: run_edits.archive(store, finished),
        lambda: run_edits.delete(store, finished),
    ):
        with pytest.raises(RunNotFound, match="may have been deleted"):
            action()
