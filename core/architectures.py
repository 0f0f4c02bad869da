"""The registry of architectures: which models there are, and how to add one.

An architecture is one file in core/models and one line in ARCHITECTURES below.

The file, say `core/models/perceptron.py`, has one public function:

    def build(config: RunConfig, classes: int, channels: int) -> StagedModel:
        \"\"\"The untrained model for this configuration, for so many classes.\"\"\"

The model takes float32 images (n, channels, s, s), where s is `config.input_size`, as `core.data.preprocessing` makes
them, and returns the logits (n, classes), by the three steps of `core.models.staged.StagedModel`: `stages` of maps,
`features`, by which Explore compares images, and `classify`. Where the model looks is read from its last stage with
maps of at least 4x4 pixels (`core.answers.features`). The line names the file and gives a title for the pages:

    "perceptron": Architecture("core.models.perceptron", "Perceptron with one hidden layer"),

With that the launch form, the command line, training, pages, saving and prediction know the model.
Random initial weights come from torch's global generator, which is seeded before `build` is called.
A parameter with `requires_grad=False` is never trained, nor are the statistics of a batch norm that its model
keeps in eval mode; a model whose first layers are so may set `has_frozen_front` and split itself into `front` and
`rest`, to be trained faster. `colour=True` says that the model also takes three channels, `pretrained=True` that
`core.learning.pretrained` can fill it with ImageNet weights, `only_pretrained` that it is
nothing without, `smallest_input` from which side of the images it works.

This module imports no torch: a model's file is imported when the model is first built.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from core.classes import CLASS_COUNT
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.models.staged import StagedModel


FEWEST_CLASSES, MOST_CLASSES = 2, 1_000


@dataclass(frozen=True)
class Architecture:
    """Where a model is built, and what a configuration may ask of it."""

    module: str
    title: str
    colour: bool = False
    pretrained: bool = False
    only_pretrained: bool = False
    smallest_input: int = 28


ARCHITECTURES = {
    "cnn": Architecture(
        "core.models.cnn", "CNN: two 5x5 convolutions, two linear layers", colour=True, smallest_input=4
    ),
    "resnet18": Architecture("core.models.resnet18", "ResNet18", colour=True, pretrained=True, smallest_input=16),
    "resnet-small": Architecture(
        "core.models.resnet_small", "Small ResNet: six blocks for 28x28 grey images", colour=True, smallest_input=4
    ),
    "transfer": Architecture(
        *("core.models.transfer", "Transfer: a linear layer on a frozen ResNet18"),
        colour=True,
        pretrained=True,
        only_pretrained=True,
        smallest_input=16,
    ),
}


def build(config: RunConfig, classes: int = CLASS_COUNT, *, colour: bool = False) -> StagedModel:
    """The untrained model that `config.model` names, with random weights from torch's global generator.

    Without more words it is one for Fashion-MNIST. Raise ConfigurationError as `require_fit`.
    """
    require_fit(config, classes, colour=colour)
    module = importlib.import_module(ARCHITECTURES[config.model].module)
    channels = 3 if colour or config.normalisation == "imagenet" else 1
    return cast("StagedModel", module.build(config, classes, channels))


def require_fit(config: RunConfig, classes: int, *, colour: bool) -> None:
    """Raise ConfigurationError for images in colour that the model cannot take, and for too few or too many classes."""
    if not FEWEST_CLASSES <= classes <= MOST_CLASSES:
        raise ConfigurationError(
            f"A model tells {FEWEST_CLASSES} to {MOST_CLASSES:,} classes apart; these data have {classes:,}.",
            "Import the images with another number of classes.",
        )
    if colour and not ARCHITECTURES[config.model].colour:
        raise ConfigurationError(
            f"The model {config.model} takes grey images, and these are in colour.",
            "Choose another model, or import the images in grey.",
        )
