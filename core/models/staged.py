"""What all models here have in common: images pass through stages of maps, become features, and these logits.

Whoever wants to know what a model has inside calls its parts one after the other. Nothing is hung on the model for
that, so that any number of threads may ask the same model at the same time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from torch import Tensor, nn

Stage = Callable[[Tensor], Tensor]


class StagedModel(nn.Module, ABC):
    """Images (n, c, s, s) to logits (n, classes), by parts that can be called one by one."""

    @abstractmethod
    def stages(self) -> Sequence[Stage]:
        """The layers that make maps (n, channels, height, width), in order; the first is given the images.

        A stage never writes into what it is given.
        """

    @abstractmethod
    def features(self, maps: Tensor) -> Tensor:
        """What the last layer decides by, (n, d), from the maps of the last stage."""

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """The logits (n, classes) of features (n, d): one linear layer."""

    def forward(self, images: Tensor) -> Tensor:
        """The logits (n, classes) of images (n, c, s, s)."""
        return self.classify(self.features(passed(self.stages(), images)))


def passed(stages: Sequence[Stage], maps: Tensor) -> Tensor:
    """What the stages make of maps (or images), one after the other."""
    for stage in stages:
        maps = stage(maps)
    return maps
