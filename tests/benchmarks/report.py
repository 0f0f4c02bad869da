"""The report's training pipelines as its listings give them: the baseline that our speed is measured against.

Transforms of Pillow images one by one, torchvision's FashionMNIST, a DataLoader, plain Adam, batches of 64. The
listing leaves batch norm out of the CNN while the report's text has it; it is in here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, models, transforms

BATCH_SIZE = 64
TEST_BATCH_SIZE = 500


class ConvNet(nn.Module):
    """The report's CNN."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1, self.layer2 = _block(1, 32), _block(32, 64)
        self.fc1, self.leaky_relu, self.fc2 = nn.Linear(64 * 7 * 7, 1000), nn.LeakyReLU(0.01), nn.Linear(1000, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, 10) of the images (n, 1, 28, 28)."""
        return self.fc2(self.leaky_relu(self.fc1(self.layer2(self.layer1(images)).flatten(1))))


def _block(channels_in: int, channels_out: int) -> nn.Sequential:
    conv = nn.Conv2d(channels_in, channels_out, 5, padding=2)
    return nn.Sequential(conv, nn.BatchNorm2d(channels_out), nn.LeakyReLU(0.01), nn.MaxPool2d(2, 2))


def _rgb(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


class ReportPipeline:
    """One of the report's two models with its data and optimizer.

    With `split`, the numbers of images to learn from and of those for validation, it leaves the latter out.
    """

    def __init__(
        self,
        name: str,
        data: Path,
        weights: Path | None,
        split: tuple[Sequence[int], Sequence[int]] | None = None,
    ) -> None:
        channels = 1 if name == "cnn" else 3
        head = [] if name == "cnn" else [transforms.Lambda(_rgb), transforms.Resize((32, 32))]
        augment = [transforms.RandomHorizontalFlip(), transforms.RandomRotation(10)]
        jitter = [] if name == "cnn" else [transforms.ColorJitter(0.2, 0.2, 0.2, 0.1)]
        tail = [transforms.ToTensor(), transforms.Normalize([0.5] * channels, [0.5] * channels)]
        self.train_data: Dataset[Any] = _images(data, True, [*head, *augment, *jitter, *tail])
        self._test_data = _images(data, False, [*head, *tail])
        if split:
            self.train_data = Subset(self.train_data, split[0])
            self._validation_data = Subset(_images(data, True, [*head, *tail]), split[1])
        self.model = ConvNet() if name == "cnn" else _resnet18(weights)
        if name == "cnn":
            self._optimizer = optim.Adam(self.model.parameters(), lr=1e-3)
        else:
            self._optimizer = optim.Adam(self.model.parameters(), lr=1e-4, weight_decay=1e-4)
        self._criterion = nn.CrossEntropyLoss()

    def steps(self) -> Iterator[int]:
        """Train; after every step, how many images it had. Ends after one epoch."""
        self.model.train()
        for module in _frozen_norms(self.model):
            module.eval()
        for images, labels in DataLoader(self.train_data, batch_size=BATCH_SIZE, shuffle=True):
            self._optimizer.zero_grad()
            self._criterion(self.model(images), labels).backward()
            self._optimizer.step()
            yield len(labels)

    def evaluate(self) -> float:
        """Share of right answers on the 10,000 test images."""
        return self._loss_and_accuracy(self._test_data)[1]

    def validate(self) -> float:
        """Mean loss on the validation images of the split."""
        return self._loss_and_accuracy(self._validation_data)[0]

    @torch.inference_mode()
    def _loss_and_accuracy(self, data: Dataset[Any]) -> tuple[float, float]:
        self.model.eval()
        loss, right, count = 0.0, 0, 0
        for images, labels in DataLoader(data, batch_size=TEST_BATCH_SIZE):
            logits = self.model(images)
            loss += float(self._criterion(logits, labels)) * len(labels)
            right += int((logits.argmax(1) == labels).sum())
            count += len(labels)
        return loss / count, right / count


def _images(data: Path, train: bool, steps: list[Any]) -> datasets.FashionMNIST:
    return datasets.FashionMNIST(str(data), train=train, transform=transforms.Compose(steps))


def _resnet18(weights: Path | None) -> nn.Module:
    model = models.resnet18(weights=None)
    if weights:
        model.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    model.requires_grad_(False)
    model.layer4.requires_grad_(True)
    model.fc = nn.Linear(model.fc.in_features, 10)
    return model


def _frozen_norms(model: nn.Module) -> list[nn.Module]:
    norms = (module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    return [norm for norm in norms if not norm.weight.requires_grad]
