"""The numbers that a model computes with; rounded more coarsely, it is still the same function."""

import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import architectures
from core.config import RunConfig
from core.learning.evaluation import log_probabilities
from core.learning.learner import Learner, generator_at
from core.machine.cores import has_bfloat16
from core.machine.precision import precision_on
from core.presets import config_of

CPU = torch.device("cpu")
LABELS = torch.arange(64) % 10


def _learner(config: RunConfig) -> Learner:
    torch.manual_seed(0)
    learner = Learner(architectures.build(config), config, CPU)
    learner.begin_epoch()
    return learner


def _images(count: int = 64) -> Tensor:
    return (torch.rand(count, 28, 28, generator=generator_at(7)) * 255).to(torch.uint8)


def _gradients(model: nn.Module) -> Tensor:
    return torch.cat([given.grad.flatten().double() for given in model.parameters() if given.grad is not None])


def _prepared(learner: Learner, inputs: Tensor) -> Tensor:
    return learner.pass_frozen_front(inputs) if learner.has_constant_front else inputs


def _config(model: str, precision: str) -> RunConfig:
    pretrained = architectures.ARCHITECTURES[model].only_pretrained
    return config_of("cnn", model=model, precision=precision, augmentation="none", pretrained=pretrained)


def test_auto_takes_bfloat16_exactly_where_torch_finds_instructions_for_it() -> None:
    expected = sys.platform == "linux" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    assert has_bfloat16() == expected
    assert precision_on(_config("cnn", "auto"), CPU) == ("bfloat16" if expected else "float32")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_is_asked_for_is_taken_wherever_it_runs(precision: str) -> None:
    assert precision_on(_config("cnn", precision), CPU) == precision


@pytest.mark.parametrize("model", list(architectures.ARCHITECTURES))
def test_a_step_in_bfloat16_has_the_loss_and_the_gradients_of_one_in_float64_but_for_rounding(model: str) -> None:
    coarse = _learner(_config(model, "bfloat16"))
    exact = _learner(_config(model, "float32")).model.double()
    inputs = coarse.make_inputs(_images(), generator_at(0))
    logits, loss = coarse.compute_loss(_prepared(coarse, inputs), LABELS)
    coarse.compute_gradients(loss)
    expected = F.cross_entropy(exact(inputs.double()), LABELS)
    expected.backward()
    assert logits.dtype == torch.float32
    assert loss.item() == pytest.approx(expected.item(), rel=0.02)
    ours, theirs = _gradients(coarse.model), _gradients(exact)
    # Untrained and given noise, the eighteen layers of the largest add most to it.
    assert F.cosine_similarity(ours, theirs, dim=0) > 0.9
    assert ours.norm() / theirs.norm() == pytest.approx(1, rel=0.05)


def test_answers_in_bfloat16_are_those_in_float32_but_for_rounding_and_no_two_of_an_image_are_equal() -> None:
    model = _learner(_config("cnn", "float32")).model
    coarse, fine = (
        log_probabilities(model, _images().numpy(), _config("cnn", name)) for name in ("bfloat16", "float32")
    )
    assert 0 < abs(coarse - fine).max() < 0.05
    assert all(len(set(row)) == 10 for row in coarse)


def test_weights_optimizer_and_gradients_stay_in_float32() -> None:
    learner = _learner(_config("cnn", "bfloat16"))
    (prepared,) = learner.prepare([_images()], [generator_at(0)])
    learner.step(prepared, LABELS)
    state = learner.state()
    moments = [value for known in state["optimizer"]["state"].values() for value in known.values()]
    held = [*state["weights"].values(), *moments]
    assert {value.dtype for value in held if value.is_floating_point()} == {torch.float32}
