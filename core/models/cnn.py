"""The report's convolutional network: two 5x5 convolutions with batch norm, two linear layers."""

import torch.nn.functional as F
from torch import Tensor, nn

from core.config import RunConfig
from core.machine.precision import logits
from core.models.kernels.folding import fold
from core.models.kernels.pooling import normalise_and_pool
from core.models.staged import Stage, StagedModel

SLOPE = 0.01


def build(config: RunConfig, classes: int, channels: int) -> StagedModel:
    """The untrained CNN for images of `config.input_size`."""
    return CNN(config.input_size, classes, channels)


class CNN(StagedModel):
    """Images (n, channels, s, s) to logits (n, classes): each block is Conv 5x5, BatchNorm, LeakyReLU, MaxPool 2."""

    def __init__(self, input_size: int, classes: int, channels: int) -> None:
        super().__init__()
        self.block1 = Block(channels, 32)
        self.block2 = Block(32, 64)
        self.fc1 = nn.Linear(64 * (input_size // 4) ** 2, 1000)
        self.fc2 = nn.Linear(1000, classes)

    def stages(self) -> list[Stage]:
        """The two blocks."""
        return [self.block1, self.block2]

    def features(self, maps: Tensor) -> Tensor:
        """The 1,000 values after the first linear layer."""
        return F.leaky_relu(self.fc1(maps.flatten(1)), SLOPE)

    def classify(self, features: Tensor) -> Tensor:
        """Logits (n, classes)."""
        return logits(self.fc2, features)


class Block(nn.Module):
    """Convolution, batch norm, LeakyReLU and 2x2 max pooling; halves the side of the map."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 5, padding=2)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, in, s, s) to (n, out, s // 2, s // 2)."""
        if self.training:
            return normalise_and_pool(self.conv(maps), self.norm, SLOPE)
        weight, bias = fold(self.conv, self.norm)
        # LeakyReLU rises monotonically, so it may follow the pooling, where there is a quarter of the values.
        return F.leaky_relu(F.max_pool2d(F.conv2d(maps, weight, bias, padding=2), 2), SLOPE)
