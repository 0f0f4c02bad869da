import numpy as np
import pytest
import torch

from core.learning import learning_rate
from core.presets import config_of


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
