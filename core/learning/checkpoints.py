"""Checkpoint and model files: written so that a crash leaves the old or the new one, read only if undamaged.

A file is what torch.save writes, so that torch.load reads it, followed by 8 bytes that name format and version and
the SHA-256 of all that stands before.
"""

import hashlib
import io
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import nn

from core import architectures
from core.config import RunConfig, validated
from core.data.data_facts import DataFacts, fashion_mnist_facts
from core.data.preprocessing import PREPROCESSING_VERSION
from core.errors import CheckpointError, CheckpointUnreadable, ConfigurationError
from core.files import UNFINISHED, sync, written_aside
from core.models.staged import StagedModel

FORMAT = b"LOOKBK01"
TRAILER_BYTES = len(FORMAT) + hashlib.sha256().digest_size
UNREADABLE = (
    *(pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, AttributeError),
    *(struct.error, AssertionError, TypeError),
)
"""What torch.load raises for damaged files, found by loading thousands of them."""


@dataclass(frozen=True)
class LoadedModel:
    """A model as it was saved, in evaluation mode, with what is needed to use it."""

    model: StagedModel
    config: RunConfig
    preprocessing_version: int
    extra: dict[str, Any]
    data: DataFacts


def write(path: Path, state: dict[str, Any]) -> int:
    """Store `state` (tensors, numbers, strings, lists, dicts) at `path` at one stroke and durably; return its bytes."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getbuffer()
    trailer = FORMAT + hashlib.sha256(content).digest()
    with written_aside(path) as aside, aside.open("wb") as file:
        file.write(content)
        file.write(trailer)
    sync(path.parent)
    return len(content) + len(trailer)


def clear_unfinished(folder: Path) -> None:
    """Delete what a process that was killed while it wrote has left in a folder that nobody else writes to now."""
    for path in folder.glob(f".*{UNFINISHED}"):
        path.unlink(missing_ok=True)


def read(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """What was stored at `path`; raise CheckpointError if it is gone, cut short, changed or of another version.

    Raise CheckpointUnreadable, which is one, if it is there and may not be read, or the disk fails.
    """
    try:
        stored = path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(f"The checkpoint {path} cannot be read: {error.strerror}.") from error
    except OSError as error:
        raise CheckpointUnreadable(
            f"The checkpoint {path} cannot be read: {error.strerror}.",
            "Give this user read access to the file, or repair the disk, then resume the run.",
        ) from error
    content, trailer = stored[:-TRAILER_BYTES], stored[-TRAILER_BYTES:]
    if trailer != FORMAT + hashlib.sha256(content).digest():
        raise CheckpointError(f"The checkpoint {path} is damaged or of another version: its checksum does not match.")
    try:
        return torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except UNREADABLE as error:
        raise CheckpointError(f"The checkpoint {path} holds something that this version cannot read.") from error


def save_model(
    path: Path, model: nn.Module, config: RunConfig, extra: dict[str, Any] | None = None, data: DataFacts | None = None
) -> int:
    """Store a trained model with all that prediction needs; return the file's bytes.

    Without a word of the data it is a model of Fashion-MNIST.
    """
    state = {
        "config": config.model_dump(mode="json"),
        "preprocessing_version": PREPROCESSING_VERSION,
        "state": model.state_dict(),
        "extra": extra or {},
        "data": (data or fashion_mnist_facts(config)).model_dump(mode="json"),
    }
    return write(path, state)


def load_model(path: Path, device: str | torch.device = "cpu") -> LoadedModel:
    """The model stored by `save_model`, ready to predict; raise CheckpointError if that is not possible."""
    return model_of(read(path, device), str(path), device)


def model_of(stored: dict[str, Any], name: str, device: str | torch.device = "cpu") -> LoadedModel:
    """The model of what `read` returns, called so in errors; raise CheckpointError if that is not possible."""
    if "preprocessing_version" not in stored:
        raise CheckpointError(f"{name} is not a model file.", "Name the model file of a finished run.")
    if stored["preprocessing_version"] != PREPROCESSING_VERSION:
        raise CheckpointError(
            f"{name} was trained with another preprocessing (version {stored['preprocessing_version']}).",
            "Train the model again with this version.",
        )
    try:
        config = validated(stored["config"])
        # A file that is older than data sets says nothing of them.
        data = DataFacts.model_validate(stored["data"]) if "data" in stored else fashion_mnist_facts(config)
        model = architectures.build(config, len(data.classes), colour=data.colour)
        model.load_state_dict(stored["state"])
    except (ConfigurationError, ValidationError, RuntimeError) as error:
        raise CheckpointError(
            f"{name} holds a model that this version does not support: {error}",
            "Train the model again with this version.",
        ) from error
    model.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    return LoadedModel(model, config, stored["preprocessing_version"], stored["extra"], data)
