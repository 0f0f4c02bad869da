"""Transfer learning: the frozen layers see each image once, and one linear layer learns."""

from pathlib import Path

import pytest
import torch
from torchvision.models import resnet18

from core import architectures
from core.config import RunConfig, validated
from core.errors import ConfigurationError
from core.learning import batches
from core.learning.batches import Batches
from core.learning.learner import Learner
from core.learning.pretrained import load_trunk
from core.learning.training import Training
from core.models.transfer import FEATURES
from core.presets import config_of
from tests.core.test_any_data import data_of


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A torchvision ResNet18 state dict that nobody has trained."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(resnet18().state_dict(), path)
    return str(path)


def config(weights: str, **changes: object) -> RunConfig:
    brief = {"input_size": 48, "epochs": 3, "batch_size": 16, "threads": 1, "precision": "float32"}
    return config_of("transfer", weights_file=weights, **(brief | changes))


def test_the_trunk_is_filled_from_a_whole_file_and_only_the_linear_layer_learns(weights: str) -> None:
    chosen = config(weights)
    model = architectures.build(chosen, 3, colour=True)
    report = load_trunk(model, chosen)
    assert report.initialised_afresh == ("fc",)
    state = torch.load(weights, weights_only=True)
    assert torch.equal(model.get_parameter("layer3.1.conv2.weight"), state["layer3.1.conv2.weight"])
    assert not hasattr(model, "layer4")
    assert [name for name, given in model.named_parameters() if given.requires_grad] == ["fc.weight", "fc.bias"]
    assert model.get_parameter("fc.weight").shape == (3, FEATURES)


@pytest.mark.parametrize(("augmentation", "views"), [("none", 1), ("flip", 2)])
def test_frozen_layers_see_each_view_once_and_a_run_learns(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, augmentation: str, views: int
) -> None:
    seen = []
    whole = Learner.pass_frozen_front

    def counted(learner: Learner, inputs: torch.Tensor) -> torch.Tensor:
        seen.append(len(inputs))
        return whole(learner, inputs)

    monkeypatch.setattr(Learner, "pass_frozen_front", counted)
    data = data_of(3, 20, 48, colour=True)
    training = Training(config(weights, augmentation=augmentation), data, tmp_path)
    list(training.events())
    # One image more, by which it is known how much there would be to keep.
    assert sum(seen) == views * (1 + len(data.train_labels) - len(training.validation[1]))
    assert training.epochs[-1].val_accuracy > 0.9


@pytest.mark.parametrize("augmentation", ["none", "flip"])
def test_what_is_kept_of_the_frozen_layers_is_what_they_make_of_each_batch(
    weights: str, monkeypatch: pytest.MonkeyPatch, augmentation: str
) -> None:
    chosen, data = config(weights, augmentation=augmentation), data_of(3, 20, 48, colour=True)
    model = architectures.build(chosen, 3, colour=True)
    load_trunk(model, chosen)
    learner, cpu = Learner(model, chosen, torch.device("cpu")), torch.device("cpu")
    learner.begin_epoch()
    kept = list(Batches(chosen, data, cpu).prepared(learner, 2, 1))
    monkeypatch.setattr(batches, "MOST_FRONT_BYTES", 0)
    made = list(Batches(chosen, data, cpu).prepared(learner, 2, 1))
    assert len(kept) == len(made) == Batches(chosen, data, cpu).per_epoch - 1
    for (left, labels), (right, same) in zip(kept, made, strict=True):
        assert torch.equal(labels, same)
        torch.testing.assert_close(left, right)


def test_a_run_that_is_taken_up_again_ends_bit_for_bit_as_one_left_in_peace(weights: str, tmp_path: Path) -> None:
    data = data_of(3, 20, 48, colour=True)
    peaceful = Training(config(weights), data, tmp_path / "peaceful")
    list(peaceful.events())
    first = Training(config(weights), data, tmp_path / "disturbed")
    events = first.events()
    for _ in range(5):
        next(events)
    first.save_checkpoint()
    second = Training(config(weights), data, tmp_path / "disturbed")
    list(second.events())
    for name, tensor in peaceful.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name]), name


def test_without_pretrained_weights_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="learns from pretrained weights alone"):
        validated({"model": "transfer"})
