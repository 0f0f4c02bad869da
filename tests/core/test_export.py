"""Models to take along say what they said here."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torchvision.models import resnet18

import core
from core import architectures
from core.answers import export
from core.answers.export import ExportError, WholeNumberResize, read_weights, write_onnx, write_weights
from core.config import RunConfig
from core.data.data_facts import fashion_mnist_facts
from core.data.preprocessing import PREPROCESSING_VERSION, normalise, resize
from core.errors import CheckpointError
from core.learning.checkpoints import LoadedModel
from core.learning.evaluation import log_probabilities
from core.machine.onnx_runtime import onnxruntime

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
RESNET = RunConfig(
    model="resnet18", input_size=32, normalisation="imagenet", weights_file="/somewhere/w.pth", pretrained=True
)


def untrained(config: RunConfig) -> LoadedModel:
    """A model with random weights, and batch norms whose statistics are not those they start from."""
    torch.manual_seed(0)
    model = architectures.build(config)
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)
    return LoadedModel(model.eval(), config, PREPROCESSING_VERSION, {}, fashion_mnist_facts(config))


@pytest.mark.parametrize("size", [28, 29, 32, 64, 224])
def test_the_resizing_in_the_file_is_that_of_the_training_pixel_for_pixel(size: int) -> None:
    images = torch.from_numpy(IMAGES)
    assert torch.equal(WholeNumberResize(28, size)(images), resize(images, size).float())


@pytest.mark.parametrize(("side", "size"), [(96, 28), (40, 39), (64, 16), (256, 8), (32, 64)])
def test_images_of_other_sizes_and_in_colour_are_resized_in_the_file_as_in_the_training(side: int, size: int) -> None:
    images = torch.from_numpy(np.random.default_rng(side).integers(0, 256, (3, side, side, 3), dtype=np.uint8))
    resizing = WholeNumberResize(side, size)
    assert torch.equal(resizing(images), resize(images, size).float())
    assert torch.equal(resizing(images[..., 0]), resize(images[..., 0], size).float())


@pytest.mark.parametrize("config", [RunConfig(), RESNET], ids=["cnn", "resnet18"])
def test_weights_that_are_read_back_say_the_same_bit_for_bit(config: RunConfig, tmp_path: Path) -> None:
    written = untrained(config)
    write_weights(tmp_path / "model.safetensors", written)
    read = read_weights(tmp_path / "model.safetensors")
    assert np.array_equal(
        log_probabilities(read.model, IMAGES, read.config), log_probabilities(written.model, IMAGES, config)
    )


def test_the_weights_do_not_tell_where_files_lay_on_the_machine(tmp_path: Path) -> None:
    write_weights(tmp_path / "model.safetensors", untrained(RESNET))
    assert b"somewhere" not in (tmp_path / "model.safetensors").read_bytes()


def test_torchvision_reads_the_weights_of_a_resnet18_and_says_the_same(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    written = untrained(RESNET)
    write_weights(tmp_path / "model.safetensors", written)
    torchvisions = resnet18(num_classes=10).eval()
    torchvisions.load_state_dict(load_file(tmp_path / "model.safetensors"))
    inputs = normalise(resize(torch.from_numpy(IMAGES), 32), RESNET)
    with torch.no_grad():
        assert torch.allclose(torchvisions(inputs), written.model(inputs), atol=1e-4, rtol=1e-4)


def test_a_damaged_or_foreign_weights_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)
    path.write_bytes(b"not weights at all")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)


def assert_tells_nothing_of_this_machine(path: Path) -> None:
    content = path.read_bytes()
    for place in (Path(core.__file__).parent.parent, Path(torch.__file__).parent, Path.home()):
        assert str(place).encode() not in content
    assert {prop.key for prop in onnx.load(path).metadata_props} == {
        "config",
        "classes",
        "data",
        "preprocessing_version",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "config", [RunConfig(), RunConfig(test_time_flips=True), RESNET], ids=["cnn", "cnn with flips", "resnet18"]
)
def test_the_onnx_file_gives_the_probabilities_of_pytorch_for_any_number_of_images(
    config: RunConfig, tmp_path: Path
) -> None:
    written = untrained(config)
    agreement = write_onnx(tmp_path / "model.onnx", written, IMAGES)
    assert (agreement.images, agreement.largest_difference < 1e-5) == (12, True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for count in (1, 5, 12):
        (probabilities,) = session.run(["probabilities"], {"images": IMAGES[:count]})
        expected = np.exp(log_probabilities(written.model, IMAGES[:count], config))
        assert np.abs(probabilities - expected).max() < 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert_tells_nothing_of_this_machine(tmp_path / "model.onnx")


@pytest.mark.slow
def test_an_onnx_file_that_says_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "log_probabilities", lambda *_: np.log(np.full((12, 10), 0.1, np.float32)))
    with pytest.raises(ExportError, match="no ONNX file is kept"):
        write_onnx(tmp_path / "model.onnx", untrained(RunConfig()), IMAGES)
    assert list(tmp_path.iterdir()) == []
