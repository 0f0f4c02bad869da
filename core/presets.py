"""Named starting points for a run: each states only what differs from the defaults of RunConfig."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.config import FREEZABLE_LAYERS, RunConfig, validated, with_changes
from core.errors import ConfigurationError


@dataclass(frozen=True)
class Preset:
    """A named configuration with what a person wants to know before choosing it."""

    name: str
    title: str
    description: str
    suits: str
    """The data that it is for, in words that follow "Suits"."""
    size: str
    """Its parameters, in words."""
    differences: dict[str, Any] = field(default_factory=dict)
    expected: str = ""
    """The test accuracy of a measured run, for who has not tried it yet; empty where none was measured."""


_FAST: dict[str, Any] = {"precision": "auto"}
_SOUND: dict[str, Any] = {
    **_FAST,
    "batch_size": 128,
    "optimizer": "adamw",
    "weight_decay": 0.05,
    "schedule": "cosine",
    "patience": 0,
}
_BEST: dict[str, Any] = {**_SOUND, "augmentation": "flip-shift-erase", "label_smoothing": 0.1}
_PHOTO: dict[str, Any] = {**_FAST, "augmentation": "photo", "batch_size": 128, "schedule": "cosine", "patience": 0}

_ALL = (
    Preset(
        "quick",
        "One-minute CNN",
        "The report's CNN on 12,000 images for 4 epochs: a first look in about a minute, not a result to quote.",
        "a first look at thousands of small images, of about 28 pixels",
        "3.2 million parameters",
        {**_FAST, "train_size": 12_000, "epochs": 4},
    ),
    Preset(
        "cnn",
        "CNN of the report",
        "Two 5x5 convolutions with batch norm, two linear layers; trained from scratch on 28x28 grey images.",
        "thousands of small images, of about 28 pixels",
        "3.2 million parameters",
        _FAST,
        expected="about 92 %",
    ),
    Preset(
        "cnn-fast",
        "Fast CNN",
        "The CNN of the report, more accurate after 3 epochs: larger batches, AdamW, a cosine learning rate, "
        "averaged weights, and no augmentation.",
        "thousands of small images, of about 28 pixels",
        "3.2 million parameters",
        {**_SOUND, "epochs": 3, "learning_rate": 2e-3, "weight_averaging": 0.99, "augmentation": "none"},
        expected="about 92 %",
    ),
    Preset(
        "resnet18",
        "ResNet18 of the report",
        "ImageNet-pretrained ResNet18 at 32x32; only layer4 and a new last layer are trained, the rest stays frozen.",
        "thousands of small images, of about 32 pixels",
        "11.2 million parameters, 1.5 million trained",
        {
            **_FAST,
            "model": "resnet18",
            "input_size": 32,
            "augmentation": "flip-rotate-jitter",
            "learning_rate": 1e-4,
            "weight_decay": 1e-4,
            "schedule": "step",
            "pretrained": True,
            "unfrozen_layers": ("layer4",),
        },
        expected="about 91 %, with layer4 started afresh",
    ),
    Preset(
        "cnn-best",
        "CNN at its best",
        "The report's CNN with a better recipe: shifts and erasing, AdamW, a cosine learning rate, averaged "
        "weights, 40 epochs.",
        "thousands of small images, of about 28 pixels",
        "3.2 million parameters",
        {**_BEST, "epochs": 40, "learning_rate": 2e-3, "weight_averaging": 0.999},
        expected="about 94 %",
    ),
    Preset(
        "resnet18-best",
        "ResNet18 at its best",
        "ImageNet-pretrained ResNet18 at 48x48, every layer trained, pretrained layers at half the learning rate.",
        "thousands of small images, of about 48 pixels",
        "11.2 million parameters",
        {
            **_BEST,
            "model": "resnet18",
            "input_size": 48,
            "epochs": 8,
            "learning_rate": 1e-3,
            "weight_averaging": 0.99,
            "pretrained": True,
            "pretrained_rate": 0.5,
            "unfrozen_layers": FREEZABLE_LAYERS,
        },
        expected="about 94 %, with layer4 started afresh",
    ),
    Preset(
        "resnet-small",
        "Small ResNet",
        "A residual network made for 28x28 grey images, trained from scratch, with a fifth of the parameters of the "
        "CNN. Each prediction is the mean for an image and its mirror image.",
        "thousands of small images, of about 28 pixels",
        "0.7 million parameters",
        {
            **_BEST,
            "model": "resnet-small",
            "epochs": 45,
            "learning_rate": 4e-3,
            "weight_averaging": 0.998,
            "test_time_flips": True,
        },
        expected="about 95 %",
    ),
    Preset(
        "transfer",
        "Transfer",
        "For a few hundred pictures of one's own: an ImageNet-pretrained ResNet18 at 192x192 stays frozen, and one "
        "linear layer learns from what it makes of them. The frozen layers see each picture once.",
        "a few hundred photos or more, of 128 pixels or more, best in colour",
        "2.8 million parameters, 28,170 trained",
        {
            **_FAST,
            "model": "transfer",
            "input_size": 192,
            "normalisation": "imagenet",
            "augmentation": "flip",
            "optimizer": "adamw",
            "weight_decay": 0.1,
            "schedule": "cosine",
            "learning_rate": 1e-3,
            "epochs": 60,
            "patience": 0,
            "pretrained": True,
            "test_time_flips": True,
        },
    ),
    Preset(
        "fine-tune",
        "Fine-tuning",
        "ImageNet-pretrained ResNet18 at 128x128, every layer trained, pretrained layers at a tenth of the learning "
        "rate. On a few hundred photos as often right as Transfer and no more (measured: 75 % of 181 held-out photos "
        "each), and each run takes several times as long.",
        "photos of 128 pixels or more, best in colour, where Transfer is not enough",
        "11.2 million parameters",
        {
            **_SOUND,
            "model": "resnet18",
            "input_size": 128,
            "normalisation": "imagenet",
            "augmentation": "flip",
            "batch_size": 32,
            "epochs": 6,
            "learning_rate": 1e-3,
            "label_smoothing": 0.1,
            "pretrained": True,
            "pretrained_rate": 0.1,
            "unfrozen_layers": FREEZABLE_LAYERS,
            "fixed_statistics": True,
            "test_time_flips": True,
        },
    ),
    Preset(
        "cnn-photo",
        "CNN for photos",
        "The CNN of the report, trained on images that imitate cut-out photos: leftover background, pairs, "
        "wearers, light, blur.",
        "Fashion-MNIST alone, to predict photos of clothes",
        "3.2 million parameters",
        {**_PHOTO, "epochs": 15, "learning_rate": 2e-3},
        expected="about 91 %",
    ),
    Preset(
        "resnet18-photo",
        "ResNet18 for photos",
        "ImageNet-pretrained ResNet18 at 32x32, all but its first layers trained on images that imitate cut-out "
        "photos.",
        "Fashion-MNIST alone, to predict photos of clothes",
        "11.2 million parameters, 4.1 million trained",
        {
            **_PHOTO,
            "model": "resnet18",
            "input_size": 32,
            "epochs": 8,
            "learning_rate": 1e-3,
            "weight_decay": 1e-4,
            "pretrained": True,
            "unfrozen_layers": ("layer2", "layer3", "layer4"),
        },
        expected="about 91 %, with layer4 started afresh",
    ),
)

PRESETS = {preset.name: preset for preset in _ALL}
CUSTOM = "custom"
"""What a config that started from no preset calls its preset."""


def preset(name: str) -> Preset:
    """The preset of that name; raise ConfigurationError that lists the known ones."""
    if name not in PRESETS:
        raise ConfigurationError(f"There is no preset {name!r}.", f"Known are {_known()}.")
    return PRESETS[name]


def config_of(name: str, **changes: Any) -> RunConfig:
    """The validated config of a preset with some values changed; raise ConfigurationError if one is not allowed."""
    return changed({"preset": name, **preset(name).differences}, changes)


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> RunConfig:
    """The validated config of these values with some changed; raise ConfigurationError if one is not allowed.

    Without pretrained weights every layer is trained, and the config says so: layers to unfreeze, unless asked for,
    go with them.
    """
    named = changes.get("preset", CUSTOM)
    if named not in (CUSTOM, *PRESETS):
        raise ConfigurationError(f"preset = {named!r}: unknown preset.", f"Known are {_known()}, {CUSTOM}.")
    config = validated({**values, **changes})
    if config.pretrained or not config.unfrozen_layers:
        return config
    if changes.get("unfrozen_layers"):
        raise ConfigurationError(
            "unfrozen_layers is only used with pretrained=true; otherwise every layer is trained.",
            "Leave it out, or set pretrained=true.",
        )
    return with_changes(config, unfrozen_layers=())


def _known() -> str:
    return ", ".join(PRESETS)
