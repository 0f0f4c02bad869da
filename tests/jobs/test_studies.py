"""Studies are made by a process of their own: one at a time, again after a death, and gone with their run."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from core.answers.features import penultimate_features
from core.answers.neighbours import nearest, unit
from core.data import splits
from core.data.data_set import DataSet
from core.learning import checkpoints
from core.learning.checkpoints import load_model
from jobs.cli import main
from jobs.running import background, queue, run_edits
from jobs.running.background import TaskState, TaskStatus
from jobs.store import locks, run_files
from jobs.store.queries import NotPossible, get_run
from jobs.store.records import RunStatus
from jobs.store.store import Store
from jobs.tasks import studies
from tests import stores
from tests.jobs.configs import BRIEF
from tests.jobs.working import kill, wait_until_finished
from tests.stores import Sample
from tests.untrained import add_run_with_model


@pytest.fixture
def studious(live_store: Store, real_data: DataSet) -> Iterator[Store]:
    """A store whose runs can be studied; who is still at it in the end is killed."""
    assert len(real_data.test_labels) == 10_000
    yield live_store
    for folder in live_store.artifacts.glob("*/study"):
        background.end(run_files.files_of(live_store, folder.parent.name).study_lock)


def wait_for_step(store: Store, run_id: str) -> int:
    """Wait until the study of a run is at its first step; return the process that makes it."""
    deadline = time.monotonic() + 60
    while not studies.study_state(store, run_id).detail:
        assert time.monotonic() < deadline, run_files.files_of(store, run_id).study_log.read_text()
        time.sleep(0.02)
    pid = background.holder(run_files.files_of(store, run_id).study_lock)
    assert pid is not None
    return pid


@pytest.mark.slow
@pytest.mark.chaos
def test_a_study_that_was_killed_is_made_when_asked_for_again(
    studious: Store, real_data: DataSet, capsys: pytest.CaptureFixture[str]
) -> None:
    # Features in float32 do not depend on how many images are asked about together.
    run_id = queue.launch(studious, BRIEF.model_copy(update={"precision": "float32"}))
    run = wait_until_finished(studious, run_id)
    assert studies.request_study(studious, run)
    pid = wait_for_step(studious, run_id)
    assert not studies.request_study(studious, run)
    assert psutil.Process(pid).nice() == 19
    kill(pid)
    assert studies.study_state(studious, run_id) == TaskState(TaskStatus.FAILED, "It was interrupted. Try again.")
    assert main(["study", run_id, "--wait"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "done\n"
    assert "step 5 of 5: map" in printed.err
    assert not run_files.files_of(studious, run_id).study_failure.exists()
    assert not studies.request_study(studious, run)

    made = studies.get_study(studious, run_id)
    loaded = load_model(run_files.files_of(studious, run_id).model)
    learnt_from, _ = splits.split(real_data.train_labels, BRIEF.seed, BRIEF.train_size)
    test, training = (
        unit(penultimate_features(loaded.model, images, loaded.config))
        for images in (real_data.test_images[:100], real_data.train_images[learnt_from])
    )
    expected, distances = nearest(test, training, 12)
    assert np.array_equal(made.training_indices, learnt_from)
    assert (made.neighbours[:100] == learnt_from[expected]).mean() > 0.99
    assert np.allclose(made.distances[:100], distances, atol=1e-5)
    assert made.places.shape == (10_000, 2)
    assert np.isfinite(made.places).all()
    assert dict(run_files.listing(studious, run_id))["study/study.npz"] > 1_000_000


def test_a_double_click_starts_one_process(studious: Store) -> None:
    run = get_run(studious, add_run_with_model(studious, "clicked"))
    with ThreadPoolExecutor(4) as clicks:
        started = list(clicks.map(lambda _: studies.request_study(studious, run), range(4)))
    assert started.count(True) == 1
    assert studies.study_state(studious, run.id).status == TaskStatus.RUNNING


@pytest.mark.slow
@pytest.mark.chaos
def test_a_run_that_is_deleted_takes_its_study_and_who_makes_it_along(studious: Store) -> None:
    run = get_run(studious, add_run_with_model(studious, "short-lived"))
    studies.request_study(studious, run)
    pid = wait_for_step(studious, run.id)
    run_edits.delete(studious, run.id)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not run_files.files_of(studious, run.id).folder.exists()


@pytest.mark.slow
@pytest.mark.chaos
def test_a_study_that_failed_says_why_and_can_be_asked_for_again(
    studious: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run = get_run(studious, add_run_with_model(studious, "unlucky"))
    model = run_files.files_of(studious, run.id).model
    aside = model.rename(model.with_suffix(".aside"))
    assert main(["study", run.id, "--wait"]) == 1
    assert "model.pt cannot be read" in capsys.readouterr().err
    state = studies.study_state(studious, run.id)
    assert state.status == TaskStatus.FAILED
    assert "model.pt cannot be read" in state.detail
    aside.rename(model)
    assert studies.request_study(studious, run)
    wait_for_step(studious, run.id)
    assert studies.study_state(studious, run.id).status == TaskStatus.RUNNING


@pytest.mark.slow
@pytest.mark.chaos
def test_what_nobody_foresaw_is_kept_as_the_reason_with_its_traceback_in_the_log(studious: Store) -> None:
    run = get_run(studious, add_run_with_model(studious, "odd"))
    files = run_files.files_of(studious, run.id)
    # Whole and of this version, but without what every model file holds.
    stored = checkpoints.read(files.model)
    del stored["state"]
    checkpoints.write(files.model, stored)
    assert main(["study", run.id, "--wait"]) == 1
    assert "Traceback" in files.study_log.read_text()
    assert "The log has the traceback" in studies.study_state(studious, run.id).detail


def test_only_a_finished_run_can_be_studied(store: Store) -> None:
    halted = get_run(store, stores.add(store, Sample(status=RunStatus.STOPPED)))
    with pytest.raises(NotPossible, match="no model to map"):
        studies.request_study(store, halted)
    assert not run_files.files_of(store, halted.id).study_lock.exists()


def test_a_study_that_cannot_be_read_is_made_anew(studious: Store) -> None:
    run = get_run(studious, add_run_with_model(studious, "damaged"))
    files = run_files.files_of(studious, run.id)
    files.study.parent.mkdir()
    files.study.write_bytes(b"not a study")
    assert studies.study_state(studious, run.id).status == TaskStatus.DONE
    assert studies.request_study(studious, run)
    assert locks.is_held(files.study_lock)


def test_a_slower_model_is_expected_to_take_longer(store: Store) -> None:
    fast, slow = (
        get_run(store, stores.add(store, Sample(seed=seed, columns={"prediction_images_per_s": speed})))
        for seed, speed in enumerate((8_000.0, 800.0))
    )
    assert studies.expected_seconds(slow) > 2 * studies.expected_seconds(fast)
