"""What is exported is complete, says what the store says, and can be used as its card says."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from core import architectures
from core.answers import export as core_export
from core.answers.export import read_weights
from core.data.data_set import DataSet
from core.learning.checkpoints import save_model
from core.learning.evaluation import log_probabilities
from core.presets import config_of
from jobs.cli import main
from jobs.people import operator
from jobs.settings import settings
from jobs.store import run_files, schema
from jobs.store.queries import get_predictions
from jobs.store.records import RunStatus
from jobs.store.store import Store
from jobs.team.change_record import Action, Wanted, list_changes
from tests import stores
from tests.stores import Sample

pytestmark = pytest.mark.slow

TABLES = ["confusion_matrix.csv", "epochs.csv", "per_class.csv", "predictions.csv"]


def add_finished(store: Store, preset: str = "cnn", **changes: Any) -> str:
    """A finished run whose model has random weights."""
    run_id = stores.add(store, Sample(preset, changes=changes))
    torch.manual_seed(0)
    config = config_of(preset, **changes)
    path = run_files.files_of(store, run_id).model
    path.parent.mkdir(parents=True)
    save_model(path, architectures.build(config).eval(), config)
    return run_id


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def exported(store: Store, tmp_path: Path) -> tuple[str, Path]:
    """A run and the folder it was exported to, without ONNX."""
    run_id = add_finished(store)
    assert main(["export", run_id, str(tmp_path / "out"), "--without-onnx"]) == 0
    return run_id, tmp_path / "out"


def test_an_export_has_the_weights_the_card_and_the_tables(exported: tuple[str, Path]) -> None:
    _, folder = exported
    assert sorted(path.name for path in folder.iterdir()) == sorted([*TABLES, "model-card.md", "model.safetensors"])
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_the_record_keeps_who_exported_a_run(store: Store, exported: tuple[str, Path]) -> None:
    (change,) = list_changes(store, Wanted(run_id=exported[0]))
    assert (change.person, change.action) == (operator().id, Action.EXPORTED)


def test_an_export_that_fails_is_not_in_the_record(store: Store, tmp_path: Path) -> None:
    run_id = stores.add(store, Sample())
    assert main(["export", run_id, str(tmp_path / "out"), "--without-onnx"]) == 1
    assert list_changes(store, Wanted(run_id=run_id)) == []


def test_the_tables_are_the_figures_of_scikit_learn(store: Store, exported: tuple[str, Path]) -> None:
    run_id, folder = exported
    tested = get_predictions(store, run_id)
    matrix = [[int(value) for value in list(row.values())[1:]] for row in rows(folder / "confusion_matrix.csv")]
    assert np.array_equal(matrix, confusion_matrix(tested.labels, tested.predicted))
    exported_figures = np.array(
        [[float(row[name]) for name in ("precision", "recall", "f1")] for row in rows(folder / "per_class.csv")]
    )
    precision, recall, f1, _ = precision_recall_fscore_support(tested.labels, tested.predicted)
    assert np.allclose(exported_figures, np.stack([precision, recall, f1], axis=1))


def test_the_predictions_are_all_there_in_the_order_of_the_data(store: Store, exported: tuple[str, Path]) -> None:
    run_id, folder = exported
    tested = get_predictions(store, run_id)
    table = rows(folder / "predictions.csv")
    assert [int(row["label"]) for row in table] == tested.labels.tolist()
    assert [int(row["predicted"]) for row in table] == tested.predicted.tolist()
    probabilities = np.array([[float(value) for value in list(row.values())[7:]] for row in table])
    assert np.allclose(probabilities, tested.probabilities, rtol=1e-6)
    assert np.mean([float(row["loss"]) for row in table]) == pytest.approx(
        log_loss(tested.labels, tested.probabilities)
    )


def test_the_card_tells_figures_limits_and_preprocessing(exported: tuple[str, Path]) -> None:
    card = (exported[1] / "model-card.md").read_text(encoding="utf-8")
    for words in ("95 % interval", "(p / 255 - 0.5) / 0.5", "54,000 training images", "always predicts one of the ten"):
        assert words in card
    assert "model.onnx" not in card


def test_the_card_of_a_run_in_bfloat16_says_that_the_listings_compute_in_float32(store: Store, tmp_path: Path) -> None:
    run_id = add_finished(store)
    with store.writing() as connection:
        connection.execute(schema.runs.update().values(environment={"precision": "bfloat16"}))
    assert main(["export", run_id, str(tmp_path / "out"), "--without-onnx"]) == 0
    card = (tmp_path / "out" / "model-card.md").read_text(encoding="utf-8")
    assert "of predictions in bfloat16" in card
    assert "| Precision | bfloat16 |" in card


def test_the_card_of_a_run_with_flips_says_that_two_answers_are_averaged(store: Store, tmp_path: Path) -> None:
    run_id = add_finished(store, test_time_flips=True)
    assert main(["export", run_id, str(tmp_path / "out"), "--without-onnx"]) == 0
    card = (tmp_path / "out" / "model-card.md").read_text(encoding="utf-8")
    assert "on the image and on its mirror image" in card
    assert "with test-time flips" in card


def test_what_cannot_be_exported_is_said_in_one_line_and_leaves_nothing(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped, without_model = stores.add(store, Sample(status=RunStatus.STOPPED)), stores.add(store, Sample(seed=1))
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").write_text("mine")
    out = str(tmp_path / "out")
    for run_id, folder, reason in (
        (stopped, out, "has no model to export"),
        (without_model, out, "cannot be read"),
        (add_finished(store), str(taken), "exists already"),
    ):
        assert main(["export", run_id, folder, "--without-onnx"]) == 1
        printed = capsys.readouterr().err
        assert reason in printed
        assert printed.count("\n") == 1
    assert [path.name for path in taken.iterdir()] == ["mine"]
    assert not (tmp_path / "out").exists()


def test_without_the_test_images_no_onnx_file_can_be_checked_and_the_error_says_how_to_get_them(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "nothing"))
    settings.cache_clear()
    assert main(["export", add_finished(store), str(tmp_path / "out")]) == 1
    assert "python -m jobs data" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("real_data")
def test_an_onnx_file_that_does_not_agree_leaves_no_export(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(core_export, "TOLERANCE", -1.0)
    assert main(["export", add_finished(store), str(tmp_path / "out")]) == 1
    printed = capsys.readouterr().err
    assert "no ONNX file is kept" in printed
    assert "Weights, model card and tables can be had without it: `--without-onnx`" in printed
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("cnn", {"precision": "float32"}),
        ("resnet18", {"precision": "float32", "weights_file": "/private/folder/start.pth"}),
        ("resnet18", {"precision": "float32", "normalisation": "imagenet"}),
        ("resnet18", {"precision": "float32", "test_time_flips": True}),
    ],
    ids=["cnn", "resnet18", "resnet18 with ImageNet's normalisation", "resnet18 with flips"],
)
def test_every_listing_of_the_card_runs_and_gives_the_probabilities_of_the_run(
    preset: str,
    changes: dict[str, Any],
    store: Store,
    tmp_path: Path,
    real_data: DataSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "out"
    assert main(["export", add_finished(store, preset, **changes), str(folder)]) == 0
    card = (folder / "model-card.md").read_text(encoding="utf-8")
    assert "/private" not in card
    listings = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(listings) == (2 if preset == "cnn" else 3)
    images = np.array(real_data.test_images[:20])
    loaded = read_weights(folder / "model.safetensors")
    expected = np.exp(log_probabilities(loaded.model, images, loaded.config))
    monkeypatch.chdir(folder)
    for listing in listings:
        names: dict[str, Any] = {"given": images}
        exec(listing.replace("np.zeros((1, 28, 28), dtype=np.uint8)", "given"), names)
        assert np.abs(names["probabilities"] - expected).max() < 1e-5
