"""ImageNet weights for ResNet18: found in a file or downloaded, checked, and put into the model."""

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from core.checkpoints import UNREADABLE
from core.config import RunConfig
from core.errors import WeightsError
from core.weights import FILE_NAME, PretrainedReport, cached_weights, check_cached

REPLACEABLE_LAYERS = ("layer4", "fc")
CONNECTION_SECONDS = 10.0
WAYS_OUT = (
    "Name a file with a torchvision ResNet18 state dict (weights_file=..., or the setting LOOKBOOK_RESNET18_WEIGHTS), "
    "or launch again with a network; with pretrained=false the model is trained from scratch without these weights."
)

State = dict[str, Tensor]


def load_trunk(model: nn.Module, config: RunConfig, weights_cache: Path | None = None) -> PretrainedReport:
    """Fill the model with ImageNet weights from `config.weights_file`, else from torch's cache, else downloaded.

    fc always starts afresh, having ten classes; layer4 does where the file has none and it is trained.
    Raises WeightsError if there are no weights to be had, or they are damaged or of another model.
    """
    path = Path(config.weights_file) if config.weights_file else _downloaded(weights_cache)
    found = _read(path)
    wanted = {key: value for key, value in model.state_dict().items() if _layer(key) != "fc"}
    _check(found, wanted, path, config.unfrozen_layers)
    usable = {key: value for key, value in found.items() if key in wanted}
    model.load_state_dict(usable, strict=False)
    afresh = tuple(layer for layer in REPLACEABLE_LAYERS if not any(_layer(key) == layer for key in usable))
    source = str(path) if config.weights_file else f"torchvision {FILE_NAME}"
    return PretrainedReport(source, hashlib.sha256(path.read_bytes()).hexdigest(), afresh)


def _downloaded(weights_cache: Path | None) -> Path:
    folder = weights_cache or Path(torch.hub.get_dir()) / "checkpoints"
    found = cached_weights(folder)
    if found is None:
        _download(folder)
        return folder / FILE_NAME
    check_cached(found)
    return found


def _download(folder: Path) -> None:
    # torchvision takes seconds to import and is needed only here.
    from torchvision.models import ResNet18_Weights

    try:
        with _impatient_sockets():
            ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False, model_dir=str(folder), check_hash=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"ResNet18's ImageNet weights could not be downloaded to {folder}: {error}.", WAYS_OUT
        ) from error


@contextmanager
def _impatient_sockets() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(CONNECTION_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _read(path: Path) -> State:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read: {error.strerror}.", WAYS_OUT) from error
    except UNREADABLE as error:
        raise WeightsError(f"The weights file {path} is damaged or no file of PyTorch weights.", WAYS_OUT) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"The weights file {path} holds no state dict (names with tensors).", WAYS_OUT)
    return state


def _check(found: State, wanted: State, path: Path, trained_layers: tuple[str, ...]) -> None:
    """Raise WeightsError unless every weight is there with its shape, but for layers that may start afresh."""
    here = {_layer(key) for key in found}
    allowed = {layer for layer in REPLACEABLE_LAYERS if layer in trained_layers and layer not in here}
    # Files saved by early versions of PyTorch lack the counters; nothing is computed from them.
    missing = [
        key
        for key in wanted
        if key not in found and _layer(key) not in allowed and not key.endswith("num_batches_tracked")
    ]
    unknown = [key for key in found if key not in wanted and _layer(key) != "fc"]
    misshapen = [key for key in wanted if key in found and found[key].shape != wanted[key].shape]
    for problem, keys in (("lacks", missing), ("has the unknown", unknown), ("has another shape for", misshapen)):
        if keys:
            raise WeightsError(f"{path} does not fit ResNet18: it {problem} {_listed(keys)}.", WAYS_OUT)
    spoilt = [key for key, value in found.items() if not torch.isfinite(value).all()]
    if spoilt:
        raise WeightsError(f"{path} is damaged: it has values that are no numbers in {_listed(spoilt)}.", WAYS_OUT)


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + more


def _layer(key: str) -> str:
    return key.split(".")[0]
