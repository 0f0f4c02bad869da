"""Transfer learning: a frozen ResNet18 up to layer3, and one linear layer that learns from what it makes of images.

A few hundred images are too few to train convolutions, and enough for one linear layer on features that others have
learnt (Kornblith, Shlens and Le 2019). layer4 is left out: it is the layer nearest to ImageNet's own classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import FREEZABLE_LAYERS, RunConfig
from core.models.resnet18 import ResNet18
from core.models.staged import Stage, StagedModel, passed

GRID = 3
"""Parts per side of the map whose means are features of their own: where something is counts, not only what."""
MAPS = 256
FEATURES = MAPS * (2 + GRID**2)


def build(config: RunConfig, classes: int, channels: int) -> StagedModel:
    """The trunk, to be filled with pretrained weights, and a linear layer for so many classes."""
    assert channels in (1, 3)
    return Transfer(config.input_size, classes)


class Transfer(ResNet18):
    """Images (n, 3, s, s), or (n, 1, s, s) for grey ones whose three channels are equal, to logits (n, classes).

    Features (n, 2816) are the mean, the maximum and a 3x3 grid of means of each of the 256 maps of layer3,
    standardised by a batch norm without weights.
    """

    def __init__(self, input_size: int, classes: int) -> None:
        super().__init__(input_size, classes, FREEZABLE_LAYERS)
        self._frozen.remove(self.layer4)
        del self.layer4
        self.norm = nn.BatchNorm1d(FEATURES, affine=False)
        self.fc = nn.Linear(FEATURES, classes)

    def stages(self) -> list[Stage]:
        """The layers of the trunk."""
        return [self._stem, self.layer1, self.layer2, self.layer3]

    def features(self, maps: Tensor) -> Tensor:
        """What the linear layer decides by, (n, 2816)."""
        return self.norm(pooled(maps))

    def front(self, images: Tensor) -> Tensor:
        """The features before they are standardised, (n, 2816): nothing of that changes while the model learns."""
        return pooled(passed(self.stages(), images))

    def standardised(self, front: Tensor) -> Tensor:
        """The features (n, 2816) of what `front` returns."""
        return self.norm(front)

    def rest(self, maps: Tensor) -> Tensor:
        """The logits (n, classes) of what `front` returns."""
        return self.classify(self.standardised(maps))


def pooled(maps: Tensor) -> Tensor:
    """Mean, maximum and grid of means of each map, at least in float32: (n, c, h, w) to (n, 11 c)."""
    exact = maps.to(torch.promote_types(maps.dtype, torch.float32))
    parts = (exact.mean(dim=(2, 3)), exact.amax(dim=(2, 3)), F.adaptive_avg_pool2d(exact, GRID).flatten(1))
    return torch.cat(parts, dim=1)
