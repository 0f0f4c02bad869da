"""Batch norm, 2x2 max pooling and LeakyReLU as one operation with a quarter of the work on the large maps."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

aten = torch.ops.aten
WINDOW = [2, 2]
NO_PADDING = [0, 0]
NO_DILATION = [1, 1]
WITH_STATISTICS = ("cpu", "cuda", "xpu")
"""The devices for which torch has batch_norm_update_stats."""


def normalise_and_pool(maps: Tensor, norm: nn.BatchNorm2d, slope: float) -> Tensor:
    """LeakyReLU(max_pool2d(norm(maps), 2)) in training mode: maps (n, c, s, s) to (n, c, s // 2, s // 2).

    Where the norm's scale is not negative, its value rises with its input, and the largest of a window stays the
    largest: normalising only the largest gives the same.
    """
    if maps.device.type not in WITH_STATISTICS or bool((norm.weight < 0).any()):
        return F.leaky_relu(F.max_pool2d(norm(maps), 2), slope)
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    return _NormalisedMaximum.apply(maps, norm.weight, norm.bias, norm, slope)


class _NormalisedMaximum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, norm: nn.BatchNorm2d, slope: float) -> Tensor:
        assert norm.momentum is not None
        mean, variance = torch.batch_norm_update_stats(maps, norm.running_mean, norm.running_var, norm.momentum)
        largest, places = F.max_pool2d_with_indices(maps, WINDOW)
        normalised = F.batch_norm(largest, mean, variance, weight, bias, training=False, eps=norm.eps)
        result = F.leaky_relu_(normalised, slope)
        ctx.save_for_backward(maps, weight, mean, variance, largest, places, result)
        ctx.eps, ctx.slope = norm.eps, slope
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """Ioffe and Szegedy 2015, section 3; the gradient reaches the norm's result only at the largest values.

        The gradient of the maps is what comes straight from there, and at every place, by way of mean and variance,
        -(d_bias + normalised * d_weight) * weight / (deviation * count).
        """
        maps, weight, mean, variance, largest, places, result = ctx.saved_tensors
        gradient = aten.leaky_relu_backward(gradient, result, ctx.slope, True)
        direct, d_weight, d_bias = aten.native_batch_norm_backward(
            gradient, largest, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )
        direct = aten.max_pool2d_with_indices_backward(
            direct, maps, WINDOW, WINDOW, NO_PADDING, NO_DILATION, False, places
        )
        count = maps.numel() / maps.shape[1]
        share = weight * torch.rsqrt(variance + ctx.eps) / -count
        by_statistics = F.batch_norm(
            maps, mean, variance, share * d_weight, share * d_bias, training=False, eps=ctx.eps
        )
        return direct.add_(by_statistics), d_weight, d_bias, None, None
