"""Before a launch it is said whether the configuration suits the data set, and why not."""

import pytest

from core.datasets.suitability import misfits, suitability
from core.datasets.versions import Version, fashion_mnist_version
from core.presets import PRESETS, config_of


def version_of(side: int, learnt: int, *, colour: bool = True) -> Version:
    return Version(
        hash="ab" * 32,
        name="mugs",
        number=3,
        created_at=0.0,
        classes=("cup", "mug"),
        side=side,
        colour=colour,
        counts={"train": (learnt // 2, learnt - learnt // 2), "test": (20, 20)},
        drawn=True,
        source_kind="folders",
        source_name="mugs",
    )


def test_a_few_hundred_photos_suit_transfer_and_no_preset_for_small_images() -> None:
    photos = version_of(192, 400)
    fitting = [name for name in PRESETS if not misfits(config_of(name), photos)]
    assert fitting == ["transfer", "fine-tune"]
    assert suitability(config_of("transfer"), photos) == "suits mugs@3"


def test_fashion_mnist_suits_every_preset_but_those_for_photos_of_ones_own() -> None:
    unfitting = [name for name in PRESETS if misfits(config_of(name), fashion_mnist_version())]
    assert unfitting == ["transfer", "fine-tune"]
    assert "images of 28x28 pixels are enlarged to 192x192" in suitability(
        config_of("transfer"), fashion_mnist_version()
    )


def test_each_thing_that_speaks_against_a_preset_is_said() -> None:
    told = suitability(config_of("cnn-photo"), version_of(64, 1_234, colour=False))
    assert told == (
        "not made for mugs@3: its augmentation imitates photos of the items of Fashion-MNIST; images of 64x64 pixels "
        "are shrunk to 28x28, and details are lost; 1,234 images are few for a model that starts from random weights"
    )


@pytest.mark.parametrize(("learnt", "few"), [(1_999, True), (2_000, False)])
def test_a_model_with_random_weights_needs_thousands_of_images(learnt: int, few: bool) -> None:
    assert any("random weights" in reason for reason in misfits(config_of("cnn"), version_of(28, learnt))) == few
    assert not misfits(config_of("resnet18"), version_of(32, learnt))
