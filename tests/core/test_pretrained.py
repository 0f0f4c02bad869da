"""Pretrained weights come from a file, torch's cache or the network; whatever is wrong with them is said at once."""

import hashlib
import os
import socket
import time
import zipfile
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor

from core import architectures
from core.config import RunConfig
from core.errors import WeightsError
from core.learning import pretrained_file
from core.learning.pretrained import load_trunk
from core.learning.pretrained_file import FILE_NAME, cached_weights
from core.learning.training import Training
from core.presets import config_of
from tests.core.small_data import small_data

pytestmark = pytest.mark.slow

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    """A state dict as torchvision's ResNet18 has it, for the 1000 classes of ImageNet."""
    torch.manual_seed(7)
    return torchvision.models.resnet18(weights=None).state_dict()


def without(state: State, *layers: str) -> State:
    return {name: value for name, value in state.items() if not name.startswith(layers)}


def config_with(path: Path, state: State) -> RunConfig:
    torch.save(state, path)
    return config_of("resnet18", weights_file=str(path), train_size=130, threads=1, epochs=1)


def test_a_torchvision_file_fills_all_but_the_last_layer(tmp_path: Path, state: State) -> None:
    config = config_with(tmp_path / "weights.pth", state)
    model = architectures.build(config)
    report = load_trunk(model, config)
    assert report.initialised_afresh == ("fc",)
    assert report.source == str(tmp_path / "weights.pth")
    assert len(report.sha256) == 64
    filled = model.state_dict()
    assert all(torch.equal(filled[name], value) for name, value in without(state, "fc").items())


def test_a_file_without_layer4_starts_that_layer_afresh_and_says_so(tmp_path: Path, state: State) -> None:
    config = config_with(tmp_path / "trunk.pth", without(state, "layer4", "fc"))
    model = architectures.build(config)
    before = model.state_dict()["layer4.1.conv2.weight"].clone()
    assert load_trunk(model, config).initialised_afresh == ("layer4", "fc")
    assert torch.equal(model.state_dict()["layer4.1.conv2.weight"], before)


@pytest.mark.parametrize(
    ("unfrozen", "missing", "words"),
    [
        (("layer4",), "layer3.0", "lacks layer3.0.conv1.weight, layer3.0.bn1.weight, layer3.0.bn1.bias and 12 more"),
        (("layer4",), "layer4.1.conv2", "lacks layer4.1.conv2.weight"),
        ((), "layer4", "lacks layer4.0.conv1.weight"),
        (("layer3", "layer4"), "layer3", "lacks layer3"),
    ],
)
def test_what_is_missing_must_be_trained_anyway(
    tmp_path: Path, state: State, unfrozen: tuple[str, ...], missing: str, words: str
) -> None:
    config = config_with(tmp_path / "part.pth", without(state, missing))
    config = config.model_copy(update={"unfrozen_layers": unfrozen})
    with pytest.raises(WeightsError, match=words):
        load_trunk(architectures.build(config), config)


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    config = config_with(tmp_path / "resnet34.pth", torchvision.models.resnet34(weights=None).state_dict())
    with pytest.raises(WeightsError, match="has the unknown layer1.2.conv1.weight"):
        load_trunk(architectures.build(config), config)


def test_weights_of_another_shape_are_refused(tmp_path: Path, state: State) -> None:
    config = config_with(tmp_path / "grey.pth", {**state, "conv1.weight": state["conv1.weight"][:, :1]})
    with pytest.raises(WeightsError, match="another shape for conv1.weight"):
        load_trunk(architectures.build(config), config)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, state: State) -> None:
    config = config_with(tmp_path / "nan.pth", {**state, "layer1.0.bn1.bias": torch.full((64,), torch.nan)})
    with pytest.raises(WeightsError, match="not numbers in layer1.0.bn1.bias"):
        load_trunk(architectures.build(config), config)


@pytest.mark.parametrize("content", [b"", b"these are no weights", b"PK\x03\x04 cut short"])
def test_a_file_that_holds_no_weights_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pth"
    path.write_bytes(content)
    config = config_of("resnet18", weights_file=str(path))
    with pytest.raises(WeightsError, match="broken.pth") as caught:
        load_trunk(architectures.build(config), config)
    assert "pretrained=false" in caught.value.advice


