"""The images that a run learns from, dealt out in batches, and those that it is validated on."""

from collections.abc import Iterator

import torch
from torch import Tensor

from core.config import RunConfig
from core.data.fashion_mnist import FashionMNIST, split_for
from core.data.preprocessing import resize
from core.learning.learner import Learner, generator_at

LARGEST_KEPT_SIZE = 48
"""Side of the largest images, in pixels, that are resized once and kept: 54,000 of them take 124 MB."""


class Batches:
    """What a run learns from, in an order that depends on its seed and the epoch alone.

    `validation` holds the images uint8 (n, 28, 28) and labels (n,) that are kept aside.
    """

    def __init__(self, config: RunConfig, data: FashionMNIST, device: torch.device) -> None:
        training, validation = split_for(config, data.train_labels)
        images = torch.from_numpy(data.train_images[training]).to(device)
        self._images = resize(images, config.input_size) if config.input_size <= LARGEST_KEPT_SIZE else images
        self._labels = torch.from_numpy(data.train_labels[training]).to(device)
        self._config = config
        self.validation = (data.train_images[validation], data.train_labels[validation])

    @property
    def per_epoch(self) -> int:
        """How many batches an epoch has. A last batch of a single image is left out: batch norm needs two."""
        whole, rest = divmod(len(self._labels), self._config.batch_size)
        return whole + (rest > 1)

    def prepared(self, learner: Learner, epoch: int, done: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Each batch of an epoch (counted from 1) past those that are `done`, as `learner` takes it, with its labels.

        What is prepared together does not depend on where a run was interrupted, nor do the random numbers, which are
        drawn anew for each batch.
        """
        batches = self._dealt(epoch)
        size = learner.batches_at_once
        for start in range(done - done % size, len(batches), size):
            group = batches[start : start + size]
            generators = [generator_at(self._config.seed, epoch, start + place) for place in range(1, len(group) + 1)]
            prepared = learner.prepare([self._images[indices] for indices in group], generators)
            labels = [self._labels[indices] for indices in group]
            yield from list(zip(prepared, labels, strict=True))[max(0, done - start) :]

    def _dealt(self, epoch: int) -> list[Tensor]:
        order = torch.randperm(len(self._labels), generator=generator_at(self._config.seed, epoch))
        return list(order.split(self._config.batch_size))[: self.per_epoch]
