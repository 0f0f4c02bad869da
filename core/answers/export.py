"""A trained model to take along: its weights as safetensors, and the whole classifier as ONNX, images to probabilities.

The ONNX file includes the preprocessing, so that nobody has to repeat it: grey uint8 images (n, 28, 28), bright on
black, go in. It is kept only if it says the same as PyTorch.
"""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from core import architectures
from core.classes import CLASS_NAMES
from core.config import IMAGE_SIDE, validated, with_changes
from core.data.preprocessing import PREPROCESSING_VERSION, normalise
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
    """All from grey uint8 images (n, 28, 28) to logits and probabilities (n, 10), with the run's test-time flips."""

    def __init__(self, loaded: LoadedModel) -> None:
        super().__init__()
        self.config = loaded.config
        self.resize = WholeNumberResize(loaded.config.input_size)
        # A copy, because a model keeps what it computes while it is traced, and those are no real tensors.
        self.model = copy.deepcopy(loaded.model)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and probabilities, each (n, 10)."""
        logits = answer(self.model, normalise(self.resize(images), self.config), self.config)
        return logits, logits.softmax(dim=1)


class WholeNumberResize(nn.Module):
    """`core.data.preprocessing.resize` as two matrix products, because ONNX has no operation that rounds as it does.

    Pillow and PyTorch resize uint8 images with weights that are whole multiples of 2^-bits, as many bits as fit into
    16 with the sign, along the rows first, and round to whole grey levels after each direction. All sums stay below
    2^24, so that float32 holds them exactly.
    """

    weights: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        shares = _bilinear_shares(size)
        self.scale = 2 ** (14 if int(0.5 + shares.max() * 2**15) >= 2**15 else 15)
        self.register_buffer("weights", torch.from_numpy(np.floor(shares * self.scale + 0.5).astype(np.float32)))

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (n, 28, 28) to whole grey levels, float32 (n, size, size)."""
        levels = images.to(torch.float32)
        if self.size == IMAGE_SIDE:
            return levels
        return self._rounded(self.weights @ self._rounded(levels @ self.weights.T))

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
        model = architectures.build(config)
        model.load_state_dict(weights)
    except (ConfigurationError, RuntimeError) as error:
        raise CheckpointError(f"{path} holds a model that this version does not support: {error}") from error
    return LoadedModel(model.to(device).eval(), config, PREPROCESSING_VERSION, {})


def write_onnx(path: Path, loaded: LoadedModel, images: np.ndarray) -> Agreement:
    """Store the classifier as ONNX and hold it against PyTorch on real images, uint8 (n, 28, 28), at least two.

    Raise ExportError, and leave no file, if it cannot be written or if it differs by more than TOLERANCE.
    """
    with written_aside(path) as aside:
        _export(aside, loaded, images)
        difference = _difference(aside, loaded, images)
    return Agreement(len(images), difference)


def _bilinear_shares(size: int) -> np.ndarray:
    """How much each of the 28 pixels of a line adds to each of `size` pixels, (size, 28); for enlarging only."""
    centres = np.maximum((np.arange(size) + 0.5) * IMAGE_SIDE / size - 0.5, 0.0)
    left = centres.astype(np.int64)
    shares = np.zeros((size, IMAGE_SIDE))
    np.add.at(shares, (np.arange(size), left), 1 - (centres - left))
    np.add.at(shares, (np.arange(size), np.minimum(left + 1, IMAGE_SIDE - 1)), centres - left)
    return shares


def _metadata(loaded: LoadedModel) -> dict[str, str]:
    # Where the pretrained weights lay on the machine that trained is nobody else's concern.
    config = with_changes(loaded.config, weights_file=None)
    return {
        "config": config.model_dump_json(),
        "classes": json.dumps(CLASS_NAMES),
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
    """The logarithms of the probabilities, from the logits, and the probabilities, each (n, 10)."""
    logits, probabilities = session.run([LOGITS, PROBABILITIES], {INPUT: np.ascontiguousarray(images)})
    return torch.from_numpy(logits).log_softmax(dim=1).numpy(), probabilities
