"""A trained model to take along: its weights as safetensors, and the whole classifier as ONNX, images to probabilities.

The ONNX file includes the preprocessing, so that nobody has to repeat it: uint8 images as the data set has them go
in. It is kept only if it says the same as PyTorch.
"""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from core import architectures
from core.config import validated, with_changes
from core.data.data_facts import DataFacts, fashion_mnist_facts
from core.data.preprocessing import PREPROCESSING_VERSION, images_of, normalise, planes
from core.errors import CheckpointError, ConfigurationError, LookbookError
from core.files import written_aside
from core.learning.checkpoints import LoadedModel
from core.learning.evaluation import answer, log_probabilities
from core.machine.onnx_runtime import onnxruntime

TOLERANCE = 1e-5
"""How far ONNX Runtime may be from PyTorch in a probability; in its logarithm as much and that share of it."""

INPUT, LOGITS, PROBABILITIES = "images", "logits", "probabilities"


class ExportError(LookbookError):
    """The model cannot be written in that format, or the file does not say what the model says."""


@dataclass(frozen=True)
class Agreement:
    """How far the ONNX file is from PyTorch at most, in a probability, on so many images."""

    images: int
    largest_difference: float


class Classifier(nn.Module):
    """All from images uint8 (n, side, side), or (n, side, side, 3), to logits and probabilities (n, classes)."""

    def __init__(self, loaded: LoadedModel) -> None:
        super().__init__()
        self.config = loaded.config
        self.resize = WholeNumberResize(loaded.data.side, loaded.config.input_size)
        # A copy, because a model keeps what it computes while it is traced, and those are no real tensors.
        self.model = copy.deepcopy(loaded.model)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and probabilities, each (n, classes), with the run's test-time flips."""
        logits = answer(self.model, normalise(self.resize(images), self.config), self.config)
        return logits, logits.softmax(dim=1)


class WholeNumberResize(nn.Module):
    """`core.data.preprocessing.resize` as two matrix products, because ONNX has no operation that rounds as it does.

    Pillow and PyTorch resize uint8 images with weights that are whole multiples of 2^-bits, as many bits as fit into
    16 with the sign, along the rows first, and round to whole grey levels after each direction. Sums that stay below
    2^24 are exact in float32; images that become very much smaller need more, and float64.
    """

    weights: Tensor

    def __init__(self, side: int, size: int) -> None:
        super().__init__()
        self.is_needed = side != size
        shares = _bilinear_shares(side, size)
        self.scale = 2 ** next(bits for bits in range(22) if int(0.5 + shares.max() * 2 ** (bits + 1)) >= 2**15)
        kind = np.float32 if self.scale <= 2**15 else np.float64
        self.register_buffer("weights", torch.from_numpy(np.floor(shares * self.scale + 0.5).astype(kind)))

    def forward(self, images: Tensor) -> Tensor:
        """uint8 images (n, side, side) or (n, side, side, 3) at size x size in whole levels, float32."""
        if not self.is_needed:
            return images.to(torch.float32)
        levels = planes(images).to(self.weights.dtype)
        resized = self._rounded(self.weights @ self._rounded(levels @ self.weights.T))
        return images_of(resized.to(torch.float32), images)

    def _rounded(self, sums: Tensor) -> Tensor:
        return ((sums + self.scale / 2) / self.scale).floor()


def write_weights(path: Path, loaded: LoadedModel) -> None:
    """Store a model's weights as safetensors, with its config, classes and preprocessing version as metadata."""
    weights = {name: tensor.contiguous().cpu() for name, tensor in loaded.model.state_dict().items()}
    path.write_bytes(save(weights, metadata={"format": "pt", **_metadata(loaded)}))


def read_weights(path: Path | str, device: str | torch.device = "cpu") -> LoadedModel:
    """The model stored by `write_weights`, ready to predict; raise CheckpointError if that is not possible."""
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            metadata: dict[str, str] = file.metadata() or {}
        weights = load_file(path, device=str(device))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as safetensors: {error}.") from error
    if metadata.get("preprocessing_version") != str(PREPROCESSING_VERSION):
        raise CheckpointError(
            f"{path} does not hold a model of this version.", "Export the run again with this version."
        )
    try:
        config = validated(json.loads(metadata["config"]))
        facts = metadata.get("data")
        data = DataFacts.model_validate_json(facts) if facts else fashion_mnist_facts(config)
        model = architectures.build(config, len(data.classes), colour=data.colour)
        model.load_state_dict(weights)
    except (ConfigurationError, ValidationError, RuntimeError) as error:
        raise CheckpointError(f"{path} holds a model that this version does not support: {error}") from error
    return LoadedModel(model.to(device).eval(), config, PREPROCESSING_VERSION, {}, data)


