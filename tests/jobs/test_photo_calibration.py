"""Sets of classes of a run: calibrated on the largest photo set that it was measured on, or on validation images."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.answers.class_sets import SetCalibration
from core.answers.verdict import Judgement
from core.photos.picture import Photo
from core.statistics.conformal import class_sets, left_out_sets, measured, set_threshold
from dashboard.sections.predict import samples
from jobs.results import photo_sets
from jobs.results.photo_calibration import BY_ITSELF, calibration_of, sets_on
from jobs.results.photo_sets import PhotoSet
from jobs.store.store import Store
from tests import stores
from tests.jobs.test_cli import Capture, run
from tests.stores import Sample
from tests.untrained import add_run_with_model

BY_VALIDATION = SetCalibration(0.5, "validation images")
PICTURE = Photo("a.png", np.full((2, 2, 3), 200, np.uint8), None, ())


def measured_set(store: Store, name: str, count: int, run_id: str) -> PhotoSet:
    """A photo set of so many photos, for which stored predictions of a run say little."""
    labels = np.arange(count) % 10
    kept = photo_sets.keep(store, name, [(PICTURE, int(label)) for label in labels])
    logits = np.random.default_rng(count).normal(0, 1, (count, 10))
    logits[np.arange(count), labels] += 1.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    photo_sets.store_answers(store, kept, run_id, [Judgement(each, "not sure", "") for each in shares])
    return kept


@pytest.fixture
def run_id(store: Store) -> str:
    return stores.add(store, Sample(name="asked"))


def test_the_largest_photo_set_calibrates_and_is_named(store: Store, run_id: str) -> None:
    measured_set(store, "small", 50, run_id)
    office = measured_set(store, "office", 70, run_id)
    measured_set(store, "other run", 90, stores.add(store, Sample(name="other")))
    answers = photo_sets.answers_of(store, office, run_id)
    threshold = set_threshold(answers.labels, answers.probabilities, 0.9)
    assert threshold is not None
    assert calibration_of(store, run_id, BY_VALIDATION) == SetCalibration(threshold, "70 photos of office")
    photo_sets.delete(store, office)
    calibration = calibration_of(store, run_id, BY_VALIDATION)
    assert calibration is not None
    assert calibration.images == "50 photos of small"


def test_without_a_photo_set_of_50_photos_validation_images_calibrate(store: Store, run_id: str) -> None:
    measured_set(store, "tiny", 49, run_id)
    assert calibration_of(store, run_id, BY_VALIDATION) == BY_VALIDATION
    assert calibration_of(store, run_id, None) is None


def test_what_an_older_preprocessing_of_photos_gave_does_not_calibrate(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = measured_set(store, "office", 60, run_id)
    monkeypatch.setattr(photo_sets, "PHOTO_PATH", photo_sets.PHOTO_PATH + 1)
    assert photo_sets.outdated(store, kept) == [run_id]
    assert calibration_of(store, run_id, BY_VALIDATION) == BY_VALIDATION
    assert sets_on(store, kept, run_id) is None


def test_the_set_that_calibrates_is_measured_by_all_other_photos_of_its_own_and_others_by_it(
    store: Store, run_id: str
) -> None:
    small, office = measured_set(store, "small", 40, run_id), measured_set(store, "office", 80, run_id)
    answers = photo_sets.answers_of(store, office, run_id)
    sets = left_out_sets(answers.labels, answers.probabilities, 0.9)
    by_itself, by_office = sets_on(store, office, run_id), sets_on(store, small, run_id)
    assert sets is not None
    assert by_itself is not None
    assert (by_itself.measures, by_itself.images) == (measured(answers.labels, sets), BY_ITSELF)
    calibration = calibration_of(store, run_id, None)
    assert calibration is not None
    others = photo_sets.answers_of(store, small, run_id)
    expected = measured(others.labels, class_sets(others.probabilities, calibration.threshold))
    assert by_office is not None
    assert (by_office.measures, by_office.images) == (expected, "80 photos of office")


@pytest.fixture
def bag(tmp_path: Path) -> str:
    path = tmp_path / "bag.png"
    path.write_bytes(samples.draw_sample("bag"))
    return str(path)


def test_predict_says_the_set_its_promise_and_what_calibrated_it(store: Store, capsys: Capture, bag: str) -> None:
    run_id = add_run_with_model(store, "asked", verdict="not sure", set_threshold=0.95)
    (answer,) = json.loads(run(capsys, "predict", run_id, bag, "--json")[1])
    probable = sorted((name for name, share in answer["probabilities"].items() if share >= 0.05))
    assert sorted(answer["set"]) == probable
    assert answer["set"][0] == answer["predicted"]
    assert answer["set_coverage"] == 0.9
    assert answer["set_calibrated_on"] == "validation images changed to look like photos; real photos are harder"
    measured_set(store, "office", 60, run_id)
    _, out, error = run(capsys, "predict", run_id, bag)
    assert ": 9 in 10 such answers hold the truth (calibrated on 60 photos of office).\n" in out
    assert error == ""


def test_an_older_run_has_no_sets_and_its_predictions_are_as_before(store: Store, capsys: Capture, bag: str) -> None:
    run_id = add_run_with_model(store, "asked", verdict="sure")
    (answer,) = json.loads(run(capsys, "predict", run_id, bag, "--json")[1])
    assert (answer["set"], answer["set_coverage"], answer["set_calibrated_on"]) == (None, None, None)
    status, out, error = run(capsys, "predict", run_id, bag)
    assert (status, error) == (0, "")
    assert out.endswith(f"{answer['reason']}\n")
    assert "before there were sets has none: train it again" in " ".join(run(capsys, "predict", "--help")[1].split())


def test_a_photo_of_none_of_the_classes_has_no_set_and_no_promise(store: Store, capsys: Capture, bag: str) -> None:
    run_id = add_run_with_model(store, "asked", verdict="none of these", set_threshold=0.95)
    _, out, error = run(capsys, "predict", run_id, bag)
    assert "9 in 10" not in out + error
    assert json.loads(run(capsys, "predict", run_id, bag, "--json")[1])[0]["set"] == []


def test_showing_a_photo_set_says_how_well_sets_do_on_it(store: Store, capsys: Capture, run_id: str) -> None:
    measured_set(store, "small", 40, run_id)
    measured_set(store, "office", 80, run_id)
    shown = run(capsys, "photo-set", "show", "small")[1]
    assert "SETS WITH THE TRUE CLASS" in shown.upper()
    assert "80 photos of office" in shown
    (by_office,) = json.loads(run(capsys, "photo-set", "show", "small", "--json")[1])["runs"]
    (by_itself,) = json.loads(run(capsys, "photo-set", "show", "office", "--json")[1])["runs"]
    assert by_office["sets_calibrated_on"] == "80 photos of office"
    assert by_itself["sets_calibrated_on"] == BY_ITSELF
    assert by_itself["set_coverage"] == pytest.approx(0.9, abs=0.02)
    assert 1 < by_itself["set_size"] < 10
