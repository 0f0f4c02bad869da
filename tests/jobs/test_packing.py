"""The model to go, made by a process of its own: not there, being made, ready, failed and tried again."""

import io
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.data.data_set import DataSet
from core.machine.onnx_runtime import onnxruntime
from jobs.running import background, run_edits
from jobs.running.background import TaskState, TaskStatus
from jobs.store import locks, run_files
from jobs.store.queries import NotPossible, get_run
from jobs.store.records import RunStatus
from jobs.store.store import Store
from jobs.tasks.packages import package_files, package_state, record_download, start_packing, zipped
from jobs.team import members
from jobs.team.change_record import Action, Wanted, list_changes
from jobs.team.permission import NotAllowed
from tests import stores
from tests.colleagues import BEN, VERA, meet_all
from tests.stores import Sample
from tests.untrained import add_run_with_model

PATIENCE_S = 120


def wait_until_done(store: Store, run_id: str) -> TaskState:
    deadline = time.monotonic() + PATIENCE_S
    while (state := package_state(store, run_id)).status == TaskStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return state


def test_a_run_that_has_not_finished_has_no_model_to_go(store: Store) -> None:
    run = get_run(store, stores.add(store, Sample(status=RunStatus.STOPPED)))
    assert package_state(store, run.id) == TaskState(TaskStatus.ABSENT)
    with pytest.raises(NotPossible, match="is stopped"):
        start_packing(store, run)


def test_while_somebody_makes_it_nobody_else_does(store: Store) -> None:
    run = get_run(store, stores.add(store, Sample()))
    lock = locks.acquire(run_files.files_of(store, run.id).package_lock)
    assert package_state(store, run.id).status == TaskStatus.RUNNING
    assert not start_packing(store, run)
    os.close(lock)
    assert package_state(store, run.id).status == TaskStatus.ABSENT


def test_one_whose_process_is_killed_is_interrupted_and_can_be_tried_again(store: Store) -> None:
    run = get_run(store, add_run_with_model(store, "to go"))
    assert start_packing(store, run)
    background.end(run_files.files_of(store, run.id).package_lock)
    assert package_state(store, run.id) == TaskState(TaskStatus.FAILED, "It was interrupted. Try again.")
    assert start_packing(store, run)
    background.end(run_files.files_of(store, run.id).package_lock)


def test_a_run_that_is_deleted_takes_the_process_that_makes_its_model_to_go_along(store: Store) -> None:
    run = get_run(store, add_run_with_model(store, "to go"))
    assert start_packing(store, run)
    pid = background.holder(run_files.files_of(store, run.id).package_lock)
    assert pid is not None
    run_edits.delete(store, run.id)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not run_files.files_of(store, run.id).folder.exists()


@pytest.mark.slow
def test_a_run_whose_model_file_is_gone_says_why_and_can_be_tried_again(store: Store) -> None:
    run = get_run(store, stores.add(store, Sample()))
    assert start_packing(store, run)
    failed = wait_until_done(store, run.id)
    assert failed.status == TaskStatus.FAILED
    assert "model.pt" in failed.detail
    assert start_packing(store, run)
    wait_until_done(store, run.id)


@pytest.mark.slow
def test_without_onnx_the_rest_is_made_even_where_the_test_images_are_missing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "nowhere"))
    run = get_run(meet_all(store), add_run_with_model(store, "to go"))
    assert start_packing(store.acting(BEN), run, onnx=False)
    assert wait_until_done(store, run.id) == TaskState(TaskStatus.DONE)
    names = {path.name for path in package_files(store, run.id)}
    assert {"model.safetensors", "model-card.md", "predictions.csv"} <= names
    assert "model.onnx" not in names
    (exported,) = list_changes(store, Wanted(run_id=run.id))
    assert (exported.person, exported.action) == (BEN.id, Action.EXPORTED)


def test_who_may_only_look_downloads_an_export_and_the_record_has_it(store: Store) -> None:
    run_id = stores.add(meet_all(store), Sample())
    record_download(store.acting(VERA), run_id, "cnn.zip")
    (taken,) = list_changes(store, Wanted(run_id=run_id))
    assert (taken.person, taken.action, taken.subject) == (VERA.id, Action.DOWNLOADED, "cnn.zip")
    members.meet(store, VERA)
    members.set_removed(store, VERA.id, True)
    with pytest.raises(NotAllowed):
        record_download(store.acting(VERA), run_id, "cnn.zip")
    assert list_changes(store, Wanted(run_id=run_id)) == [taken]


@pytest.mark.slow
def test_the_model_to_go_is_whole_and_says_what_it_must(store: Store, real_data: DataSet) -> None:
    run = get_run(store, add_run_with_model(store, "to go"))
    assert start_packing(store, run)
    assert not start_packing(store, run)
    assert wait_until_done(store, run.id) == TaskState(TaskStatus.DONE)
    names = {path.name for path in package_files(store, run.id)}
    assert {"model.safetensors", "model.onnx", "model-card.md", "predictions.csv"} <= names
    with zipfile.ZipFile(io.BytesIO(zipped(package_files(store, run.id), "lookbook-to-go"))) as archive:
        assert {name.partition("/")[2] for name in archive.namelist()} == names
        session = onnxruntime.InferenceSession(archive.read("lookbook-to-go/model.onnx"))
    (probabilities,) = session.run(["probabilities"], {"images": np.array(real_data.test_images[:5])})
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert not start_packing(store, run)
    assert not any(name.endswith(".lock") for name, _ in run_files.listing(store, run.id))
