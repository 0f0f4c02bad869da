"""A run on a machine of a cluster: alive by its lease, fenced by its attempt, queued again when nobody is heard of."""

import os
import threading
import time

import pytest

from jobs.machines.nodes import SILENT_S
from jobs.running import attempts, leases, queue
from jobs.running.attempts import AttemptHandle, Replaced
from jobs.running.claims import MOST_CRASHES, is_here, next_in_queue
from jobs.running.leases import LEASE_S, MARGIN_S, KeptLease, LeaseLost, renew
from jobs.store.queries import get_run, list_attempts
from jobs.store.records import RunStatus
from jobs.store.schema import runs
from jobs.store.store import Store, connect
from jobs.supervising import cluster_claims
from tests.jobs.configs import TINY
from tests.jobs.crowd import place_of
from tests.jobs.leased import MACHINE, fall_silent, leased, report, run_out
from tests.jobs.test_attempts import answers, checkpoint, finish, start


@pytest.fixture
def attempt(store: Store) -> AttemptHandle:
    return leased(store)


def state(attempt: AttemptHandle) -> RunStatus:
    return get_run(attempt.store, attempt.run_id).state


def test_a_run_is_running_while_its_lease_lasts_and_interrupted_from_then_on(attempt: AttemptHandle) -> None:
    assert state(attempt) == RunStatus.RUNNING
    run_out(attempt)
    assert state(attempt) == RunStatus.INTERRUPTED
    assert renew(attempt)
    assert state(attempt) == RunStatus.RUNNING


def test_a_leased_run_is_none_of_this_machine_and_takes_no_slot_of_it(attempt: AttemptHandle) -> None:
    run = get_run(attempt.store, attempt.run_id)
    assert (run.host, run.slot) == (MACHINE, "cpu")
    assert not is_here(attempt.store, run, MACHINE)
    waiting = queue.launch(attempt.store, TINY)
    assert next_in_queue(attempt.store, MACHINE) == waiting


@pytest.mark.parametrize("silent", [False, True])
def test_a_run_whose_lease_ran_out_is_queued_first_again_and_the_old_attempt_is_over(
    attempt: AttemptHandle, silent: bool
) -> None:
    store = attempt.store
    start(attempt)
    later = queue.launch(store, TINY)
    run_out(attempt)
    if silent:
        fall_silent(store)
    assert cluster_claims.requeue(attempt)
    run = get_run(store, attempt.run_id)
    assert (run.status, run.pid, run.lease_until, run.deaths) == (RunStatus.QUEUED, None, None, int(not silent))
    assert list_attempts(store, run.id)[-1].outcome == ("lost with its machine" if silent else "died")
    assert not renew(attempt)
    with pytest.raises(Replaced):
        checkpoint(attempt, 1)
    report(store)
    first = cluster_claims.next_place(store, [MACHINE])
    assert first is not None
    assert first.run_id == run.id != later


def test_a_lease_that_lasts_is_taken_from_nobody(attempt: AttemptHandle) -> None:
    assert not cluster_claims.requeue(attempt)
    assert state(attempt) == RunStatus.RUNNING
    assert get_run(attempt.store, attempt.run_id).attempt == attempt.number


def test_a_replaced_attempt_can_neither_renew_nor_end_the_run_that_another_has(attempt: AttemptHandle) -> None:
    assert renew(attempt)
    run_out(attempt)
    assert cluster_claims.requeue(attempt)
    place = cluster_claims.next_place(attempt.store, [MACHINE])
    assert place is not None
    successor = cluster_claims.claim(attempt.store, place, [MACHINE])
    assert successor is not None
    start(successor)
    assert not renew(attempt)
    with pytest.raises(Replaced):
        finish(attempt)
    finish(successor)
    assert state(attempt) == RunStatus.FINISHED
    assert [each.outcome for each in list_attempts(attempt.store, attempt.run_id)] == ["died", "finished"]


def test_what_an_attempt_that_is_over_wrote_never_takes_the_place_of_the_model(attempt: AttemptHandle) -> None:
    placed = []
    run_out(attempt)
    assert cluster_claims.requeue(attempt)
    with pytest.raises(Replaced):
        attempts.report_finish(attempt, [], None, answers(), 1.0, 1, lambda: placed.append("model"))
    assert placed == []


def test_a_run_that_is_to_stop_when_its_trainer_is_lost_is_stopped(attempt: AttemptHandle) -> None:
    queue.stop(attempt.store, attempt.run_id)
    run_out(attempt)
    assert cluster_claims.requeue(attempt)
    assert state(attempt) == RunStatus.STOPPED


@pytest.mark.parametrize(("has_begun", "kind"), [(True, "memory"), (False, "engine")])
def test_a_run_whose_trainers_die_or_are_never_there_on_machines_that_are_fails_in_the_end(
    attempt: AttemptHandle, has_begun: bool, kind: str
) -> None:
    current = attempt
    for _ in range(MOST_CRASHES - 1):
        let_die(current, has_begun=has_begun)
        place = cluster_claims.next_place(current.store, [MACHINE])
        assert place is not None
        taken = cluster_claims.claim(current.store, place, [MACHINE])
        assert taken is not None
        current = taken
    let_die(current, has_begun=has_begun)
    run = get_run(current.store, current.run_id)
    assert (run.status, run.error_kind) == (RunStatus.FAILED, kind)


def let_die(attempt: AttemptHandle, *, has_begun: bool) -> None:
    """Let the lease of an attempt run out, whose trainer has or has not taken it up."""
    if has_begun:
        assert renew(attempt)
    run_out(attempt)
    assert cluster_claims.requeue(attempt)