def _in(path: Path, content: object) -> RunConfig:
    torch.save(content, path)
    return config_of("resnet18", weights_file=str(path))


def test_weights_of_another_precision_are_taken_over(tmp_path: Path, state: State) -> None:
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        converted = {key: value.to(kind) if value.is_floating_point() else value for key, value in state.items()}
        config = _in(tmp_path / "other.pth", converted)
        model = architectures.build(config)
        assert load_trunk(model, config).initialised_afresh == ("fc",)
        filled = model.state_dict()["layer2.0.conv1.weight"]
        assert filled.dtype is torch.float32
        assert torch.equal(filled, state["layer2.0.conv1.weight"].to(kind).float())


def test_what_saving_wraps_around_a_state_dict_is_taken_off(tmp_path: Path, state: State) -> None:
    parallel = {f"module.{key}": value for key, value in state.items()}
    compiled = {f"module._orig_mod.{key}": value for key, value in state.items()}
    for content in (
        *({"state_dict": state}, {"model_state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}}, {"model": state}),
        *(parallel, compiled, {"state_dict": parallel, "epoch": 90}),
        {key: torch.nn.Parameter(value) if value.is_floating_point() else value for key, value in state.items()},
    ):
        config = _in(tmp_path / "wrapped.pth", content)
        model = architectures.build(config)
        load_trunk(model, config)
        assert torch.equal(model.state_dict()["layer1.0.conv1.weight"], state["layer1.0.conv1.weight"])


WEIGHT = "layer1.0.conv1.weight"
ODD_TENSORS = {
    "torch.complex64": lambda value: value.to(torch.complex64),
    "sparse": lambda value: value.to_sparse(),
    "quantised": lambda value: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
    "torch.int64": lambda value: value.long(),
    "torch.bool": lambda value: value > 0,
    "without values": lambda value: value.to("meta"),
    "not numbers": lambda value: value.double() * 1e300,
}


@pytest.mark.parametrize("words", ODD_TENSORS)
def test_a_tensor_that_is_no_weight_is_named(tmp_path: Path, state: State, words: str) -> None:
    config = _in(tmp_path / "odd.pth", {**state, WEIGHT: ODD_TENSORS[words](state[WEIGHT])})
    with pytest.raises(WeightsError, match=f"{words}.* in {WEIGHT}"):
        load_trunk(architectures.build(config), config)


def test_tensors_that_are_not_used_may_be_anything(tmp_path: Path, state: State) -> None:
    config = _in(tmp_path / "other-fc.pth", {**state, "fc.weight": torch.zeros(1).expand(10**6, 10**6)})
    assert load_trunk(architectures.build(config), config).initialised_afresh == ("fc",)


def test_what_is_no_state_dict_is_refused_with_what_to_do(tmp_path: Path, state: State) -> None:
    contents: list[object] = [
        *(state["conv1.weight"], [state], {}, {"a": {"b": {"c": 1}}}, {**state, "epoch": 5}, 3, "weights", None),
        *(state | {7: state["conv1.weight"]}, {("a", 1): state["conv1.weight"]}),
        {"state_dict": state, "model": state},
    ]
    for number, content in enumerate(contents):
        config = _in(tmp_path / f"{number}.pth", content)
        with pytest.raises(WeightsError, match="no state dict|instead of a name"):
            load_trunk(architectures.build(config), config)


def test_a_place_where_no_file_is_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "lost.pth").symlink_to(tmp_path / "nowhere")
    with (tmp_path / "sparse.pth").open("wb") as sparse:
        sparse.truncate(5 * 2**30)
    monkeypatch.setattr("core.learning.pretrained.MOST_BYTES", 10**7)
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2**24))
    for name, reason in (
        *((str(tmp_path), "a folder"), ("/dev/zero", "a device"), ("pipe.pth", "a named pipe")),
        *(("lost.pth", "broken link"), ("sparse.pth", "5,368.7 MB"), ("bomb.pth", "unpacks to 17 MB")),
    ):
        config = config_of("resnet18", weights_file=str(tmp_path / name))
        with pytest.raises(WeightsError, match=reason):
            load_trunk(architectures.build(config), config)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    config = config_of("resnet18", weights_file=str(tmp_path / "gone.pth"))
    with pytest.raises(WeightsError, match="gone.pth cannot be read"):
        load_trunk(architectures.build(config), config)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "whole-model.pth"
    torch.save(torchvision.models.resnet18(weights=None), path)
    config = config_of("resnet18", weights_file=str(path))
    with pytest.raises(WeightsError, match="does not hold PyTorch weights"):
        load_trunk(architectures.build(config), config)


