"""Grad-CAM against captum's, and against what it must say of a model that looks at one place."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import architectures
from core.answers.features import NoMaps
from core.answers.grad_cam import grad_cam
from core.architectures import ARCHITECTURES
from core.config import RunConfig
from core.data.preprocessing import to_input
from core.models.staged import Stage, StagedModel
from tests.core.small_data import small_data
from tests.core.test_models import shuffle_norms

IMAGES = small_data(train=10, test=20).test_images


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


LAYERS = {"cnn": "block2", "resnet18": "layer2", "transfer": "layer2", "resnet-small": "layer3"}
"""The last layer of each architecture whose maps have at least 4x4 pixels."""


def by_captum(model: nn.Module, image: np.ndarray, label: int, config: RunConfig) -> np.ndarray:
    # Takes seconds to import.
    from captum.attr import LayerGradCam

    layer = LayerGradCam(model, model.get_submodule(LAYERS[config.model]))
    inputs = to_input(torch.from_numpy(image[None]), config).requires_grad_()
    salient = layer.attribute(inputs, target=label, relu_attributions=True).detach()
    enlarged = F.interpolate(salient, size=(28, 28), mode="bilinear")[0, 0]
    return (enlarged / enlarged.max().clamp(min=1e-30)).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_is_what_captum_says(name: str) -> None:
    config = RunConfig(model=name, pretrained=ARCHITECTURES[name].only_pretrained)
    model = architectures.build(config)
    shuffle_norms(model)
    model.eval()
    for image, label in zip(IMAGES[:10], range(10), strict=True):
        ours = grad_cam(model, image, label, config)
        assert ours.dtype == np.float32
        assert ours.shape == (28, 28)
        assert ours.max() in (0, 1)
        assert np.allclose(ours, by_captum(model, image, label, config), atol=1e-4)


def test_frozen_layers_change_nothing() -> None:
    config = RunConfig(model="cnn")
    model = architectures.build(config).eval()
    free = grad_cam(model, IMAGES[0], 3, config)
    model.requires_grad_(False)
    assert np.array_equal(grad_cam(model, IMAGES[0], 3, config), free)


class Corner(StagedModel):
    """Says class 0 by how bright the upper left quarter is, and class 1 by how dark; `side` is that of its maps."""

    def __init__(self, side: int = 4) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(28 // side)
        self.fc = nn.Linear(side**2, 2, bias=False)
        half = side // 2
        with torch.no_grad():
            quarter = F.pad(torch.ones(half, half), (0, half, 0, half)).flatten()
            self.fc.weight.copy_(torch.stack([quarter, -quarter]))

    def stages(self) -> list[Stage]:
        return [lambda images: self.pool((images + 1) / 2)]

    def features(self, maps: Tensor) -> Tensor:
        return maps.flatten(1)

    def classify(self, features: Tensor) -> Tensor:
        return self.fc(features)


def test_it_points_at_what_is_bright_and_says_nothing_where_nothing_speaks_for_the_class() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[:14, :14] = 255
    config = RunConfig(model="cnn")
    salient = grad_cam(Corner().eval(), image, 0, config)
    assert salient[:10, :10].min() == pytest.approx(1)
    assert salient[18:, 18:].max() == 0
    assert not grad_cam(Corner().eval(), image, 1, config).any()


def test_a_model_without_maps_says_so() -> None:
    with pytest.raises(NoMaps):
        grad_cam(Corner(side=2), IMAGES[0], 0, RunConfig(model="cnn"))
