"""A small residual network (He, Zhang, Ren, Sun 2015, section 4.2) for grey images of 28x28, learnt from scratch."""

import torch.nn.functional as F
from torch import Tensor, nn

from core.classes import CLASS_COUNT
from core.config import RunConfig
from core.machine.precision import logits
from core.models.kernels.folding import FoldingConv2d
from core.models.resnet18 import Block
from core.models.staged import Stage, StagedModel

WIDTHS = (16, 64, 128)
"""Channels at each size. Few on the largest maps: with 24 instead of 16 a convolution there takes 2.8 times as long."""


def build(config: RunConfig) -> StagedModel:
    """The untrained network for images of `config.input_size`."""
    return SmallResNet(config.input_size)


class SmallResNet(StagedModel):
    """Grey images (n, 1, s, s) to logits (n, 10): a convolution, then two blocks each at s, at half and at a quarter.

    The average over all places before the last layer makes it indifferent to where in the image the item lies.
    """

    def __init__(self, input_size: int = 28) -> None:
        super().__init__()
        first, second, third = WIDTHS
        half = (input_size + 1) // 2
        quarter = (half + 1) // 2
        self.conv1 = FoldingConv2d(1, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = nn.Sequential(Block(first, first, 1, input_size), Block(first, first, 1, input_size))
        self.layer2 = nn.Sequential(Block(first, second, 2, input_size), Block(second, second, 1, half))
        self.layer3 = nn.Sequential(Block(second, third, 2, half), Block(third, third, 1, quarter))
        self.fc = nn.Linear(third, CLASS_COUNT)

    def stages(self) -> list[Stage]:
        """The first convolution, then the two blocks at each size."""
        return [self._stem, self.layer1, self.layer2, self.layer3]

    def features(self, maps: Tensor) -> Tensor:
        """The mean (n, 128) of each map."""
        return maps.mean(dim=(2, 3))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (n, 10)."""
        return logits(self.fc, features)

    def _stem(self, images: Tensor) -> Tensor:
        return F.relu_(self.conv1.normalised(self.bn1, images))
