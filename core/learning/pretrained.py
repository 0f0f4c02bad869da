"""ImageNet weights for ResNet18: found in a file or downloaded, checked, and put into the model."""

import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.errors import WeightsError
from core.files import require_regular
from core.learning.checkpoints import UNREADABLE
from core.learning.pretrained_file import FILE_NAME, MOST_BYTES, PretrainedReport, cached_weights, check_cached

REPLACEABLE_LAYERS = ("layer4", "fc")
_TRUNK = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
CONNECTION_SECONDS = 10.0
WAYS_OUT = (
    "Name a file with a torchvision ResNet18 state dict (weights_file=..., or the setting "
    "LOOKBOOK_RESNET18_WEIGHTS), or launch again with network access; with pretrained=false the model is trained "
    "from scratch."
)

_STATE_KEYS = ("state_dict", "model_state_dict", "model")
_PREFIXES = {"module", "_orig_mod", "model", "backbone"}

State = dict[str, Tensor]


def load_trunk(model: nn.Module, config: RunConfig, weights_cache: Path | None = None) -> PretrainedReport:
    """Fill the model with ImageNet weights from `config.weights_file`, else from torch's cache, else downloaded.

    fc always starts afresh, having other classes; layer4 does where the file has none and it is trained.
    Raises WeightsError if there are no weights to be had, or they are damaged or of another model.
    """
    if config.weights_file:
        path = require_regular(Path(config.weights_file), MOST_BYTES, error=WeightsError, advice=WAYS_OUT)
    else:
        path = _downloaded(weights_cache)
    state = _read(path)
    wanted = {key: value for key, value in model.state_dict().items() if _layer(key) in _TRUNK}
    _check(state, wanted, path, config.unfrozen_layers)
    usable = {key: value for key, value in state.items() if key in wanted}
    model.load_state_dict(usable, strict=False)
    filled, there = {_layer(key) for key in usable}, dict(model.named_children())
    afresh = tuple(layer for layer in REPLACEABLE_LAYERS if layer in there and layer not in filled)
    source = str(path) if config.weights_file else f"torchvision {FILE_NAME}"
    return PretrainedReport.of_file(path, source, afresh)


def _downloaded(weights_cache: Path | None) -> Path:
    folder = weights_cache or Path(torch.hub.get_dir()) / "checkpoints"
    cached = cached_weights(folder)
    if cached is None:
        _download(folder)
        return folder / FILE_NAME
    check_cached(cached)
    return cached


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
    """The state dict in a file, without what saving wraps around it; raise WeightsError."""
    _refuse_bomb(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read: {error.strerror}.", WAYS_OUT) from error
    except (*UNREADABLE, MemoryError, OverflowError) as error:
        what = "is damaged or does not hold PyTorch weights; of a whole model, save its state_dict()"
        raise WeightsError(f"The weights file {path} {what}.", WAYS_OUT) from error
    state = _unwrapped(content)
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"The weights file {path} holds no state dict (names with tensors).", WAYS_OUT)
    if unnamed := [key for key in state if not isinstance(key, str)]:
        raise WeightsError(f"{path} does not fit ResNet18: it has {unnamed[0]!r} instead of a name.", WAYS_OUT)
    return _without_prefix(state)


def _refuse_bomb(path: Path) -> None:
    """Raise WeightsError for an archive that would unpack to more than a file of weights has."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        # Not every file of weights is an archive, and torch says what is wrong with the others.
        return
    if size > MOST_BYTES:
        reason = f"it unpacks to {size / 1e6:,.0f} MB; the limit is {MOST_BYTES / 1e6:,.0f} MB"
        raise WeightsError(f"The weights file {path} cannot be read: {reason}.", WAYS_OUT)


def _unwrapped(content: Any) -> Any:
    """The state dict of a training checkpoint, where it has exactly one; else the content as it is."""
    if not isinstance(content, dict):
        return content
    states = [content[key] for key in _STATE_KEYS if isinstance(content.get(key), dict)]
    return states[0] if len(states) == 1 else content


def _without_prefix(state: State) -> State:
    """The names as torchvision has them: DataParallel, torch.compile and Lightning put a word before each."""
    while (first := {_layer(key) for key in state}) and len(first) == 1 and first <= _PREFIXES:
        state = {key.partition(".")[2]: value for key, value in state.items()}
    return state


def _check(state: State, wanted: State, path: Path, trained_layers: tuple[str, ...]) -> None:
    """Raise WeightsError unless every weight is there with its shape, but for layers that may start afresh."""
    here = {_layer(key) for key in state}
    allowed = {layer for layer in REPLACEABLE_LAYERS if layer in trained_layers and layer not in here}
    # Files saved by early versions of PyTorch lack the counters; nothing is computed from them.
    missing = [
        key
        for key in wanted
        if key not in state and _layer(key) not in allowed and not key.endswith("num_batches_tracked")
    ]
    passed_over = {"fc", *_TRUNK} - {_layer(key) for key in wanted}
    unknown = [key for key in state if key not in wanted and _layer(key) not in passed_over]
    misshapen = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
    for problem, keys in (("lacks", missing), ("has the unknown", unknown), ("has another shape for", misshapen)):
        if keys:
            raise WeightsError(f"{path} does not fit ResNet18: it {problem} {_listed(keys)}.", WAYS_OUT)
    for key in wanted:
        if key in state and (trouble := _trouble_with(state[key], wanted[key])):
            raise WeightsError(f"{path} cannot be used: it has {trouble} in {key}.", WAYS_OUT)


def _trouble_with(value: Tensor, wanted: Tensor) -> str:
    """What keeps a tensor of the right shape from being such weights; empty if nothing does."""
    if value.is_quantized:
        return "quantised values"
    if value.layout is not torch.strided or value.is_meta:
        return "a tensor that is sparse, nested or without values"
    if value.is_complex() or value.dtype is torch.bool:
        return f"values of the type {value.dtype} instead of real numbers"
    if value.is_floating_point() != wanted.is_floating_point():
        return f"values of the type {value.dtype} instead of {wanted.dtype}"
    # Numbers of other precisions are taken over as these; what is too large for them becomes infinite.
    finite = torch.isfinite(value.to(wanted.dtype)).all()
    return "" if finite else "values that are not numbers"


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + more


def _layer(key: str) -> str:
    return key.split(".")[0]
