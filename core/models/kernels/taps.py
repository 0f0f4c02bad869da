"""Convolutions onto a single pixel: the taps of the kernel that only ever see padding are left out."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TapConv2d(nn.Module):
    """A 3x3 convolution with padding 1 whose result is one pixel: a matrix product with the taps inside the map.

    On a 1x1 map that is the centre tap; on a 2x2 map with stride 2 the lower right four. The others only ever meet
    padding: the loss has no gradient for them, and they keep their values. In a state dict it is a common
    convolution with one `weight` (out, in, 3, 3).
    """

    def __init__(self, channels_in: int, channels_out: int, side: int) -> None:
        super().__init__()
        self._used = slice(1, 1 + side)
        self.weight = nn.Parameter(torch.empty(channels_out, channels_in, 3, 3), requires_grad=False)
        # As the rows of the matrix product: the optimizer is fastest with what is contiguous.
        self.taps = nn.Parameter(torch.empty(channels_out, side * side * channels_in))
        self.register_state_dict_post_hook(_join)
        self.register_load_state_dict_pre_hook(_split)

    def reset_parameters(self) -> None:
        """Random weights as torchvision's ResNet starts from."""
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        with torch.no_grad():
            self.taps.copy_(_pixels(self.used(self.weight)))

    def used(self, weight: Tensor) -> Tensor:
        """The taps of the weight (out, in, 3, 3) that meet pixels, as a view (out, in, side, side)."""
        return weight[:, :, self._used, self._used]

    def normalised(self, norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
        """`norm` of this convolution of `maps`."""
        return norm(self(maps))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, in, side, side) to (n, out, 1, 1)."""
        return F.linear(_pixels(maps), self.taps)[:, :, None, None]


def _pixels(maps: Tensor) -> Tensor:
    """Maps (n, c, s, s) as one row of pixels each, (n, s * s * c): no copy where the channels are last in memory."""
    return maps.permute(0, 2, 3, 1).flatten(1)


def _join(conv: TapConv2d, state: dict[str, Tensor], prefix: str, _: Any) -> None:
    weight = conv.weight.detach().clone()
    used = conv.used(weight).permute(0, 2, 3, 1)
    used.copy_(state.pop(prefix + "taps").view(used.shape))
    state[prefix + "weight"] = weight


def _split(conv: TapConv2d, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    if prefix + "weight" in state:
        state[prefix + "taps"] = _pixels(conv.used(state[prefix + "weight"]))
