"""The moving average of a model's weights over the steps of its training (Polyak and Juditsky 1992).

torch.optim.swa_utils gives the same bits, but passes over frozen weights too: a step of the ResNet18 of which layer4
learns then takes 18.7 ms instead of 14.7 ms.
"""

import copy

import torch

from core.models.parameters import trained_weights
from core.models.staged import StagedModel


class AveragedModel:
    """A copy of a model, in evaluation mode, whose trained weights and statistics follow the model's slowly."""

    def __init__(self, model: StagedModel, decay: float) -> None:
        self.model = copy.deepcopy(model).eval()
        self.steps = 0
        self._decay = decay
        # Views of the same memory, which training and restoring change in place.
        pairs = list(zip(trained_weights(self.model).values(), trained_weights(model).values(), strict=True))
        self._averages, self._latest = zip(*(pair for pair in pairs if pair[0].is_floating_point()), strict=True)
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def follow(self) -> None:
        """After a step of the model: average <- decay * average + (1 - decay) * weights.

        The decay grows up to the one asked for, as (1 + steps) / (10 + steps), so that the random weights of the
        start are soon forgotten (Abadi and others 2016, ExponentialMovingAverage of TensorFlow).
        """
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self._averages, self._latest, 1 - decay)
        for count, latest in self._counts:
            count.copy_(latest)
        self.steps += 1
