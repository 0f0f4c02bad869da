"""A small residual network (He, Zhang, Ren, Sun 2015, section 4.2) for small images, learnt from scratch."""

import torch.nn.functional as F
from torch import Tensor, nn

from core.config import RunConfig
from core.machine.precision import logits
from core.models.kernels.folding import FoldingConv2d
from core.models.kernels.taps import TapConv2d
from core.models.resnet18 import Block
from core.models.staged import Stage, StagedModel

WIDTHS = (16, 64, 128)
"""Channels at each size. Few on the largest maps: with 24 instead of 16 a convolution there takes 2.8 times as long."""


def build(config: RunConfig, classes: int, channels: int) -> StagedModel:
    """The untrained network for images of `config.input_size`."""
    return SmallResNet(config.input_size, classes, channels)


class SmallResNet(StagedModel):
    """Images (n, channels, s, s) to logits (n, classes): a convolution, then two blocks each at s, s / 2 and s / 4.

    The average over all places before the last layer makes it indifferent to where in the image the item lies.
    """

    def __init__(self, input_size: int, classes: int, channels: int) -> None:
        super().__init__()
        first, second, third = WIDTHS
        half = (input_size + 1) // 2
        quarter = (half + 1) // 2
        self.conv1 = FoldingConv2d(channels, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = nn.Sequential(Block(first, first, 1, input_size), Block(first, first, 1, input_size))
        self.layer2 = nn.Sequential(Block(first, second, 2, input_size), Block(second, second, 1, half))
        self.layer3 = nn.Sequential(Block(second, third, 2, half), Block(third, third, 1, quarter))
        self.fc = nn.Linear(third, classes)
        for module in self.modules():
            if isinstance(module, TapConv2d):
                module.reset_parameters()

    def stages(self) -> list[Stage]:
        """The first convolution, then the two blocks at each size."""
        return [self._stem, self.layer1, self.layer2, self.layer3]

    def features(self, maps: Tensor) -> Tensor:
        """The mean (n, 128) of each map."""
        return maps.mean(dim=(2, 3))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (n, classes)."""
        return logits(self.fc, features)

    def _stem(self, images: Tensor) -> Tensor:
        return F.relu_(self.conv1.normalised(self.bn1, images))
