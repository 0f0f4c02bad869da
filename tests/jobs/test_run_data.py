"""Runs that learn from other data than Fashion-MNIST: trained, stored, read, compared and exported."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.answers.export import read_weights
from core.answers.prediction import Predictor, rank
from core.config import FASHION_MNIST, RunConfig, with_changes
from core.data import fashion_mnist
from core.data.data_facts import FASHION_MNIST_TEST_HASH, facts_of, fashion_mnist_facts, hash_of_tests
from core.data.data_set import DataSet
from core.errors import DataSetError
from core.labelling.photo_labels import Sources, label_photos
from core.photos.photo_files import PhotoFile
from core.presets import config_of
from jobs.copies.foreign_store import checked_copy
from jobs.results import photo_answers
from jobs.results.comparisons import NotComparable, compare_runs
from jobs.results.description import describe
from jobs.running import queue
from jobs.running.run_data import open_data
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.copying import copy_database
from jobs.store.queries import NotPossible, get_predictions, get_run, list_epochs
from jobs.store.records import RunStatus
from jobs.store.store import Store, open_store
from jobs.tasks import export_files
from tests.core.test_any_data import data_of
from tests.own_data import done, import_arrays

SIDE = 28
CONFIG = config_of(
    "cnn", data="birds", epochs=2, threads=1, input_size=8, selection="macro-f1", class_weights="balanced"
)


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "colour"), [(2, False), (5, True), (300, True)])
def test_a_run_on_other_data_is_stored_and_exported_with_its_own_classes(
    store: Store, tmp_path: Path, own_data: Path, classes: int, colour: bool
) -> None:
    import_arrays(own_data, tmp_path / "source", data_of(classes, 12 if classes < 10 else 3, SIDE, colour=colour))
    data = open_data(CONFIG)
    before = queue.launch(store, CONFIG)
    assert get_run(store, before).classes == ()
    queue.stop(store, before)
    run = done(store, CONFIG)
    assert run.status == RunStatus.FINISHED
    assert run.data is not None
    assert (run.classes, run.data.colour, run.data.side) == (data.classes, colour, SIDE)
    assert run.data.training_images + run.data.validation_images == len(data.train_labels)
    assert all(0 <= (epoch.val_macro_f1 or -1) <= 1 for epoch in list_epochs(store, [run.id])[run.id])
    tested = get_predictions(store, run.id)
    assert np.array_equal(tested.labels, data.test_labels)
    assert tested.probabilities.shape == (len(data.test_labels), classes)
    shown = describe(store, run)
    assert (len(shown["per_class"]), shown["data_set"]["id"]) == (classes, data.id)
    low, high = shown["macro_f1_interval"]
    assert 0 <= low <= shown["macro_f1"] <= high <= 1
    predictor = Predictor.load(run_files.files_of(store, run.id).model)
    shares = predictor.probabilities(data.test_images[:1])[0]
    assert rank(shares, 1, predictor.classes)[0].name == data.classes[int(shares.argmax())]
    assert predictor.saliency(data.test_images[0], 1).shape == (SIDE, SIDE)
    export_files.export(store, run, tmp_path / "export", onnx=classes == 5)
    read = read_weights(tmp_path / "export" / "model.safetensors")
    assert read.data == run.data
    card = (tmp_path / "export" / "model-card.md").read_text(encoding="utf-8")
    assert f"{'colour' if colour else 'grey'} 28x28 images of birds" in card
    assert "Fashion-MNIST" not in card
    assert data.classes[-1] in (tmp_path / "export" / "confusion_matrix.csv").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_backup_of_runs_on_other_data_is_restored(store: Store, tmp_path: Path, own_data: Path) -> None:
    import_arrays(own_data, tmp_path / "source", data_of(300, 3, SIDE, colour=True))
    run = done(store, CONFIG)
    copy_database(store, tmp_path / "backup.db")
    with checked_copy(tmp_path / "backup.db", tmp_path / "copy.db") as checked:
        restored = open_store(f"sqlite:///{checked}", tmp_path / "restored")
        theirs, ours = (get_predictions(each, run.id) for each in (restored, store))
        assert get_run(restored, run.id).data == run.data
        restored.engine.dispose()
    assert np.array_equal(theirs.labels, ours.labels)
    assert theirs.classes == ours.classes == run.classes


def test_photos_with_labels_are_for_runs_of_fashion_mnist(store: Store, tmp_path: Path, own_data: Path) -> None:
    import_arrays(own_data, tmp_path / "source", data_of(3, 12, SIDE, colour=True))
    run = done(store, CONFIG)
    picture = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)).save(picture, "png")
    photo = PhotoFile("a.png", picture.getvalue())
    (answer,) = photo_answers.predict_files(store, run, [photo])
    assert set(answer["probabilities"]) == set(run.classes)
    with pytest.raises(NotPossible, match="tells other classes apart"):
        photo_answers.predict_files(store, run, [photo], label_photos([photo], Sources(True, False, None, ())))


def test_runs_of_different_data_are_not_compared(store: Store, tmp_path: Path, own_data: Path) -> None:
    first = data_of(3, 12, SIDE, colour=False)
    second = DataSet(**{**vars(first), "test_images": 255 - first.test_images})
    import_arrays(own_data, tmp_path / "birds", first)
    import_arrays(own_data, tmp_path / "negatives", second, "negatives")
    runs = [done(store, with_changes(CONFIG, data=name)) for name in ("birds", "negatives")]
    labels = [get_predictions(store, run.id).labels for run in runs]
    assert np.array_equal(labels[0], labels[1])
    with pytest.raises(NotComparable, match="its data set has other test images"):
        compare_runs(store, runs)


def test_a_run_of_data_that_are_not_there_says_so() -> None:
    with pytest.raises(DataSetError, match="There is no data set 'birds'"):
        open_data(CONFIG)


def test_the_facts_of_fashion_mnist_are_those_of_its_files() -> None:
    if not fashion_mnist.is_present(settings().data):
        pytest.fail("Fashion-MNIST is missing: python -m jobs data")
    data = fashion_mnist.load(settings().data)
    assert data.id == FASHION_MNIST
    assert hash_of_tests(data) == FASHION_MNIST_TEST_HASH
    assert facts_of(data, 54_000, 6_000) == fashion_mnist_facts(RunConfig())


def test_a_store_of_before_has_runs_of_fashion_mnist(store: Store) -> None:
    run = get_run(store, queue.launch(store, config_of("cnn")))
    assert run.data_set is None
    assert run.data == fashion_mnist_facts(run.config)
    assert json.loads(run.data.model_dump_json())["test_images"] == 10_000
