"""Companions: models of Fashion-MNIST that predict together with a run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from core import architectures
from core.answers.companions import WEIGHTS, Companions, best_share, mixed
from core.answers.prediction import Predictor
from core.answers.voting import vote
from core.classes import CLASS_NAMES
from core.config import RunConfig
from core.data.data_facts import facts_of
from core.errors import CheckpointError
from core.learning.checkpoints import load_model, save_model
from core.photos.model_view import to_model_view
from core.photos.picture import Photo
from tests.core.test_any_data import data_of

pytestmark = pytest.mark.slow


def logs(seed: int, n: int = 40, classes: int = 10) -> np.ndarray:
    return log_softmax(np.random.default_rng(seed).normal(0, 2, (n, classes)), axis=1)


def model_file(path: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    config = RunConfig(model="cnn", threads=1)
    save_model(path, architectures.build(config), config)
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [model_file(tmp_path / f"{seed}.pt", seed) for seed in (1, 2)]


def test_the_mixture_is_the_weighted_geometric_mean_of_the_probabilities() -> None:
    first, second = softmax(logs(0), axis=1), softmax(logs(1), axis=1)
    expected = first**0.3 * second**0.7
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.exp(mixed(np.log(first), np.log(second), 0.7)) == pytest.approx(expected, abs=1e-6)


def test_the_share_is_the_one_with_the_smallest_log_loss() -> None:
    labels = np.arange(40) % 10
    knowing = log_softmax(3.0 * (np.eye(10)[labels]), axis=1)
    assert best_share(logs(0), knowing, labels) == WEIGHTS[-1]
    assert best_share(knowing, logs(0), labels) == 0
    even, odd = (np.where((np.arange(40) % 2 == part)[:, None], knowing, -np.log(10)) for part in (0, 1))
    assert 0.3 < best_share(even, odd, labels) < 0.7


def test_classes_are_told_by_their_names_whatever_their_order_and_writing(files: list[Path]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    whole = Companions.of_files(files, CLASS_NAMES).of_images(images)
    few = Companions.of_files(files, ("ankle_boot", "Bag", "t-shirt")).of_images(images)
    assert few == pytest.approx(log_softmax(whole[:, [9, 8, 0]], axis=1), abs=1e-5)


@pytest.mark.parametrize("classes", [("0", "1"), ("cat", "Bag"), ("boot", "Ankle boot")])
def test_other_classes_than_fashion_mnists_are_refused(files: list[Path], classes: tuple[str, ...]) -> None:
    with pytest.raises(CheckpointError, match="know the classes of Fashion-MNIST"):
        Companions.of_files(files, classes)


def test_a_model_file_keeps_its_companions_and_a_photo_is_seen_by_each_in_its_own_way(
    files: list[Path], tmp_path: Path
) -> None:
    data = data_of(2, 10, 32, colour=True)
    data = type(data)(**{**vars(data), "classes": ("Bag", "Coat")})
    config = RunConfig(model="cnn", data="0123456789abcdef", input_size=32, threads=1)
    torch.manual_seed(0)
    model = architectures.build(config, 2, colour=True).eval()
    companions = Companions.of_files(files, data.classes)
    assert companions.share == pytest.approx(2 / 3)
    path = tmp_path / "together.pt"
    save_model(path, model, config, {"verdict": None, "companions": companions.as_state()}, facts_of(data, 10, 10))
    view = to_model_view(Photo("photo", np.random.default_rng(1).integers(0, 256, (60, 50, 3), np.uint8), None, ()))
    predictor = Predictor.load(path)
    alone, _ = vote(model, predictor.seen(view)[None], config)
    theirs = np.mean([vote(load_model(file).model, view.votes, RunConfig(threads=1))[0] for file in files], axis=0)
    expected = log_softmax(alone / 3 + 2 / 3 * log_softmax(theirs[:, [8, 4]], axis=1), axis=1)[0]
    assert np.log(predictor.judge(view).probabilities) == pytest.approx(expected, abs=1e-5)
