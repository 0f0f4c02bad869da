"""One way from images and photos to ranked probabilities, whoever asks."""

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy.special import softmax

from core import architectures
from core.answers.prediction import Predictor, predict_photos, rank
from core.answers.voting import views_of
from core.classes import CLASS_NAMES
from core.config import RunConfig
from core.learning import checkpoints
from core.learning.evaluation import log_probabilities
from core.photos.model_view import to_model_view
from core.photos.photo_files import PhotoFile
from core.photos.picture import read
from dashboard.sections.predict import samples


def drawn_bag() -> bytes:
    picture = Image.new("RGB", (120, 100), "white")
    ImageDraw.Draw(picture).rectangle((20, 40, 100, 90), fill="navy")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = RunConfig()
    path = tmp_path_factory.mktemp("model") / "model.pt"
    checkpoints.save_model(path, architectures.build(config), config)
    return path


def test_probabilities_are_those_of_the_evaluation(model_file: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    loaded = checkpoints.load_model(model_file)
    probabilities = Predictor.load(model_file).probabilities(images)
    assert probabilities.dtype == np.float32
    assert np.array_equal(probabilities, np.exp(log_probabilities(loaded.model, images, loaded.config)))
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_ranks_are_the_most_probable_classes_in_order_and_ties_go_by_label() -> None:
    probabilities = np.array([0.1, 0.3, 0.0, 0.3, 0.05, 0.0, 0.2, 0.0, 0.05, 0.0])
    best = rank(probabilities, 3, CLASS_NAMES)
    assert [(place.label, place.name, place.probability) for place in best] == [
        (1, "Trouser", 0.3),
        (3, "Dress", 0.3),
        (6, "Shirt", 0.2),
    ]
    assert len(rank(probabilities, 99, CLASS_NAMES)) == 10


def test_one_bad_file_never_stops_the_rest(model_file: Path) -> None:
    contents = {"a.png": drawn_bag(), "b.txt": b"no photo", "c.png": drawn_bag()}
    files = [PhotoFile(name, content) for name, content in contents.items()]
    first, bad, last = predict_photos(Predictor.load(model_file), files)
    assert [answer.file for answer in (first, bad, last)] == files
    assert bad.judgement is None
    assert "b.txt is not a picture" in str(bad.error)
    assert first.judgement is not None
    assert last.judgement is not None
    assert np.array_equal(first.judgement.probabilities, last.judgement.probabilities)


def test_a_photo_among_many_is_answered_to_the_last_bit_as_alone(model_file: Path) -> None:
    predictor = Predictor.load(model_file)
    files = [PhotoFile(f"{name}.png", samples.draw_sample(name)) for name in samples.SAMPLES]
    for answer, file in zip(predict_photos(predictor, files), files, strict=True):
        alone = predictor.judge(to_model_view(read(file.content, file.name)))
        assert answer.judgement is not None
        assert answer.judgement.reason == alone.reason
        assert np.array_equal(answer.judgement.probabilities, alone.probabilities)


def test_the_first_answer_does_not_wait_for_the_last_file(model_file: Path) -> None:
    without_end = (PhotoFile(f"{number}.png", drawn_bag()) for number in itertools.count())
    answers = predict_photos(Predictor.load(model_file), without_end)
    assert [answer.file.name for answer in itertools.islice(answers, 3)] == ["0.png", "1.png", "2.png"]


def test_a_photo_is_answered_from_its_view(model_file: Path) -> None:
    predictor = Predictor.load(model_file)
    (answer,) = predict_photos(predictor, [PhotoFile("bag", drawn_bag())])
    view = to_model_view(read(drawn_bag()))
    assert answer.view is not None
    assert np.array_equal(answer.view.image, view.image)
    assert answer.judgement is not None
    views = np.concatenate(views_of(view.image[None]))
    averaged = softmax(np.log(predictor.probabilities(views)).mean(axis=0))
    assert answer.judgement.probabilities == pytest.approx(averaged, abs=1e-5)


def test_a_model_saved_without_thresholds_gives_no_verdict_and_says_why(model_file: Path) -> None:
    judgement = Predictor.load(model_file).judge(to_model_view(read(drawn_bag())))
    assert judgement.verdict is None
    assert "without verdict thresholds" in judgement.reason