def test_without_network_and_file_a_run_fails_at_once_and_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_args: object, **_kwargs: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    start = time.monotonic()
    with pytest.raises(WeightsError, match="could not be downloaded") as caught:
        Training(config_of("resnet18"), small_data(200), tmp_path / "run", weights_cache=tmp_path / "cache")
    assert time.monotonic() - start < 10
    for way_out in ("weights_file=", "LOOKBOOK_RESNET18_WEIGHTS", "network", "pretrained=false"):
        assert way_out in caught.value.advice
    assert not (tmp_path / "cache" / FILE_NAME).exists()


def test_downloaded_weights_are_found_in_the_cache(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cached_weights(tmp_path) is None
    torch.save(state, tmp_path / FILE_NAME)
    published = hashlib.sha256((tmp_path / FILE_NAME).read_bytes()).hexdigest()
    monkeypatch.setattr(pretrained_file, "SHA256_PREFIX", published[:8])
    assert cached_weights(tmp_path) == tmp_path / FILE_NAME
    config = config_of("resnet18")
    model = architectures.build(config)
    assert load_trunk(model, config, tmp_path).source == f"torchvision {FILE_NAME}"
    assert torch.equal(model.state_dict()["conv1.weight"], state["conv1.weight"])


def test_a_file_in_the_cache_that_torchvision_did_not_publish_is_named_and_left_alone(
    tmp_path: Path, state: State
) -> None:
    torch.save(state, tmp_path / FILE_NAME)
    config = config_of("resnet18")
    with pytest.raises(
        WeightsError, match="is not the file published by torchvision: its SHA-256 begins with"
    ) as caught:
        load_trunk(architectures.build(config), config, tmp_path)
    assert str(tmp_path / FILE_NAME) in caught.value.message
    assert "Delete it" in caught.value.advice
    assert (tmp_path / FILE_NAME).exists()


def test_the_name_and_the_sum_in_the_cache_are_torchvisions() -> None:
    assert torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url.endswith("/" + FILE_NAME)
    assert f"resnet18-{pretrained_file.SHA256_PREFIX}.pth" == FILE_NAME


@pytest.mark.slow
def test_a_run_goes_on_from_its_own_copy_when_the_weights_file_is_gone(tmp_path: Path, state: State) -> None:
    path = tmp_path / "weights.pth"
    config = config_with(path, state)
    first = Training(config, small_data(), tmp_path / "run")
    next(first.events())
    first.save_checkpoint()
    path.unlink()
    resumed = Training(config, small_data(), tmp_path / "run")
    assert resumed.facts.pretrained == first.facts.pretrained
    list(resumed.events())
    undisturbed = Training(config_with(path, state), small_data(), tmp_path / "undisturbed")
    list(undisturbed.events())
    ours, theirs = resumed.load_best().state_dict(), undisturbed.load_best().state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_does_not_go_on_with_other_weights_than_it_began_with(tmp_path: Path, state: State) -> None:
    path = tmp_path / "weights.pth"
    first = Training(config_with(path, state), small_data(), tmp_path / "run")
    next(first.events())
    first.save_checkpoint()
    (tmp_path / "run" / "frozen.pt").unlink()
    other = {**state, "conv1.weight": state["conv1.weight"] + 1}
    with pytest.raises(Exception, match="started from other pretrained weights"):
        Training(config_with(path, other), small_data(), tmp_path / "run")


def test_only_what_the_configuration_unfreezes_is_trained(tmp_path: Path, state: State) -> None:
    training = Training(config_with(tmp_path / "weights.pth", state), small_data(), tmp_path / "run")
    assert training.facts.parameters_total == 11_181_642
    list(training.events())
    trained = training.load_best().state_dict()
    same = {name for name, value in without(state, "fc").items() if torch.equal(trained[name], value)}
    assert {name for name in state if not name.startswith(("layer4", "fc"))} <= same
    assert not {name for name in same if name.startswith("layer4") and name.endswith(("weight", "running_mean"))}