def test_a_run_whose_trainer_never_had_the_lease_says_so(attempt: AttemptHandle) -> None:
    let_die(attempt, has_begun=False)
    assert get_run(attempt.store, attempt.run_id).deaths == 1
    assert list_attempts(attempt.store, attempt.run_id)[-1].outcome == "not started in time"


def test_a_run_that_could_not_be_started_is_queued_as_before_and_its_late_trainer_leaves(
    attempt: AttemptHandle,
) -> None:
    cluster_claims.give_back(attempt, "The head does not answer.")
    run = get_run(attempt.store, attempt.run_id)
    assert (run.status, run.deaths, run.lease_until) == (RunStatus.QUEUED, 0, None)
    assert list_attempts(attempt.store, run.id)[-1].outcome == "not started: The head does not answer."
    with pytest.raises(Replaced):
        KeptLease(attempt).keep()


def test_a_trainer_that_is_told_to_leave_gives_its_lease_back(attempt: AttemptHandle) -> None:
    start(attempt)
    assert not attempts.report_leaving(attempt, 1.0)
    assert state(attempt) == RunStatus.INTERRUPTED
    assert cluster_claims.requeue(attempt)


def test_a_lease_lasts_while_its_machine_sees_the_trainer_start_and_no_other_machine_does(
    attempt: AttemptHandle,
) -> None:
    run_out(attempt)
    cluster_claims.keep_starting(attempt, "another")
    assert state(attempt) == RunStatus.INTERRUPTED
    cluster_claims.keep_starting(attempt, MACHINE)
    assert state(attempt) == RunStatus.RUNNING


def test_from_the_first_renewal_on_the_lease_is_in_the_hands_of_its_trainer_alone(attempt: AttemptHandle) -> None:
    assert get_run(attempt.store, attempt.run_id).pid is None
    assert renew(attempt)
    assert get_run(attempt.store, attempt.run_id).pid == os.getpid()
    run_out(attempt)
    cluster_claims.keep_starting(attempt, MACHINE)
    assert state(attempt) == RunStatus.INTERRUPTED


def test_a_promise_to_a_trainer_is_never_shortened(attempt: AttemptHandle) -> None:
    assert renew(attempt)
    before = get_run(attempt.store, attempt.run_id).lease_until
    cluster_claims.keep_starting(attempt, MACHINE)
    assert get_run(attempt.store, attempt.run_id).lease_until == before


def test_of_two_supervisors_one_takes_a_run(store: Store) -> None:
    report(store)
    queue.launch(store, TINY)
    place = cluster_claims.next_place(store, [MACHINE])
    assert place is not None
    assert cluster_claims.claim(store, place, [MACHINE])
    assert cluster_claims.claim(store, place, [MACHINE]) is None


def test_a_paused_queue_gives_nothing_to_any_machine(store: Store) -> None:
    report(store)
    queue.launch(store, TINY)
    queue.set_paused(store, True)
    assert cluster_claims.next_place(store, [MACHINE]) is None


def test_a_renewal_and_the_end_of_a_lease_never_both_count(attempt: AttemptHandle) -> None:
    """However they fall together: who is renewed keeps the run, who is not has lost it."""
    other = Store(connect(place_of(attempt.store).url), attempt.store.artifacts)
    for _ in range(20):
        run_out(attempt)
        renewed: list[bool] = []
        thread = threading.Thread(target=lambda into=renewed: into.append(renew(attempt)))
        thread.start()
        requeued = cluster_claims.requeue(AttemptHandle(other, attempt.run_id, attempt.number))
        thread.join()
        if renewed == [True] and requeued:
            # The renewal came first and its lease had run out again: only possible if it lasted no time.
            assert get_run(attempt.store, attempt.run_id).status == RunStatus.QUEUED
            pytest.fail("a lease that had just been renewed was taken away")
        if requeued:
            with attempt.store.writing() as connection:
                values = {"status": RunStatus.RUNNING, "lease_until": 1.0}
                connection.execute(runs.update().where(runs.c.id == attempt.run_id).values(**values))
    other.engine.dispose()


def test_a_kept_lease_is_sure_until_a_margin_before_its_end(
    attempt: AttemptHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = KeptLease(attempt)
    assert not lease.is_sure
    lease.keep()
    assert lease.is_sure
    began = leases._now()
    monkeypatch.setattr(leases, "_now", lambda: began + LEASE_S - MARGIN_S)
    assert not lease.is_sure


def test_a_trainer_that_slept_asks_before_it_writes_a_file(
    attempt: AttemptHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = KeptLease(attempt)
    lease.keep()
    lease.require()
    began = leases._now()
    monkeypatch.setattr(leases, "_now", lambda: began + LEASE_S + 1)
    run_out(attempt)
    lease.require()
    assert state(attempt) == RunStatus.RUNNING
    monkeypatch.setattr(leases, "_now", lambda: began + 3 * LEASE_S)
    run_out(attempt)
    assert cluster_claims.requeue(attempt)
    with pytest.raises(Replaced):
        lease.require()


@pytest.mark.sqlite
def test_a_trainer_that_cannot_ask_does_not_write(attempt: AttemptHandle) -> None:
    hasty = Store(connect(place_of(attempt.store).url, patience_s=0.1), attempt.store.artifacts)
    lease = KeptLease(AttemptHandle(hasty, attempt.run_id, attempt.number))
    with attempt.store.writing(), pytest.raises(LeaseLost, match="has run out"):
        lease.require()
    hasty.engine.dispose()


def test_leases_are_counted_by_the_clock_of_the_store(attempt: AttemptHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    if attempt.store.is_local:
        return  # A file has no other clock than that of its machine.
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + 3600)
    assert state(attempt) == RunStatus.RUNNING
    assert not cluster_claims.requeue(attempt)
    assert SILENT_S >= LEASE_S
