"""The files of a run: what can be taken along, and the model to go that another process makes."""

import os

import pytest
from streamlit.testing.v1 import AppTest

from jobs.store import locks, run_files
from jobs.store.run_files import RunFiles
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.dashboard.app import OpenPage, press, texts
from tests.stores import Sample


def offered(app: AppTest) -> list[str]:
    """The labels of all download buttons."""
    return [button.proto.label for button in app.get("download_button")]


@pytest.fixture
def run_id(store: Store) -> str:
    return stores.add(store, Sample())


@pytest.fixture
def files(store: Store, run_id: str) -> RunFiles:
    folder = run_files.files_of(store, run_id)
    folder.folder.mkdir(parents=True)
    return folder


def test_reports_and_tables_of_a_finished_run_are_a_click_each(run_id: str, open_page: OpenPage) -> None:
    labels = offered(open_page("runs", run=run_id, section="files"))
    assert {"Report (HTML)", "Report (Markdown)"} <= set(labels)
    assert {"Epochs (CSV)", "Per class (CSV)", "Confusion matrix (CSV)", "All 10,000 predictions (CSV)"} <= set(labels)


def test_an_unfinished_run_offers_nothing_to_take_along(store: Store, open_page: OpenPage) -> None:
    app = open_page("runs", run=stores.add(store, Sample(status="stopped", epochs_done=2)), section="files")
    assert offered(app) == []
    assert not app.exception


def test_while_the_model_is_being_made_the_page_says_so(run_id: str, files: RunFiles, open_page: OpenPage) -> None:
    lock = locks.acquire(files.package_lock)
    app = open_page("runs", run=run_id, section="files")
    os.close(lock)
    assert "Exporting the model" in app.info[0].value
    assert "Export model" not in [button.label for button in app.button]


def test_a_model_that_is_ready_is_offered_whole_and_in_parts(run_id: str, files: RunFiles, open_page: OpenPage) -> None:
    files.package.mkdir()
    for name in ("model.safetensors", "model.onnx", "model-card.md", "per_class.csv"):
        (files.package / name).write_bytes(b"x" * 1_000)
    labels = offered(open_page("runs", run=run_id, section="files"))
    assert {
        "Model, card and tables (ZIP)",
        "Weights (safetensors), 1.0 kB",
        "Model (ONNX), 1.0 kB",
        "Model card, 1.0 kB",
    } <= set(labels)


def test_a_model_that_could_not_be_made_says_why_and_can_be_tried_again(
    run_id: str, files: RunFiles, open_page: OpenPage
) -> None:
    files.package_failure.write_text("The file model.pt cannot be read. Train the run again.")
    app = open_page("runs", run=run_id, section="files")
    assert "The file model.pt cannot be read." in app.error[0].value
    assert "Export model" in [button.label for button in app.button]


def test_a_model_that_was_made_without_onnx_is_offered_as_such(
    run_id: str, files: RunFiles, open_page: OpenPage
) -> None:
    assert "Export without ONNX" in [button.label for button in open_page("runs", run=run_id, section="files").button]
    files.package.mkdir()
    (files.package / "model.safetensors").write_bytes(b"x" * 1_000)
    app = open_page("runs", run=run_id, section="files")
    assert "Weights (safetensors), 1.0 kB" in offered(app)
    assert "Exported without ONNX" in texts(app)


@pytest.mark.slow
def test_pressing_the_button_starts_another_process_and_the_page_does_not_wait(
    run_id: str, files: RunFiles, open_page: OpenPage
) -> None:
    press(open_page("runs", run=run_id, section="files"), "Export model")
    assert files.package_log.exists()
    os.close(locks.acquire(files.package_lock, patience_s=60))


def test_a_finished_run_without_predictions_still_lists_its_files(
    store: Store, run_id: str, files: RunFiles, open_page: OpenPage
) -> None:
    files.log.write_text("a log")
    with store.writing() as connection:
        connection.execute(predictions.delete().where(predictions.c.run_id == run_id))
    app = open_page("runs", run=run_id, section="files")
    assert "were not kept" in app.error[0].value
    assert "1 file, 5 B in total." in texts(app)
