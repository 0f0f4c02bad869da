"""The models compute what the report's models compute: outputs and gradients against plain PyTorch in float64."""

import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from core import architectures
from core.config import RunConfig, validated
from core.errors import ConfigurationError
from core.models.cnn import CNN
from core.models.kernels.pooling import normalise_and_pool
from core.models.resnet18 import ResNet18
from core.models.resnet_small import SmallResNet

TRUNK = {"conv1", "layer1", "layer2", "layer3"}
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


class PlainCNN(nn.Module):
    """The report's network as it is written down there."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1, self.layer2 = self._block(1, 32), self._block(32, 64)
        self.fc1, self.fc2 = nn.Linear(3136, 1000), nn.Linear(1000, 10)

    @staticmethod
    def _block(channels_in: int, channels_out: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 5, padding=2),
            nn.BatchNorm2d(channels_out),
            nn.LeakyReLU(0.01),
            nn.MaxPool2d(2, 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        features = self.layer2(self.layer1(images)).flatten(1)
        return self.fc2(F.leaky_relu(self.fc1(features), 0.01))


def plain_cnn_like(model: CNN) -> PlainCNN:
    plain = PlainCNN().double()
    names = [name for name in plain.state_dict() if "num_batches" not in name]
    ours = [value for name, value in model.state_dict().items() if "num_batches" not in name]
    plain.load_state_dict(dict(zip(names, ours, strict=True)), strict=False)
    return plain


def torchvision_like(model: ResNet18) -> nn.Module:
    plain = torchvision.models.resnet18(weights=None, num_classes=10).double()
    plain.load_state_dict(model.state_dict())
    return plain


def shuffle_norms(model: nn.Module) -> None:
    """Give the batch norms scales, shifts and statistics as trained ones have."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)


