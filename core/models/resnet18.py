"""ResNet18 (He, Zhang, Ren, Sun 2015) with torchvision's names of weights, and layers that can be frozen."""

from collections.abc import Collection
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from core.config import FREEZABLE_LAYERS, RunConfig
from core.machine.precision import logits
from core.models.kernels.folding import FoldingConv2d, FourPixelConv2d, OnePixelConv2d
from core.models.kernels.taps import TapConv2d
from core.models.staged import Stage, StagedModel, passed

Conv = FoldingConv2d | TapConv2d


def build(config: RunConfig, classes: int, _channels: int) -> StagedModel:
    """The untrained ResNet18, which takes grey and colour alike.

    With `config.pretrained` all layers but the unfrozen ones and fc are frozen.
    """
    frozen = set(FREEZABLE_LAYERS) - set(config.unfrozen_layers) if config.pretrained else set()
    return ResNet18(config.input_size, classes, frozen, fixed_statistics=config.pretrained and config.fixed_statistics)


class ResNet18(StagedModel):
    """Images (n, 3, s, s), or (n, 1, s, s) for grey ones whose three channels are equal, to logits (n, classes).

    With `fixed_statistics` batch norms up to layer3 keep theirs, also those of layers that are not frozen.
    """

    def __init__(
        self, input_size: int, classes: int, frozen: Collection[str] = (), *, fixed_statistics: bool = False
    ) -> None:
        super().__init__()
        trained = [place for place, name in enumerate(FREEZABLE_LAYERS) if name not in frozen]
        self._first_trained = trained[0] if trained else len(FREEZABLE_LAYERS)
        self.has_frozen_front = self._first_trained > 0
        side = _halved(_halved(input_size))
        self.conv1 = FoldingConv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Block(64, 64, 1, side), Block(64, 64, 1, side))
        self.layer2, side = _downsampling_layer(64, 128, side)
        self.layer3, side = _downsampling_layer(128, 256, side)
        self.layer4, side = _downsampling_layer(256, 512, side)
        self.fc = nn.Linear(512, classes)
        self._initialise()
        self._frozen = [self.get_submodule(name) for name in sorted(frozen)]
        if "conv1" in frozen:
            self._frozen.append(self.bn1)
        for module in self._frozen:
            module.requires_grad_(False)
        if fixed_statistics:
            # Their weights learn all the same.
            norms = (module for module in self.modules() if isinstance(module, nn.BatchNorm2d))
            self._frozen.extend(set(norms) - set(self.layer4.modules()))

    def stages(self) -> list[Stage]:
        """The layers in the order of FREEZABLE_LAYERS."""
        return [self._stem, self.layer1, self.layer2, self.layer3, self.layer4]

    def features(self, maps: Tensor) -> Tensor:
        """The mean (n, 512) of each map."""
        return maps.mean(dim=(2, 3))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (n, classes)."""
        return logits(self.fc, features)

    def front(self, images: Tensor) -> Tensor:
        """What the frozen layers before the first trained one make of the images; without any the images themselves."""
        return passed(self.stages()[: self._first_trained], images)

    def rest(self, maps: Tensor) -> Tensor:
        """The logits (n, classes) of what `front` returns."""
        return self.classify(self.features(passed(self.stages()[self._first_trained :], maps)))

    def _stem(self, images: Tensor) -> Tensor:
        maps = F.relu_(self.conv1.normalised(self.bn1, images))
        return F.max_pool2d(maps, 3, stride=2, padding=1)

    def train(self, mode: bool = True) -> "ResNet18":
        """Training or evaluation mode; what is frozen stays in evaluation mode, with the statistics it came with."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, TapConv2d):
                module.reset_parameters()


class Block(nn.Module):
    """Two 3x3 convolutions, each with batch norm, and the input added: the basic block of the paper.

    `side` is the side of the map that comes in.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int, side: int) -> None:
        super().__init__()
        self.conv1 = _conv3x3(channels_in, channels_out, stride, side)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = _conv3x3(channels_out, channels_out, 1, side if stride == 1 else _halved(side))
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = Projection(channels_in, channels_out, stride, side) if stride != 1 else None

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, in, side, side) to (n, out, side / stride, side / stride)."""
        residual = F.relu_(self.conv1.normalised(self.bn1, maps))
        residual = self.conv2.normalised(self.bn2, residual)
        return F.relu_(residual.add_(self.downsample(maps) if self.downsample else maps))


class Projection(nn.Sequential):
    """The shortcut where a block changes the size of the maps: a 1x1 convolution with batch norm."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, side: int) -> None:
        kind = OnePixelConv2d if side == 2 else FoldingConv2d
        conv = kind(channels_in, channels_out, 1, stride=stride, bias=False)
        super().__init__(conv, nn.BatchNorm2d(channels_out))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, in, side, side) to (n, out, side / stride, side / stride)."""
        conv, norm = cast(FoldingConv2d, self[0]), cast(nn.BatchNorm2d, self[1])
        return conv.normalised(norm, maps)


def _downsampling_layer(channels_in: int, channels_out: int, side: int) -> tuple[nn.Sequential, int]:
    """The layer and the side of the map it returns, half of the side that comes in."""
    first = Block(channels_in, channels_out, 2, side)
    return nn.Sequential(first, Block(channels_out, channels_out, 1, _halved(side))), _halved(side)


def _conv3x3(channels_in: int, channels_out: int, stride: int, side: int) -> Conv:
    if side == 1 or (side == 2 and stride == 2):
        return TapConv2d(channels_in, channels_out, side)
    conv = FourPixelConv2d if side == 2 else FoldingConv2d
    return conv(channels_in, channels_out, 3, stride=stride, padding=1, bias=False)


def _halved(side: int) -> int:
    return (side + 1) // 2
