"""Features and maps of every architecture, found without knowing it by name."""

import numpy as np
import pytest
import torch
from torch import nn

from core import models
from core.config import RunConfig
from core.evaluation import answer, log_probabilities
from core.features import NothingInside, map_layer, penultimate_features
from core.models import ARCHITECTURES
from core.preprocessing import to_input
from tests.core.small_data import small_data


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


IMAGES = small_data(train=10, test=20).test_images


def untrained(name: str, **changes: object) -> tuple[nn.Module, RunConfig]:
    config = RunConfig(model=name, pretrained=False, **changes)
    return models.build(config).eval(), config


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


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nothing_goes_on_watching_a_model_that_was_looked_into(name: str) -> None:
    model, config = untrained(name)
    penultimate_features(model, IMAGES, config)
    map_layer(model, config)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_the_features_of_no_image_are_an_empty_array() -> None:
    model, config = untrained("cnn")
    assert penultimate_features(model, IMAGES[:0], config).shape == (0, 1000)


def test_the_maps_are_those_of_the_last_block_that_has_more_than_a_few_pixels() -> None:
    cnn, config = untrained("cnn")
    assert map_layer(cnn, config) is cnn.block2
    resnet, config = untrained("resnet18")
    assert map_layer(resnet, config) is resnet.layer2
    larger, config = untrained("resnet18", input_size=64)
    assert map_layer(larger, config) is larger.layer3


def test_a_model_without_maps_or_without_a_linear_layer_says_so() -> None:
    config = RunConfig(model="cnn")
    flat = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    with pytest.raises(NothingInside, match="no layer with maps"):
        map_layer(flat, config)
    with pytest.raises(NothingInside, match="no linear layer"):
        penultimate_features(nn.Sequential(nn.Conv2d(1, 10, 28), nn.Flatten()), IMAGES, config)
    assert np.allclose(penultimate_features(flat, IMAGES, config), IMAGES.reshape(20, -1) / 127.5 - 1, atol=1e-6)
