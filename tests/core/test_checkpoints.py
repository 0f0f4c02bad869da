"""A checkpoint file is read whole or not at all."""

from pathlib import Path

import pytest
import torch

from core.config import RunConfig
from core.data.data_facts import fashion_mnist_facts
from core.errors import CheckpointError
from core.learning.checkpoints import load_model, read, save_model, write
from core.models.cnn import CNN

WEIGHTS = {"a": torch.arange(1000.0)}
STATE = {"weights": WEIGHTS, "epochs": [{"loss": 0.25}], "none": None}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    assert write(path, STATE) == path.stat().st_size
    stored = read(path)
    assert torch.equal(stored["weights"]["a"], WEIGHTS["a"])
    assert stored["epochs"] == [{"loss": 0.25}]


def test_torch_reads_the_file_too(tmp_path: Path) -> None:
    write(tmp_path / "checkpoint.pt", STATE)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["epochs"] == [{"loss": 0.25}]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path, share: float) -> None:
    path = tmp_path / "checkpoint.pt"
    write(path, STATE)
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or of another version"):
        read(path)


@pytest.mark.parametrize("kept", [0, 1, 40, 2000, -1])
def test_a_file_cut_short_is_noticed(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "checkpoint.pt"
    write(path, STATE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="damaged"):
        read(path)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="gone.pt cannot be read: No such file"):
        read(tmp_path / "gone.pt")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write(path, STATE)
    with pytest.raises(AttributeError, match="lambda"):
        write(path, {"unstorable": lambda: None})
    assert read(path)["epochs"] == [{"loss": 0.25}]
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_of_another_preprocessing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path / "model.pt", CNN(28, 10, 1), RunConfig())
    monkeypatch.setattr("core.learning.checkpoints.PREPROCESSING_VERSION", 2)
    with pytest.raises(CheckpointError, match="trained with another preprocessing"):
        load_model(tmp_path / "model.pt")


def test_a_model_file_says_what_it_learnt_from_and_one_of_before_is_of_fashion_mnist(tmp_path: Path) -> None:
    path, config = tmp_path / "model.pt", RunConfig(input_size=12)
    facts = fashion_mnist_facts(config).model_copy(update={"classes": ("cat", "dog", "hen"), "colour": True})
    save_model(path, CNN(12, 3, 3), config, None, facts)
    assert load_model(path).data == facts
    assert load_model(path).model(torch.zeros(2, 3, 12, 12)).shape == (2, 3)
    save_model(path, CNN(12, 10, 1), config)
    stored = read(path)
    del stored["data"]
    write(path, stored)
    assert load_model(path).data == fashion_mnist_facts(config)


def test_a_checkpoint_is_no_model_file(tmp_path: Path) -> None:
    write(tmp_path / "checkpoint.pt", STATE)
    with pytest.raises(CheckpointError, match="is not a model file"):
        load_model(tmp_path / "checkpoint.pt")


def test_a_model_that_this_version_does_not_know_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "model.pt", CNN(28, 10, 1), RunConfig(model="resnet18", input_size=32))
    with pytest.raises(CheckpointError, match="does not support"):
        load_model(tmp_path / "model.pt")
