"""Batch norm with fixed statistics folded into the convolution before it: one operation instead of two.

torch.nn.utils.fusion cuts the weights off from their gradients, and its order of operations gives half of the biases
other last bits (up to 5e-7), and with them every answer.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.machine.precision import precision_of


def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that equals `norm` (in eval mode) after `conv`."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    bias = norm.bias - norm.running_mean * scale
    if conv.bias is not None:
        bias = bias + conv.bias * scale
    return conv.weight * scale[:, None, None, None], bias


class FoldingConv2d(nn.Conv2d):
    """A convolution that takes the batch norm after it into its weights where the norm's statistics are fixed.

    Given one channel where its weights expect three, it takes the image as grey: red, green and blue are equal, so
    that the weights can be summed over them.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._folded: dict[torch.dtype, tuple[Tensor, Tensor]] = {}

    def normalised(self, norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
        """`norm` of this convolution of `maps`."""
        if norm.training:
            return norm(self._convolve(maps, self.weight, self.bias))
        return self._convolve_folded(maps, *self._fold(norm))

    def _convolve(self, maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if maps.shape[1] < weight.shape[1]:
            weight = weight.sum(1, keepdim=True)
        return F.conv2d(maps, weight, bias, self.stride, self.padding)

    def _fold(self, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
        if self.weight.requires_grad:
            return self._prepare(*fold(self, norm))
        # Frozen weights are folded once, and rounded once to the numbers that are computed with.
        kind = precision_of(self.weight)
        if kind not in self._folded:
            weight, bias = self._prepare(*fold(self, norm))
            self._folded[kind] = weight.to(kind), bias.to(kind)
        return self._folded[kind]

    def _prepare(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Folded weight and bias as `_convolve_folded` takes them."""
        return weight, bias

    def _convolve_folded(self, maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return self._convolve(maps, weight, bias)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "FoldingConv2d":
        self._folded = {}
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._folded = {}
        super()._load_from_state_dict(*args, **kwargs)


class OnePixelConv2d(FoldingConv2d):
    """A 1x1 convolution with stride 2 on a 2x2 map: a matrix product with the first of the four pixels."""

    def _convolve(self, maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return F.linear(maps[:, :, 0, 0], weight.flatten(1), bias)[:, :, None, None]


class FourPixelConv2d(FoldingConv2d):
    """A 3x3 convolution with padding 1 on a 2x2 map, where every pixel sees every other.

    Folded, it is one matrix product of all four pixels with the 16 blocks of weights in use, instead of 36 of which
    20 meet padding.
    """

    def _prepare(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        corners = [(1 - row, 1 - column) for row in (0, 1) for column in (0, 1)]
        blocks = [weight[:, :, y : y + 2, x : x + 2].permute(0, 2, 3, 1).flatten(1) for y, x in corners]
        return torch.cat(blocks), bias.repeat(4)

    def _convolve_folded(self, maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        pixels = F.linear(maps.permute(0, 2, 3, 1).flatten(1), weight, bias)
        return pixels.view(-1, 2, 2, self.out_channels).permute(0, 3, 1, 2)
