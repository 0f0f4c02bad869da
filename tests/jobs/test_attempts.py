"""What a trainer writes: fenced, complete or not at all, and never the same twice."""

import numpy as np
import pytest

from jobs.running import attempts, queue
from jobs.running.attempts import Answers, AttemptHandle, Replaced
from jobs.running.claims import MOST_CRASHES, claim, is_here, next_in_queue, record_exit
from jobs.store.queries import NoPredictions, get_predictions, get_run, list_attempts, list_epochs
from jobs.store.records import Epoch, RunStatus
from jobs.store.run_files import files_of
from jobs.store.schema import runs
from jobs.store.store import Store, connect
from jobs.store.store_errors import StoreBusy, StoreError
from tests import stores
from tests.jobs.configs import TINY
from tests.jobs.crowd import place_of

HOST = "here"
KILLED = -9


@pytest.fixture
def attempt(store: Store) -> AttemptHandle:
    run_id = queue.launch(store, TINY)
    taken = claim(store, run_id, HOST)
    assert taken is not None
    return taken


def learnt(attempt: AttemptHandle, count: int) -> list[Epoch]:
    return [Epoch(n, 1 / n, 0.5, 1.5 / n, 0.4, 1e-3, 2.0, run_id=attempt.run_id) for n in range(1, count + 1)]


def start(attempt: AttemptHandle, complete: int = 0, batch: int = 0) -> bool:
    epochs = learnt(attempt, complete)
    return attempts.report_start(attempt, 4711, {}, epochs, epochs[-1] if epochs else None, batch)


def checkpoint(attempt: AttemptHandle, complete: int, *, further: bool = True) -> bool:
    epochs = learnt(attempt, complete)
    return attempts.report_checkpoint(attempt, epochs, epochs[-1] if epochs else None, further=further)


def answers(count: int = 10_000, seconds: float | None = None) -> dict[str, Answers]:
    labels = stores.labels()[:count]
    return {"test": Answers(labels, stores.log_probabilities("cnn", 1, labels), seconds)}


def finish(attempt: AttemptHandle, complete: int = 2) -> None:
    epochs = learnt(attempt, complete)
    attempts.report_finish(attempt, epochs, epochs[-1], answers(), 1.0, TINY.training_images(), lambda: None)


def die(attempt: AttemptHandle, exit_status: int | None = KILLED) -> AttemptHandle | None:
    return record_exit(attempt, HOST, exit_status, "its last line")


def epochs_of(attempt: AttemptHandle) -> list[int]:
    return [epoch.epoch for epoch in list_epochs(attempt.store, [attempt.run_id])[attempt.run_id]]


def test_a_replaced_attempt_can_write_nothing(attempt: AttemptHandle) -> None:
    successor = die(attempt)
    assert successor is not None
    before = get_run(attempt.store, attempt.run_id)
    writes = [
        lambda: start(attempt),
        lambda: checkpoint(attempt, 1),
        lambda: attempts.report_progress(attempt, 1, 1, 4, 1.0, 1.0),
        lambda: attempts.report_warning(attempt, "trouble"),
        lambda: attempts.report_leaving(attempt, 1.0),
        lambda: attempts.report_failure(attempt, "code", "no", ""),
        lambda: finish(attempt),
    ]
    for write in writes:
        with pytest.raises(Replaced):
            write()
    assert get_run(attempt.store, attempt.run_id) == before
    assert start(successor)


def test_a_trainer_of_a_run_that_was_deleted_or_has_ended_learns_it_from_the_write(attempt: AttemptHandle) -> None:
    finish(attempt)
    with pytest.raises(Replaced):
        attempts.report_progress(attempt, 1, 1, 4, 1.0, 1.0)
    with attempt.store.writing() as connection:
        connection.execute(runs.delete())
    with pytest.raises(Replaced):
        attempts.report_progress(attempt, 1, 1, 4, 1.0, 1.0)


def test_a_trainer_learns_from_each_write_that_it_is_to_stop(attempt: AttemptHandle) -> None:
    assert start(attempt)
    queue.stop(attempt.store, attempt.run_id)
    assert not start(attempt)
    assert not checkpoint(attempt, 0)
    assert not attempts.report_progress(attempt, 1, 1, 4, 1.0, 1.0)
    assert not attempts.report_warning(attempt, "trouble")


def test_a_finished_run_has_all_its_epochs_and_predictions(attempt: AttemptHandle) -> None:
    start(attempt)
    finish(attempt, 2)
    run = get_run(attempt.store, attempt.run_id)
    stored = get_predictions(attempt.store, attempt.run_id)
    assert (run.status, run.best_epoch, run.test_count, run.pid) == (RunStatus.FINISHED, 2, 10_000, None)
    assert run.test_accuracy == np.mean(stored.predicted == stored.labels)
    assert run.test_loss == pytest.approx(-np.log(stored.probabilities[range(10_000), stored.labels]).mean(), rel=1e-6)
    assert epochs_of(attempt) == [1, 2]
    (recorded,) = list_attempts(attempt.store, attempt.run_id)
    assert recorded.outcome == "finished"
    assert recorded.ended_at is not None