def write_onnx(path: Path, loaded: LoadedModel, images: np.ndarray) -> Agreement:
    """Store the classifier as ONNX and hold it against PyTorch on at least two real images, uint8.

    Raise ExportError, and leave no file, if it cannot be written or if it differs by more than TOLERANCE.
    """
    with written_aside(path) as aside:
        _export(aside, loaded, images)
        difference = _difference(aside, loaded, images)
    return Agreement(len(images), difference)


def _bilinear_shares(side: int, size: int) -> np.ndarray:
    """How much each of the `side` pixels of a line adds to each of `size` pixels, (size, side)."""
    centres = (np.arange(size) + 0.5) * side / size
    if size < side:
        # Antialiased: a triangle as wide as two of the new pixels.
        distances = np.abs(np.arange(side) + 0.5 - centres[:, None]) * size / side
        triangles = np.maximum(1 - distances, 0.0)
        return np.asarray(triangles / triangles.sum(axis=1, keepdims=True))
    centres = np.maximum(centres - 0.5, 0.0)
    left = centres.astype(np.int64)
    shares = np.zeros((size, side))
    np.add.at(shares, (np.arange(size), left), 1 - (centres - left))
    np.add.at(shares, (np.arange(size), np.minimum(left + 1, side - 1)), centres - left)
    return shares


def _metadata(loaded: LoadedModel) -> dict[str, str]:
    # Where the pretrained weights lay on the machine that trained is nobody else's concern.
    config = with_changes(loaded.config, weights_file=None)
    return {
        "config": config.model_dump_json(),
        "classes": json.dumps(loaded.data.classes, ensure_ascii=False),
        "data": loaded.data.model_dump_json(),
        "preprocessing_version": str(loaded.preprocessing_version),
    }


def _export(path: Path, loaded: LoadedModel, images: np.ndarray) -> None:
    example = torch.from_numpy(np.array(images[:2]))
    try:
        program = torch.onnx.export(
            Classifier(loaded).eval(),
            (example,),
            input_names=[INPUT],
            output_names=[LOGITS, PROBABILITIES],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportError(f"The model {loaded.config.model} cannot be exported to ONNX: {reason}") from error
    assert program is not None
    proto = program.model_proto
    _forget_origin(proto)
    onnx.helper.set_model_props(proto, _metadata(loaded))
    onnx.save(proto, path)


def _forget_origin(message: Any) -> None:
    """Take out of a protobuf message, at any depth, where things come from: the exporter names local paths."""
    for field, value in message.ListFields():
        if field.name in ("doc_string", "metadata_props"):
            message.ClearField(field.name)
        elif field.message_type:
            for part in [value] if hasattr(value, "ListFields") else value:
                _forget_origin(part)


def _difference(path: Path, loaded: LoadedModel, images: np.ndarray) -> float:
    """The largest difference of a probability; raise ExportError if it, or that of a logarithm, is too large."""
    onnx.checker.check_model(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    # One image and many, because the number of images is free.
    answers = [_ask(session, images[:1]), _ask(session, images[1:])]
    logarithms, probabilities = map(np.concatenate, zip(*answers, strict=True))
    # In the precision of the file, whatever the run was trained in.
    expected = log_probabilities(loaded.model, images, with_changes(loaded.config, precision="float32"))
    difference = float(np.abs(probabilities - np.exp(expected)).max())
    if difference > TOLERANCE or not np.allclose(logarithms, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise ExportError(
            f"The ONNX model and the PyTorch model disagree: a probability differs by {difference:.1e}.",
            f"At most {TOLERANCE:g} is allowed, so no ONNX file is kept.",
        )
    return difference


def _ask(session: onnxruntime.InferenceSession, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logarithms of the probabilities, from the logits, and the probabilities, each (n, classes)."""
    logits, probabilities = session.run([LOGITS, PROBABILITIES], {INPUT: np.ascontiguousarray(images)})
    return torch.from_numpy(logits).log_softmax(dim=1).numpy(), probabilities
