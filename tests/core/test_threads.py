"""One model asked by many threads at once: each gets what it gets alone."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import torch

from core import architectures
from core.answers.answering import Answering
from core.answers.prediction import Predictor
from core.answers.verdict_fitting import fit_thresholds
from core.architectures import ARCHITECTURES
from core.classes import CLASS_COUNT
from core.config import RunConfig
from core.learning.checkpoints import save_model
from core.photos.model_view import ModelView, to_model_view
from core.photos.picture import Photo
from tests.core.small_data import small_data
from tests.core.test_models import shuffle_norms

VISITORS = 8
DATA = small_data(train=600, test=VISITORS)


@pytest.fixture(autouse=True)
def _few_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def predictor_of(name: str, folder: Path, *, flips: bool) -> Predictor:
    torch.manual_seed(0)
    config = RunConfig(model=name, pretrained=ARCHITECTURES[name].only_pretrained, test_time_flips=flips)
    model = architectures.build(config)
    shuffle_norms(model)
    thresholds = fit_thresholds(Answering(model.eval(), config), DATA.train_images, DATA.train_labels, CLASS_COUNT)
    assert thresholds is not None
    save_model(folder / "model.pt", model, config, {"verdict": thresholds.as_state()})
    return Predictor.load(folder / "model.pt")


def view_of(image: np.ndarray) -> ModelView:
    pixels = np.repeat(np.repeat(255 - image, 4, axis=0), 4, axis=1)
    return to_model_view(Photo("drawn", np.stack([pixels] * 3, axis=2), None, ()))


Question = Callable[[Predictor], np.ndarray]


def verdict_on(view: ModelView) -> Question:
    def ask(predictor: Predictor) -> np.ndarray:
        judgement = predictor.judge(view)
        return np.array([*judgement.probabilities, judgement.verdict, judgement.reason], dtype=object)

    return ask


def questions_about(image: np.ndarray, label: int) -> list[Question]:
    return [
        verdict_on(view_of(image)),
        lambda predictor: predictor.saliency(image, label),
        lambda predictor: predictor.features(image[None]),
        lambda predictor: predictor.probabilities(image[None]),
    ]


def questions() -> list[Question]:
    """All that can be asked of a model, about another image by each visitor."""
    return [question for label, image in enumerate(DATA.test_images) for question in questions_about(image, label)]


CASES = [(name, flips) for name in ARCHITECTURES for flips in (False, True)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "flips"), CASES)
def test_what_visitors_ask_of_one_model_at_once_is_what_each_gets_alone(name: str, flips: bool, tmp_path: Path) -> None:
    predictor, asked = predictor_of(name, tmp_path, flips=flips), questions()
    alone = [question(predictor) for question in asked]
    together = Barrier(VISITORS)

    def visit(place: int) -> list[tuple[int, np.ndarray]]:
        together.wait()
        turn = itertools.islice(itertools.cycle(range(len(asked))), 4 * place, 4 * place + len(asked) // 2)
        return [(number, asked[number](predictor)) for number in turn]

    with ThreadPoolExecutor(VISITORS) as pool:
        for number, answer in itertools.chain.from_iterable(pool.map(visit, range(VISITORS))):
            assert np.array_equal(answer, alone[number])