def test_a_run_that_stopped_early_and_was_resumed_ends_in_its_last_epoch_with_its_mean_speed(store: Store) -> None:
    taken = claim(store, queue.launch(store, TINY), HOST)
    assert taken is not None
    start(taken)
    attempts.report_progress(taken, 1, 4, 4, 123.0, 1.0)
    checkpoint(taken, 1)
    successor = die(taken)
    assert successor is not None
    start(successor, complete=1)
    assert get_run(store, taken.run_id).epoch == 2
    finish(successor, complete=1)
    run = get_run(store, taken.run_id)
    assert (run.status, run.epoch, run.epochs) == (RunStatus.FINISHED, 1, 2)
    (epoch,) = list_epochs(store, [run.id])[run.id]
    assert run.images_per_s == TINY.training_images() / epoch.duration_s != 123.0


def test_a_trainer_records_on_what_code_and_device_it_works_and_keeps_the_rest(attempt: AttemptHandle) -> None:
    launched = get_run(attempt.store, attempt.run_id).environment
    attempts.report_start(attempt, 4711, {}, [], None, 0, here={"code": "0.2.0 (abc)", "device_name": "Some GPU"})
    recorded = get_run(attempt.store, attempt.run_id).environment
    assert recorded == {**launched, "code": "0.2.0 (abc)", "device_name": "Some GPU"}


def test_the_prediction_speed_is_that_of_the_test_images_and_unknown_where_nobody_measured_it(store: Store) -> None:
    for seconds, expected in ((4.0, 2_500.0), (None, None)):
        taken = claim(store, queue.launch(store, TINY), HOST)
        assert taken is not None
        start(taken)
        attempts.report_finish(
            taken,
            learnt(taken, 1),
            learnt(taken, 1)[0],
            answers(seconds=seconds),
            1.0,
            TINY.training_images(),
            lambda: None,
        )
        assert get_run(store, taken.run_id).prediction_images_per_s == expected


def test_an_end_that_fails_halfway_leaves_nothing_behind(attempt: AttemptHandle) -> None:
    start(attempt)
    broken = [*learnt(attempt, 1), Epoch(2, None, 0.5, 0.5, 0.4, 1e-3, 2.0, run_id=attempt.run_id)]
    with pytest.raises(StoreError):
        attempts.report_finish(attempt, broken, broken[0], answers(), 1.0, TINY.training_images(), lambda: None)
    assert get_run(attempt.store, attempt.run_id).status == RunStatus.RUNNING
    assert epochs_of(attempt) == []
    with pytest.raises(NoPredictions):
        get_predictions(attempt.store, attempt.run_id)


def test_epochs_are_neither_missing_nor_doubled_however_often_they_are_reported(attempt: AttemptHandle) -> None:
    start(attempt)
    for complete in (1, 1, 3, 2, 3):
        checkpoint(attempt, complete)
    assert epochs_of(attempt) == [1, 2, 3]


def test_epochs_past_the_checkpoint_that_is_taken_up_are_taken_out(attempt: AttemptHandle) -> None:
    start(attempt)
    checkpoint(attempt, 2)
    successor = die(attempt)
    assert successor is not None
    start(successor, complete=1, batch=3)
    run = get_run(attempt.store, attempt.run_id)
    assert epochs_of(attempt) == [1]
    assert (run.epoch, run.batch, run.best_epoch) == (2, 3, 1)
    assert [(a.start_epoch, a.start_batch) for a in list_attempts(attempt.store, attempt.run_id)] == [(1, 0), (2, 3)]


def test_a_run_whose_trainer_dies_again_and_again_fails_with_cause_and_advice(attempt: AttemptHandle) -> None:
    last = attempt
    for _ in range(MOST_CRASHES - 1):
        start(last)
        successor = die(last)
        assert successor is not None
        last = successor
    assert die(last) is None
    run = get_run(attempt.store, attempt.run_id)
    assert (run.status, run.error_kind) == (RunStatus.FAILED, "memory")
    assert f"died {MOST_CRASHES} times" in str(run.error_message)
    assert "smaller batch" in str(run.error_advice)
    assert [a.outcome for a in list_attempts(attempt.store, attempt.run_id)] == ["died by signal 9"] * 5 + ["failed"]


def test_deaths_are_forgotten_only_when_the_run_gets_further(attempt: AttemptHandle) -> None:
    successor = die(attempt)
    assert successor is not None
    checkpoint(successor, 0, further=False)
    assert get_run(attempt.store, attempt.run_id).deaths == 1
    checkpoint(successor, 0, further=True)
    assert get_run(attempt.store, attempt.run_id).deaths == 0


