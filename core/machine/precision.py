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
from core.machine.cores import has_bfloat16


def precision_on(config: RunConfig, device: torch.device) -> Precision:
    """float32 or bfloat16: what `config.precision` means on this device."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if _computes_it(device) else "float32"


def _computes_it(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and has_bfloat16()


def arithmetic(config: RunConfig, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a model is to be called, so that it computes in its precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision_on(config, device) == "bfloat16")


def precision_of(weight: Tensor) -> torch.dtype:
    """The numbers that a convolution with this weight computes with, here and now."""
    kind = weight.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype


def logits(last: nn.Linear, features: Tensor) -> Tensor:
    """The last layer of a model (n, d) to (n, classes), in float32 also where all before it is in bfloat16.

    Logits of 8 significant bits would often be equal.
    """
    if not torch.is_autocast_enabled(features.device.type):
        return cast(Tensor, last(features))
    with torch.autocast(features.device.type, enabled=False):
        return cast(Tensor, last(features.float()))
