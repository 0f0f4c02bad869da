"""Presets: named starting points, changed by who launches, and never saying what is not so."""

import pytest

from core import architectures
from core.errors import ConfigurationError
from core.models.parameters import count_parameters
from core.presets import CUSTOM, PRESETS, config_of


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_valid_config_that_says_where_it_comes_from(name: str) -> None:
    assert config_of(name).preset == name


def test_a_preset_that_does_not_exist_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="no preset 'zzz'.* Known are quick, cnn"):
        config_of("zzz")
    with pytest.raises(ConfigurationError, match="preset = 'zzz'.* Known are quick, cnn.*, custom"):
        config_of("cnn", preset="zzz")
    assert config_of("cnn", preset=CUSTOM).preset == CUSTOM


@pytest.mark.parametrize("off", [False, "no"])
def test_without_pretrained_weights_the_config_says_that_every_layer_is_trained(off: bool | str) -> None:
    assert config_of("resnet18").unfrozen_layers == ("layer4",)
    assert config_of("resnet18", pretrained=off).unfrozen_layers == ()


def test_layers_to_unfreeze_are_refused_where_nothing_is_frozen() -> None:
    for changes in ({"pretrained": False}, {"model": "resnet18"}):
        with pytest.raises(ConfigurationError, match="only used with pretrained=true"):
            config_of("resnet18" if "pretrained" in changes else "cnn", unfrozen_layers=["layer3"], **changes)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_truly_how_many_parameters_it_has_and_trains(name: str) -> None:
    total, trained = count_parameters(architectures.build(config_of(name)))
    few = f"{trained:,}" if trained < 100_000 else f"{trained / 1e6:.1f} million"
    part = "" if trained == total else f", {few} trained"
    assert PRESETS[name].size == f"{total / 1e6:.1f} million parameters{part}"