def test_a_program_that_ends_with_an_error_fails_at_once_with_the_last_line_of_its_log(attempt: AttemptHandle) -> None:
    assert die(attempt, exit_status=1) is None
    run = get_run(attempt.store, attempt.run_id)
    assert (run.status, run.error_kind) == (RunStatus.FAILED, "code")
    assert "exit status 1: its last line" in str(run.error_message)


@pytest.mark.parametrize("exit_status", [-15, -9, 0, 1, None])
def test_a_run_that_was_asked_to_stop_is_stopped_however_its_trainer_ended(
    attempt: AttemptHandle, exit_status: int | None
) -> None:
    queue.stop(attempt.store, attempt.run_id)
    assert get_run(attempt.store, attempt.run_id).status == RunStatus.STOPPING
    assert die(attempt, exit_status) is None
    assert get_run(attempt.store, attempt.run_id).status == RunStatus.STOPPED


def test_a_death_is_not_settled_twice_nor_after_the_trainer_finished_all_the_same(attempt: AttemptHandle) -> None:
    assert die(attempt) is not None
    assert die(attempt) is None
    newest = AttemptHandle(attempt.store, attempt.run_id, 2)
    finish(newest)
    assert die(newest) is None
    assert get_run(attempt.store, attempt.run_id).status == RunStatus.FINISHED


def test_a_trainer_told_to_leave_by_nobody_who_stopped_the_run_leaves_it_running(attempt: AttemptHandle) -> None:
    assert not attempts.report_leaving(attempt, 5.0)
    run = get_run(attempt.store, attempt.run_id)
    assert (run.status, run.state, run.work_s) == (RunStatus.RUNNING, "interrupted", 5.0)
    assert die(attempt, exit_status=0) is not None


def test_a_warning_stays_until_the_next_checkpoint(attempt: AttemptHandle) -> None:
    attempts.report_warning(attempt, "No room.")
    attempts.report_progress(attempt, 1, 1, 4, 1.0, 1.0)
    assert get_run(attempt.store, attempt.run_id).warning == "No room."
    checkpoint(attempt, 0)
    assert get_run(attempt.store, attempt.run_id).warning is None


def test_a_warning_about_what_the_attempt_began_with_outlives_its_checkpoints(attempt: AttemptHandle) -> None:
    attempts.report_checkpoint(attempt, [], None, further=False, warning="A checkpoint was damaged.")
    assert get_run(attempt.store, attempt.run_id).warning == "A checkpoint was damaged."


def test_starting_over_forgets_what_was_learnt_and_deletes_the_checkpoints(attempt: AttemptHandle) -> None:
    start(attempt)
    checkpoint(attempt, 2)
    attempts.report_failure(attempt, "checkpoint", "damaged", "")
    folder = files_of(attempt.store, attempt.run_id).checkpoints
    folder.mkdir(parents=True)
    (folder / "checkpoint-0002-000000.pt").write_bytes(b"damaged")
    queue.start_over(attempt.store, attempt.run_id)
    run = get_run(attempt.store, attempt.run_id)
    assert (run.status, run.best_epoch, run.epoch, epochs_of(attempt)) == (RunStatus.QUEUED, None, 0, [])
    assert not folder.exists()


def test_starting_over_in_vain_leaves_the_checkpoints(attempt: AttemptHandle) -> None:
    attempts.report_failure(attempt, "checkpoint", "damaged", "")
    folder = files_of(attempt.store, attempt.run_id).checkpoints
    folder.mkdir(parents=True)
    (folder / "checkpoint-0002-000000.pt").write_bytes(b"kept")
    impatient = Store(connect(place_of(attempt.store).url, patience_s=0.1), attempt.store.artifacts)
    with attempt.store.writing(), pytest.raises(StoreBusy):
        queue.start_over(impatient, attempt.run_id)
    assert get_run(attempt.store, attempt.run_id).status == RunStatus.FAILED
    assert (folder / "checkpoint-0002-000000.pt").read_bytes() == b"kept"


def test_time_in_the_queue_is_never_negative_when_the_clock_is_set_back(store: Store) -> None:
    run_id = queue.launch(store, TINY)
    with store.writing() as connection:
        connection.execute(runs.update().values(status_since=9e9))
    assert claim(store, run_id, HOST)
    assert get_run(store, run_id).queued_s == 0


@pytest.mark.sqlite
def test_a_run_of_a_machine_that_has_another_name_now_is_still_looked_after(attempt: AttemptHandle) -> None:
    queue.launch(attempt.store, TINY)
    assert is_here(attempt.store, get_run(attempt.store, attempt.run_id), "new name")
    assert next_in_queue(attempt.store, "new name") is None
