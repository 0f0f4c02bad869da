"""The log of a run says on what it is trained and from what it starts."""

from pathlib import Path

import pytest
import torch
import torchvision

from core.learning.training import Training
from core.presets import config_of
from jobs.running.trainer import log_facts
from tests.core.small_data import small_data


def test_the_log_names_device_weights_and_the_layers_that_start_afresh(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "trunk.pth"
    state = torchvision.models.resnet18(weights=None).state_dict()
    torch.save({name: value for name, value in state.items() if not name.startswith(("layer4", "fc"))}, path)
    config = config_of("resnet18", weights_file=str(path), train_size=100, threads=1, epochs=1)
    caplog.set_level("INFO", "lookbook")
    log_facts(Training(config, small_data(200), tmp_path / "run"))
    assert "CPU" in caplog.text
    assert "1 thread," in caplog.text
    assert f"pretrained weights from {path}; layer4 and fc initialised afresh" in caplog.text


def test_the_log_of_a_model_trained_from_scratch_speaks_of_no_weights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of("cnn", train_size=100, threads=1, epochs=1)
    caplog.set_level("INFO", "lookbook")
    log_facts(Training(config, small_data(200), tmp_path / "run"))
    assert "parameters to train" in caplog.text
    assert "weights" not in caplog.text