def gradients(model: nn.Module, images: Tensor) -> tuple[float, dict[str, Tensor]]:
    labels = torch.arange(len(images)) % 10
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.item(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_one_step_of_the_cnn_is_that_of_the_plain_network() -> None:
    model = CNN(28, 10, 1).double()
    shuffle_norms(model)
    plain = plain_cnn_like(model)
    images = torch.randn(12, 1, 28, 28, dtype=torch.float64)
    loss, ours = gradients(model.train(), images)
    plain_loss, theirs = gradients(plain.train(), images)
    assert loss == pytest.approx(plain_loss, abs=1e-12)
    assert len(ours) == len(theirs) == 12
    for mine, its in zip(ours.values(), theirs.values(), strict=True):
        torch.testing.assert_close(mine, its, atol=1e-12, rtol=1e-9)
    for mine, its in zip(model.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(mine.double(), its.double(), atol=1e-12, rtol=1e-12)


def test_the_evaluated_cnn_is_the_plain_network() -> None:
    model = CNN(28, 10, 1).double()
    shuffle_norms(model)
    images = torch.randn(5, 1, 28, 28, dtype=torch.float64)
    torch.testing.assert_close(model.eval()(images), plain_cnn_like(model).eval()(images), atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("negative", [False, True], ids=["rising", "falling"])
def test_pooling_before_normalising_changes_nothing_whatever_the_sign_of_the_scale(negative: bool) -> None:
    norm = nn.BatchNorm2d(3).double()
    nn.init.uniform_(norm.weight, -1 if negative else 0, 1)
    maps = torch.randn(4, 3, 7, 7, dtype=torch.float64, requires_grad=True)

    def as_written(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        normalised = F.batch_norm(maps, None, None, weight, bias, training=True, eps=norm.eps)
        return F.max_pool2d(F.leaky_relu(normalised, 0.01), 2)

    ours = normalise_and_pool(maps, norm, 0.01)
    theirs = as_written(maps, norm.weight, norm.bias)
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn_like(theirs)
    wanted = (maps, norm.weight, norm.bias)
    for mine, its in zip(
        torch.autograd.grad(ours, wanted, direction), torch.autograd.grad(theirs, wanted, direction), strict=True
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "frozen", "fixed"),
    [
        *((32, set(), False), (28, TRUNK, False), (32, TRUNK, False), (64, TRUNK, False)),
        *((32, TRUNK | {"layer4"}, False), (32, set(), True), (64, {"conv1", "layer1"}, True)),
    ],
    ids=["32-none", "28-trunk", "32-trunk", "64-trunk", "32-all", "32-fixed-statistics", "64-fixed-statistics"],
)
def test_one_step_of_resnet18_is_torchvisions(size: int, frozen: set[str], fixed: bool) -> None:
    model = ResNet18(size, 10, frozen, fixed_statistics=fixed).double()
    shuffle_norms(model)
    plain = torchvision_like(model)
    grey = torch.randn(6, 1, size, size, dtype=torch.float64)
    plain.train()
    for name, module in plain.named_modules():
        keeps = fixed and isinstance(module, nn.BatchNorm2d) and not name.startswith("layer4")
        if keeps or name.split(".")[0] in frozen | ({"bn1"} if frozen else set()):
            module.eval()
    loss, ours = gradients(model.train(), grey)
    plain_loss, theirs = gradients(plain, grey.expand(-1, 3, -1, -1))
    assert loss == pytest.approx(plain_loss, abs=1e-10)
    for name, mine in ours.items():
        its = theirs[name.replace(".taps", ".weight")]
        if name.endswith(".taps"):
            side = math.isqrt(mine.shape[1] // its.shape[1])
            used = its[:, :, 1 : 1 + side, 1 : 1 + side]
            assert its.count_nonzero() == used.count_nonzero()
            its = used.permute(0, 2, 3, 1).flatten(1)
        torch.testing.assert_close(mine, its, atol=1e-10, rtol=1e-6)
    trained = {name.replace(".taps", ".weight") for name in ours}
    assert trained == {name for name in theirs if not belongs(name, frozen)}
    for name, value in plain.state_dict().items():
        if name.endswith(STATISTICS):
            torch.testing.assert_close(model.state_dict()[name], value, atol=1e-12, rtol=1e-12)


def belongs(name: str, layers: set[str]) -> bool:
    layer = name.split(".")[0]
    return layer in layers or (layer == "bn1" and "conv1" in layers)


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_evaluated_resnet18_is_torchvisions(size: int, channels: int) -> None:
    model = ResNet18(size, 10, TRUNK).double()
    shuffle_norms(model)
    images = torch.randn(2, channels, size, size, dtype=torch.float64)
    expected = torchvision_like(model).eval()(images.expand(-1, 3, -1, -1))
    torch.testing.assert_close(model.eval()(images), expected, atol=1e-11, rtol=1e-8)


def test_resnet18_has_torchvisions_names_and_starts_like_it() -> None:
    ours = ResNet18(32, 10).state_dict()
    theirs = torchvision.models.resnet18(weights=None, num_classes=10).state_dict()
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}
    for name, value in theirs.items():
        if value.numel() > 30_000:
            assert ours[name].std().item() == pytest.approx(value.std().item(), rel=0.05), name


class PlainSmallResNet(nn.Module):
    """The small ResNet out of torchvision's blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(16, 16), BasicBlock(16, 16))
        self.layer2 = nn.Sequential(self._halving(16, 64), BasicBlock(64, 64))
        self.layer3 = nn.Sequential(self._halving(64, 128), BasicBlock(128, 128))
        self.fc = nn.Linear(128, 10)

    @staticmethod
    def _halving(channels_in: int, channels_out: int) -> BasicBlock:
        shortcut = nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, 2, bias=False), nn.BatchNorm2d(channels_out))
        return BasicBlock(channels_in, channels_out, 2, shortcut)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(images)).relu())))
        return self.fc(maps.mean(dim=(2, 3)))


@pytest.mark.parametrize("training", [True, False])
def test_the_small_resnet_is_made_of_torchvisions_blocks(training: bool) -> None:
    model, plain = SmallResNet(28, 10, 1).double(), PlainSmallResNet().double()
    shuffle_norms(model)
    plain.load_state_dict(model.state_dict())
    images = torch.randn(3, 1, 28, 28, dtype=torch.float64)
    expected = plain.train(training)(images)
    torch.testing.assert_close(model.train(training)(images), expected, atol=1e-11, rtol=1e-8)


def test_frozen_weights_that_are_loaded_later_are_the_ones_used() -> None:
    model, other = ResNet18(32, 10, TRUNK), ResNet18(32, 10, TRUNK)
    images = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        model.eval()(images)
        model.load_state_dict(other.state_dict())
        assert torch.equal(model(images), other.eval()(images))


def test_the_registry_builds_each_model_and_knows_its_name_without_torch() -> None:
    for name, architecture in architectures.ARCHITECTURES.items():
        config = validated({"model": name, "pretrained": architecture.only_pretrained})
        logits = architectures.build(config).eval()(torch.zeros(2, 1, config.input_size, config.input_size))
        assert logits.shape == (2, 10)
    without_torch = "import sys, core.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", without_torch], check=False).returncode == 0


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="cnn, resnet18"):
        validated({"model": "alexnet"})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "cnn", "pretrained": True}, "pretrained is not possible with model cnn"),
        ({"model": "cnn", "normalisation": "imagenet"}, "belongs to ImageNet's weights"),
    ],
)
def test_what_a_model_cannot_do_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        validated(values)


def test_a_config_may_ask_for_any_size_of_image() -> None:
    assert architectures.build(RunConfig(input_size=33)).eval()(torch.zeros(1, 1, 33, 33)).shape == (1, 10)
