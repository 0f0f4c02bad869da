"""Transfer learning: the frozen layers see each image once, and one linear layer learns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import architectures
from core.config import RunConfig, validated
from core.data import kept_fronts
from core.data.preprocessing import resize
from core.errors import ConfigurationError
from core.learning.batches import Batches
from core.learning.evaluation import measure
from core.learning.learner import Learner
from core.learning.pretrained import load_trunk
from core.learning.training import Training
from core.models.transfer import FEATURES
from core.presets import config_of
from tests.core.test_any_data import data_of

pytestmark = pytest.mark.slow


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images have passed the frozen layers, each time that some do."""
    counts: list[int] = []
    whole = Learner.pass_frozen_front

    def counted(learner: Learner, inputs: torch.Tensor) -> torch.Tensor:
        counts.append(len(inputs))
        return whole(learner, inputs)

    monkeypatch.setattr(Learner, "pass_frozen_front", counted)
    return counts


def config(weights: str, preset: str = "transfer", **changes: object) -> RunConfig:
    brief = {"input_size": 48, "epochs": 3, "batch_size": 16, "threads": 1, "precision": "float32"}
    return config_of(preset, weights_file=weights, **(brief | changes))


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
    weights: str, tmp_path: Path, seen: list[int], augmentation: str, views: int
) -> None:
    data = data_of(3, 20, 48, colour=True)
    training = Training(config(weights, augmentation=augmentation, test_time_flips=False), data, tmp_path)
    list(training.events())
    # One image more, by which it is known how much there would be to keep.
    assert sum(seen) == views * (1 + len(data.train_labels))
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
    monkeypatch.setattr(kept_fronts, "MOST_OF_A_RUN", 0)
    made = list(Batches(chosen, data, cpu).prepared(learner, 2, 1))
    assert len(kept) == len(made) == Batches(chosen, data, cpu).per_epoch - 1
    for (left, labels), (right, same) in zip(kept, made, strict=True):
        assert torch.equal(labels, same)
        torch.testing.assert_close(left, right)


def test_images_are_seen_at_the_size_of_the_model_however_many_there_are(weights: str) -> None:
    chosen, data = config(weights, input_size=64), data_of(3, 20, 48, colour=True)
    model = architectures.build(chosen, 3, colour=True)
    load_trunk(model, chosen)
    learner = Learner(model, chosen, torch.device("cpu"))
    learner.begin_epoch()
    images = torch.from_numpy(np.asarray(data.train_images[:4]))
    torch.testing.assert_close(learner.constant_fronts(images), learner.constant_fronts(resize(images, 64)))


def test_validation_by_what_is_kept_is_validation_by_the_images(weights: str, tmp_path: Path) -> None:
    training = Training(config(weights), data_of(3, 20, 48, colour=True), tmp_path)
    list(training.events())
    reached = measure(training.model, *training.validation, config(weights))
    assert training.epochs[-1].val_loss == pytest.approx(reached.loss, rel=1e-5)
    assert training.epochs[-1].val_accuracy == reached.accuracy


def test_runs_on_a_stored_set_share_what_frozen_layers_make_of_it(
    weights: str, tmp_path: Path, seen: list[int]
) -> None:
    (tmp_path / "set").mkdir()
    data = replace(data_of(3, 8, 48, colour=True), folder=tmp_path / "set")

    def run(name: str, **changes: Any) -> Training:
        training = Training(config(weights, epochs=1, **changes), data, tmp_path / name)
        list(training.events())
        return training

    first, once = run("first"), sum(seen)
    again = run("again")
    assert sum(seen) == once + 2, "the second run asks for the views of one image alone"
    for name, tensor in first.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name]), name
    run("other-fold", folds=3, fold=2)
    assert sum(seen) == once + 4
    (kept,) = data.folder.iterdir()
    intact = kept.read_bytes()
    for number, damaged in enumerate((intact[:1000], intact[:1000] + bytes([intact[1000] ^ 1]) + intact[1001:])):
        kept.write_bytes(damaged)
        run(f"damaged-{number}")
        assert sum(seen) == (2 + number) * once + 4
        assert kept.read_bytes() == intact
    run("other-size", input_size=32)
    assert len(list(data.folder.iterdir())) == 2


@pytest.mark.parametrize("preset", ["transfer", pytest.param("fine-tune", marks=pytest.mark.slow)])
def test_a_run_that_is_taken_up_again_ends_bit_for_bit_as_one_left_in_peace(
    weights: str, tmp_path: Path, preset: str
) -> None:
    chosen, data = config(weights, preset, input_size=32, epochs=2), data_of(3, 20, 32, colour=True)
    peaceful = Training(chosen, data, tmp_path / "peaceful")
    list(peaceful.events())
    first = Training(chosen, data, tmp_path / "disturbed")
    events = first.events()
    for _ in range(5):
        next(events)
    first.save_checkpoint()
    torch.manual_seed(99)
    second = Training(chosen, data, tmp_path / "disturbed")
    list(second.events())
    for name, tensor in peaceful.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name]), name


def test_fine_tuning_moves_every_layer_and_leaves_the_statistics_up_to_layer3_alone(
    weights: str, tmp_path: Path
) -> None:
    training = Training(
        config(weights, "fine-tune", input_size=32, epochs=1), data_of(3, 20, 32, colour=True), tmp_path
    )
    list(training.events())
    before, after = torch.load(weights, weights_only=True), training.model.state_dict()
    moved = {name for name, tensor in after.items() if name in before and not torch.equal(tensor, before[name])}
    kept = {name for name in after if name.endswith(("_mean", "_var", "_tracked")) and not name.startswith("layer4")}
    unused = {name for name in after if name in before and not name.startswith("fc")} - moved
    assert unused == kept


def test_without_pretrained_weights_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="learns from pretrained weights alone"):
        validated({"model": "transfer"})
