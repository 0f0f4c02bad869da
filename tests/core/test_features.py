"""Features and maps of every architecture."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core import architectures
from core.answers.features import NoMaps, map_stage, penultimate_features
from core.architectures import ARCHITECTURES
from core.config import RunConfig
from core.data.preprocessing import to_input
from core.learning.evaluation import answer, log_probabilities
from core.models.staged import Stage, StagedModel
from tests.core.small_data import small_data


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


IMAGES = small_data(train=10, test=20).test_images


def untrained(name: str, **changes: object) -> tuple[StagedModel, RunConfig]:
    config = RunConfig(model=name, pretrained=ARCHITECTURES[name].only_pretrained, **changes)
    return architectures.build(config).eval(), config


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_last_linear_layer_makes_the_logits_out_of_the_features(name: str, flips: bool) -> None:
    model, config = untrained(name, test_time_flips=flips)
    features = torch.from_numpy(penultimate_features(model, IMAGES, config, batch_size=7))
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        expected = answer(model, to_input(torch.from_numpy(IMAGES), config), config)
        assert torch.allclose(last(features), expected, atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_with_flips_the_logits_are_the_mean_for_an_image_and_its_mirror_image(name: str) -> None:
    model, config = untrained(name, test_time_flips=True)
    with torch.no_grad():
        both = [model(to_input(torch.from_numpy(views), config)) for views in (IMAGES, IMAGES[..., ::-1].copy())]
    assert not torch.allclose(both[0], both[1], atol=1e-3)
    expected = (sum(both) / 2).log_softmax(1).numpy()
    assert np.allclose(log_probabilities(model, IMAGES, config, batch_size=7), expected, atol=1e-5)


def test_the_features_of_no_image_are_an_empty_array() -> None:
    model, config = untrained("cnn")
    assert penultimate_features(model, IMAGES[:0], config).shape == (0, 1000)
    assert log_probabilities(model, IMAGES[:0], config).shape == (0, 10)


@pytest.mark.parametrize("training", [False, True])
def test_a_model_is_asked_in_evaluation_mode_and_keeps_its_own(training: bool) -> None:
    model, config = untrained("cnn")
    expected = log_probabilities(model, IMAGES, config)
    model.train(training)
    assert np.array_equal(log_probabilities(model, IMAGES, config), expected)
    assert all(module.training == training for module in model.modules())


def maps_of(name: str, input_size: int = 28) -> tuple[int, tuple[int, ...]]:
    model, config = untrained(name, input_size=input_size)
    count, maps = map_stage(model, to_input(torch.from_numpy(IMAGES[:1]), config))
    return count, tuple(maps.shape[1:])


def test_the_maps_are_those_of_the_last_stage_that_has_more_than_a_few_pixels() -> None:
    assert maps_of("cnn") == (2, (64, 7, 7))
    assert maps_of("resnet18") == (3, (128, 4, 4))
    assert maps_of("resnet18", 64) == (4, (256, 4, 4))
    assert maps_of("resnet-small") == (4, (128, 7, 7))


class Flat(StagedModel):
    """One linear layer of the pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(784, 10)

    def stages(self) -> list[Stage]:
        return []

    def features(self, maps: Tensor) -> Tensor:
        return maps.flatten(1)

    def classify(self, features: Tensor) -> Tensor:
        return self.last(features)


def test_a_model_without_maps_says_so_and_has_features_all_the_same() -> None:
    config = RunConfig(model="cnn")
    with pytest.raises(NoMaps, match="no layer with feature maps"):
        map_stage(Flat(), to_input(torch.from_numpy(IMAGES[:1]), config))
    assert np.allclose(penultimate_features(Flat(), IMAGES, config), IMAGES.reshape(20, -1) / 127.5 - 1, atol=1e-6)
