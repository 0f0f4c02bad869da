"""Where there is no other device than the CPU: torch's meta device, refusing what CUDA or MPS cannot compute."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from core.config import RunConfig
from core.data.preprocessing import interpolate_by_float, resize, to_input
from core.learning.augmentation import augment
from core.models.kernels.pooling import normalise_and_pool
from tests.core.small_data import small_data

IMAGES = torch.from_numpy(small_data(100).train_images)


class AnotherDevice(TorchDispatchMode):
    """Takes the meta device for one without float64 (MPS), interpolation of bytes (CUDA) and statistics (MPS)."""

    def __torch_dispatch__(
        self, func: Any, _types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves((args, result)):
            if isinstance(tensor, Tensor) and tensor.is_meta:
                assert tensor.dtype != torch.float64, f"{func} computes in float64"
                assert "upsample" not in str(func) or tensor.dtype != torch.uint8, f"{func} interpolates bytes"
                assert "update_stats" not in str(func)
        return result


@pytest.fixture
def elsewhere() -> Iterator[torch.device]:
    with AnotherDevice():
        yield torch.device("meta")


def test_bytes_are_not_interpolated_and_float64_is_not_computed_on_another_device(elsewhere: torch.device) -> None:
    images = IMAGES.to(elsewhere)
    for augmentation in ("none", "flip", "flip-rotate", "flip-rotate-jitter", "flip-shift-erase"):
        config = RunConfig(model="resnet18", input_size=32, augmentation=augmentation)
        changed = augment(images, config, torch.Generator().manual_seed(0))
        assert (changed.device, changed.dtype, changed.shape) == (elsewhere, torch.uint8, (100, 32, 32))
    assert to_input(images, RunConfig(input_size=32)).dtype == torch.float32


def test_the_cnn_is_trained_by_plain_operations_on_another_device(elsewhere: torch.device) -> None:
    norm = nn.BatchNorm2d(4, device=elsewhere)
    maps = torch.empty(2, 4, 6, 6, device=elsewhere, requires_grad=True)
    pooled = normalise_and_pool(maps, norm, 0.01)
    pooled.sum().backward()
    assert pooled.shape == (2, 4, 3, 3)
    assert maps.grad is not None


@pytest.mark.parametrize(("size", "most"), [(32, 0), (64, 0), (224, 0), (45, 2)])
def test_another_device_enlarges_as_the_cpu_does(size: int, most: int) -> None:
    difference = interpolate_by_float(IMAGES[:, None], size)[:, 0].int() - resize(IMAGES, size).int()
    assert difference.abs().max() <= most
