"""The verdict: sure only where confidence and likeness allow it, by thresholds that are kept with the model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis

from core import architectures
from core.answers.answering import Answering
from core.answers.class_sets import SetCalibration
from core.answers.non_items import KINDS, draw_non_items
from core.answers.prediction import Predictor
from core.answers.run_end import end_of
from core.answers.verdict import LEAST_IMAGES, Thresholds
from core.answers.verdict_fitting import LEAST_OF_A_CLASS, PHOTO_LIKE_COVERAGE, fit_thresholds, fit_to_pictures
from core.answers.verdict_fitting import _class_places as class_places
from core.answers.voting import views_of, vote
from core.classes import CLASS_COUNT, CLASS_NAMES
from core.config import RunConfig
from core.data.data_facts import facts_of
from core.data.data_set import DataSet
from core.learning import checkpoints
from core.learning.photo_augmentation import photograph
from core.learning.training import Training
from core.models.staged import StagedModel
from core.photos.model_view import ModelView, to_model_view
from core.photos.picture import Photo
from core.presets import config_of
from core.statistics.conformal import class_sets, measured
from tests.core.small_data import small_data

CONFIG = RunConfig(model="resnet-small", augmentation="photo")
THRESHOLDS = Thresholds(
    temperature=2.0,
    centre=np.zeros(4, np.float32),
    projection=np.eye(4, dtype=np.float32),
    class_means=np.repeat(np.arange(10, dtype=np.float32)[:, None], 4, axis=1),
    least_confidence=0.8,
    near=1.0,
    far=3.0,
)


@pytest.fixture(scope="module")
def model() -> StagedModel:
    torch.manual_seed(0)
    return architectures.build(CONFIG).eval()


def logs(confidence: float) -> np.ndarray:
    """Logarithms that say Bag and, less so, Shirt, with that confidence after calibration."""
    odds = np.full(10, -60.0)
    odds[8], odds[6] = 2 * np.log(confidence), 2 * np.log(1 - confidence)
    return odds


def features(distance: float) -> np.ndarray:
    return np.full(4, 9 + distance, np.float32)


@pytest.mark.parametrize(
    ("confidence", "distance", "stands_out", "verdict", "reason"),
    [
        (0.9, 0.5, True, "sure", "confident"),
        (0.7, 0.5, True, "not sure", "Shirt"),
        (0.9, 2.0, True, "not sure", "unlike"),
        (0.9, 4.0, True, "none of these", "unlike anything"),
        (0.9, 0.5, False, "none of these", "stands out"),
    ],
)
def test_sure_needs_confidence_likeness_and_an_item(
    confidence: float, distance: float, stands_out: bool, verdict: str, reason: str
) -> None:
    judgement = THRESHOLDS.judge(logs(confidence), features(distance), stands_out, classes=CLASS_NAMES)
    assert judgement.verdict == verdict
    assert reason in judgement.reason
    assert judgement.probabilities[8] == pytest.approx(confidence, abs=1e-5)


def test_half_of_what_a_model_says_of_nothing_is_taken_off_its_answers() -> None:
    leaning = np.log(np.full(10, 0.04, np.float32))
    leaning[8] = np.log(0.64)
    upright = replace(THRESHOLDS, leaning=leaning).judge(logs(0.6), features(0.5), True, classes=CLASS_NAMES)
    odds = 0.6 / 0.4 / (0.64 / 0.04) ** (0.5 / THRESHOLDS.temperature)
    assert upright.probabilities[8] == pytest.approx(odds / (1 + odds), abs=1e-5)
    assert upright.probabilities.argmax() == 6


def test_thresholds_of_a_model_from_before_leanings_were_fitted_take_nothing_off() -> None:
    state = THRESHOLDS.as_state()
    del state["leaning"]
    assert Thresholds.from_state(state).judge(logs(0.9), features(0.5), True, classes=CLASS_NAMES).probabilities[
        8
    ] == pytest.approx(0.9)


def test_the_odds_of_real_photos_count_for_photos_and_nothing_else() -> None:
    odds = np.zeros(10, np.float32)
    odds[8] = -np.log(16)
    with_odds = replace(THRESHOLDS, photo_odds=odds)
    assert with_odds.judge(logs(0.8), features(0.5), True, classes=CLASS_NAMES).probabilities[8] == pytest.approx(0.2)
    assert with_odds.calibrated(logs(0.8))[8] == pytest.approx(0.8)
    assert Thresholds.from_state(with_odds.as_state()).photo_odds[8] == pytest.approx(-np.log(16))
    state = with_odds.as_state()
    del state["photo_odds"]
    assert not Thresholds.from_state(state).photo_odds.any()


def test_thresholds_of_a_model_from_before_sets_were_calibrated_have_none() -> None:
    state = replace(THRESHOLDS, set_threshold=0.7).as_state()
    assert Thresholds.from_state(state).set_threshold == 0.7
    del state["set_threshold"]
    assert Thresholds.from_state(state).set_threshold is None


@pytest.fixture(scope="module")
def fitted(model: StagedModel) -> Thresholds:
    data = small_data(2000)
    thresholds = fit_thresholds(Answering(model, CONFIG), data.train_images, data.train_labels, CLASS_COUNT)
    assert thresholds is not None
    return thresholds


@pytest.mark.slow
def test_thresholds_are_kept_with_the_model(model: StagedModel, fitted: Thresholds, tmp_path: Path) -> None:
    assert np.exp(fitted.leaning).sum() == pytest.approx(1, abs=1e-3)
    checkpoints.save_model(tmp_path / "model.pt", model, CONFIG, {"verdict": fitted.as_state()})
    kept = Thresholds.from_state(checkpoints.load_model(tmp_path / "model.pt").extra["verdict"])
    assert kept.as_state() == fitted.as_state()
    view = to_model_view(Photo("grey", np.full((50, 50, 3), 128, np.uint8), None, ()))
    predictor = Predictor.load(tmp_path / "model.pt")
    assert predictor.judge(view).verdict == "none of these"
    assert predictor.set_calibration == SetCalibration(
        fitted.set_threshold or 0, "validation images changed to look like photos; real photos are harder"
    )


@pytest.mark.slow
def test_sets_cover_further_images_that_are_changed_alike_as_promised(model: StagedModel, fitted: Thresholds) -> None:
    data = small_data(2500)
    changed = photograph(torch.from_numpy(data.train_images[2000:]), torch.Generator().manual_seed(1)).numpy()
    assert fitted.set_threshold is not None
    sets = class_sets(fitted.calibrated(vote(model, changed, CONFIG)[0]), fitted.set_threshold)
    assert measured(data.train_labels[2000:], sets).coverage == pytest.approx(PHOTO_LIKE_COVERAGE, abs=0.05)


@pytest.mark.slow
def test_an_untrained_model_is_never_sure(model: StagedModel) -> None:
    data = small_data(1000)
    fitted = fit_thresholds(Answering(model, CONFIG), data.train_images, data.train_labels, CLASS_COUNT)
    assert fitted is not None
    assert fitted.least_confidence > 1


def test_too_few_images_give_no_thresholds(model: StagedModel) -> None:
    data = small_data(LEAST_OF_A_CLASS * 9)
    assert fit_thresholds(Answering(model, CONFIG), data.train_images, data.train_labels, CLASS_COUNT) is None


def test_distances_are_those_of_mahalanobis_in_the_features_themselves() -> None:
    random = np.random.default_rng(0)
    spread = random.normal(size=(5, 5)).astype(np.float32)
    labels = np.arange(4000) % 10
    means = 4 * random.normal(size=(10, 5))
    points = (means[labels] + random.normal(size=(4000, 5)) @ spread).astype(np.float32)
    centre, projection, places = class_places(points, labels)
    thresholds = replace(THRESHOLDS, centre=centre, projection=projection, class_means=places)
    precision = np.linalg.inv(spread.T @ spread)
    expected = [min(mahalanobis(point, mean, precision) for mean in means) / np.sqrt(5) for point in points[:50]]
    assert thresholds.distances(points[:50]) == pytest.approx(expected, rel=0.15, abs=0.05)


def test_the_views_that_vote_show_the_same_item() -> None:
    images = small_data(20).train_images
    plain, mirrored, smaller, both = views_of(images)
    assert np.array_equal(mirrored[..., ::-1], plain)
    assert np.array_equal(both[..., ::-1], smaller)
    assert not smaller[:, :2].any()
    assert smaller.mean() == pytest.approx(plain.mean() * (24 / 28) ** 2, rel=0.02)


def test_a_vote_is_the_same_for_an_image_and_its_mirror_image(model: StagedModel) -> None:
    images = small_data(6).train_images
    (answers, seen), (mirrored, seen_mirrored) = vote(model, images, CONFIG), vote(model, images[..., ::-1], CONFIG)
    assert answers == pytest.approx(mirrored, abs=1e-5)
    assert seen == pytest.approx(seen_mirrored, abs=1e-4)


def test_pictures_of_nothing_differ_from_each_other_and_from_items() -> None:
    items = torch.from_numpy(small_data(10 * KINDS).train_images)
    drawn = draw_non_items(items, torch.Generator().manual_seed(0))
    assert drawn.dtype == torch.uint8
    assert len(torch.unique(drawn.flatten(1), dim=0)) == len(items)
    assert not (drawn == items).flatten(1).all(1).any()


def colours(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy pictures uint8 (n, 28, 28, 3), each of one colour, and their classes (n,), which are not far apart."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    tones = 100 + 40 * np.eye(3)[labels] + random.normal(0, 18, (count, 3))
    noisy = tones[:, None, None] + random.normal(0, 20, (count, 28, 28, 3))
    return noisy.clip(0, 255).astype(np.uint8), labels


@pytest.mark.slow
def test_of_pictures_of_ones_own_the_sure_answers_are_right_as_often_as_promised(tmp_path: Path) -> None:
    (images, labels), (fresh, truth) = colours(2400, 0), colours(1500, 1)
    data = DataSet("own", "own", ("red", "green", "blue"), images, labels, fresh, truth)
    config = config_of("cnn", data="own", epochs=2, threads=1, precision="float32")
    training = Training(config, data, tmp_path)
    list(training.events())
    answering, fitted = end_of(training, config, ())
    model = answering.model
    assert fitted is not None
    checkpoints.save_model(tmp_path / "own.pt", model, config, {"verdict": fitted.as_state()}, training.data_facts)
    predictor = Predictor.load(tmp_path / "own.pt")
    judged = [
        fitted.judge(*of_one, stands_out=True, classes=data.classes)
        for of_one in zip(*vote(model, fresh, config), strict=True)
    ]
    assert predictor.judge(view_of(fresh[0])).verdict == judged[0].verdict
    right = np.array([each.probabilities.argmax() for each in judged]) == truth
    sure = np.array([each.verdict == "sure" for each in judged])
    assert right.mean() < 0.93
    assert sure.mean() > 0.2
    assert right[sure].mean() > 0.94
    assert abs(np.mean([each.probabilities.max() for each in judged]) - right.mean()) < 0.04
    assert predictor.set_calibration is not None
    assert predictor.set_calibration.images == "validation images"
    sets = [predictor.set_calibration.labels(each.probabilities) for each in judged]
    covered = np.mean([label in labels for label, labels in zip(truth, sets, strict=True)])
    assert covered == pytest.approx(0.9, abs=0.05)
    strange = [predictor.judge(view_of(np.full((28, 28, 3), tone, np.uint8))).verdict for tone in (0, 255)]
    assert "sure" not in strange


def view_of(image: np.ndarray) -> ModelView:
    return to_model_view(Photo("own.png", image, None, ()))


def test_too_few_pictures_of_ones_own_give_no_verdict_and_it_is_said_why(tmp_path: Path) -> None:
    images, labels = colours(LEAST_IMAGES - 1, 0)
    config = config_of("cnn", data="own")
    model = architectures.build(config, 3, colour=True).eval()
    nothing = np.zeros((len(labels), 8))
    assert fit_to_pictures(nothing[:, :3], nothing, labels, np.arange(len(labels)) % 2) is None
    data = DataSet("own", "own", ("red", "green", "blue"), images, labels, images, labels)
    checkpoints.save_model(tmp_path / "own.pt", model, config, {"verdict": None}, facts_of(data, 100, 99))
    judgement = Predictor.load(tmp_path / "own.pt").judge(view_of(images[0]))
    assert judgement.verdict is None
    assert "it takes 200 validation images" in judgement.reason
    assert "this run had 99" in judgement.reason
