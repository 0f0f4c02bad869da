import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core import architectures
from core.config import FREEZABLE_LAYERS
from core.learning.learner import Learner, generator_at, learning_rate
from core.presets import config_of
from tests.core.small_data import small_data

DATA = small_data()
IMAGES, LABELS = torch.from_numpy(DATA.train_images[:32].copy()), torch.from_numpy(DATA.train_labels[:32].copy())


def step(learner: Learner, seed: int) -> None:
    (prepared,) = learner.prepare([IMAGES], [generator_at(seed)])
    learner.step(prepared, LABELS)


def test_a_constant_rate_stays() -> None:
    config = config_of("cnn", learning_rate=0.01)
    assert {learning_rate(config, epoch, done) for epoch in (1, 7, 20) for done in (0.0, 0.5)} == {0.01}


def test_a_rate_in_steps_falls_after_each_block_of_epochs() -> None:
    config = config_of("cnn", learning_rate=1.0, schedule="step", step_epochs=5, step_factor=0.1)
    assert [learning_rate(config, epoch, 0.9) for epoch in (1, 5, 6, 10, 11)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_a_cosine_rate_rises_for_a_tenth_of_the_run_and_then_falls_to_nothing_as_torchs() -> None:
    config = config_of("cnn", learning_rate=0.4, schedule="cosine", epochs=20)
    steps = np.linspace(0, 20, 201)[:-1]
    rates = [learning_rate(config, int(step) + 1, step % 1) for step in steps]
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.4)
    oracle = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)
    expected = []
    for _ in steps:
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        oracle.step()
    assert rates[20:] == pytest.approx(expected[20:])
    assert rates[:20] == pytest.approx([rate * step / 20 for step, rate in enumerate(expected[:20])])


def test_a_step_of_adamw_is_torchs_with_decay_on_convolutions_and_linear_layers_alone() -> None:
    config = config_of("cnn", optimizer="adamw", weight_decay=0.1, augmentation="none", precision="float32")
    torch.manual_seed(0)
    learner = Learner(architectures.build(config).double(), config, torch.device("cpu"))
    plain = copy.deepcopy(learner.model)
    learner.begin_epoch()
    inputs = learner.make_inputs(IMAGES, generator_at(0)).double()
    decayed = [parameter for parameter in plain.parameters() if parameter.dim() > 1]
    spared = [parameter for parameter in plain.parameters() if parameter.dim() == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": spared, "weight_decay": 0.0}]
    oracle = torch.optim.AdamW(groups, 1e-3)
    for _ in range(3):
        learner.compute_gradients(learner.compute_loss(inputs, LABELS)[1].double())
        learner.move_weights()
        oracle.zero_grad()
        F.cross_entropy(plain.train()(inputs).float(), LABELS).double().backward()
        oracle.step()
    for ours, theirs in zip(learner.model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-10)


def test_the_average_is_torchs_moving_average_of_weights_and_statistics_once_its_decay_is_reached() -> None:
    config = config_of("cnn", weight_averaging=0.1, augmentation="none", precision="float32")
    learner = Learner(architectures.build(config), config, torch.device("cpu"))
    learner.begin_epoch()
    oracle = AveragedModel(learner.model, multi_avg_fn=get_ema_multi_avg_fn(0.1), use_buffers=True)
    # At its first call it copies, where ours averages with the weights before the step.
    oracle.update_parameters(learner.model)
    for number in range(4):
        step(learner, number)
        oracle.update_parameters(learner.model)
    assert not learner.result.training
    theirs = oracle.module.state_dict()
    for name, ours in learner.result.state_dict().items():
        if not ours.is_floating_point():
            continue
        torch.testing.assert_close(ours, theirs[name].to(ours.dtype), rtol=1e-5, atol=1e-6, msg=name)


def test_without_averaging_the_result_is_the_model_itself() -> None:
    config = config_of("cnn")
    learner = Learner(architectures.build(config), config, torch.device("cpu"))
    assert learner.result is learner.model


def test_layers_with_pretrained_weights_learn_by_their_share_of_the_rate() -> None:
    every = ("conv1", "layer1", "layer2", "layer3", "layer4")
    config = config_of("resnet18", unfrozen_layers=every, weight_decay=0.0, pretrained_rate=0.25, learning_rate=0.01)
    learner = Learner(architectures.build(config), config, torch.device("cpu"), afresh=("layer4", "fc"))
    before = {name: weight.detach().clone() for name, weight in learner.model.named_parameters()}
    learner.begin_epoch()
    learner.set_rate(1, 0.0)
    step(learner, 0)
    # Adam's first step is the learning rate, whatever the gradient.
    moved = {name: (weight - before[name]).abs().max().item() for name, weight in learner.model.named_parameters()}
    assert moved["layer1.0.conv1.weight"] == pytest.approx(0.0025, rel=0.01)
    assert moved["bn1.weight"] == pytest.approx(0.0025, rel=0.01)
    assert moved["layer4.1.bn2.weight"] == pytest.approx(0.01, rel=0.01)
    assert moved["fc.weight"] == pytest.approx(0.01, rel=0.01)


def test_batches_that_pass_the_frozen_layers_together_are_what_each_would_be_alone() -> None:
    config = config_of("resnet18", precision="float32")
    learner = Learner(architectures.build(config), config, torch.device("cpu"), afresh=("layer4", "fc"))
    learner.begin_epoch()
    batches = [IMAGES[:20], IMAGES[20:]]
    together = learner.prepare(batches, [generator_at(1), generator_at(2)])
    for place, batch in enumerate(batches):
        inputs = learner.make_inputs(batch, generator_at(place + 1))
        assert len(together[place]) == len(batch)
        logits, _ = learner.compute_loss(together[place], LABELS[: len(batch)])
        torch.testing.assert_close(logits, learner.model(inputs), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("unfrozen", "batch_size", "expected"),
    [(("layer4",), 64, 4), (("layer4",), 100, 2), (("layer4",), 512, 1), (FREEZABLE_LAYERS, 64, 1)],
)
def test_several_small_batches_are_prepared_at_once_where_the_first_layers_are_frozen(
    unfrozen: tuple[str, ...], batch_size: int, expected: int
) -> None:
    config = config_of("resnet18", unfrozen_layers=unfrozen, batch_size=batch_size)
    assert Learner(architectures.build(config), config, torch.device("cpu")).batches_at_once == expected


def test_a_smoothed_loss_takes_its_share_from_all_classes_alike() -> None:
    config = config_of("cnn", label_smoothing=0.1, precision="float32")
    learner = Learner(architectures.build(config), config, torch.device("cpu"))
    logits, loss = learner.compute_loss(learner.make_inputs(IMAGES, generator_at(0)), LABELS)
    logs = logits.log_softmax(1)
    # Szegedy and others 2016, section 7: the target is (1 - e) of the label and e / 10 of every class.
    expected = -(0.9 * logs[torch.arange(32), LABELS] + 0.1 * logs.mean(1)).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
