"""The numbers that a model computes with: float32, or bfloat16 where the hardware has instructions for it.

In bfloat16 convolutions and matrix products take and give numbers of 8 significant bits and add them up in float32
(mixed precision, Micikevicius and others 2018; Kalamkar and others 2019). Weights, optimizer, loss and the last layer
of the models here stay in float32, and the model's function is the same; what it computes is rounded more coarsely.
"""

from contextlib import AbstractContextManager
from typing import cast

import torch
from torch import Tensor, nn

from core.config import Precision, RunConfig


def precision_on(config: RunConfig, device: torch.device) -> Precision:
    """float32 or bfloat16: what `config.precision` means on this device."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if has_bfloat16(device) else "float32"


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16. A CPU without them emulates it, hundreds of times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    # The public name for it, torch.cpu.get_capabilities, is younger than the oldest torch that is supported.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def arithmetic(config: RunConfig, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a model is to be called, so that it computes in its precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision_on(config, device) == "bfloat16")


def logits(last: nn.Linear, features: Tensor) -> Tensor:
    """The last layer of a model (n, d) to (n, classes), in float32 also where all before it is in bfloat16.

    Logits of 8 significant bits would often be equal.
    """
    if not torch.is_autocast_enabled(features.device.type):
        return cast(Tensor, last(features))
    with torch.autocast(features.device.type, enabled=False):
        return cast(Tensor, last(features.float()))
