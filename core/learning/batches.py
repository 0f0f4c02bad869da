"""The images that a run learns from, dealt out in batches, and those that it is validated on."""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from core.config import RunConfig, require_augmentable
from core.data.data_set import DataSet
from core.data.preprocessing import resize
from core.data.splits import split_for
from core.learning.evaluation import Measured, log_probabilities_of_fronts, measure, measured
from core.learning.fronts import Fronts, fronts_of
from core.learning.learner import Learner, generator_at

MOST_KEPT_BYTES = 128 * 2**20
"""What the images of a run may take in memory: 54,000 grey ones of 48x48 pixels have 124 MB."""
_AT_ONCE = 1_000


class Batches:
    """What a run learns from, in an order that depends on its seed and the epoch alone.

    `learnt_from` and `validated_on` are their places among the training images of `data`, ascending; `validation` holds
    the images uint8 (n, h, h) or (n, h, h, 3) and labels (n,) that are kept aside. Raise
    ConfigurationError where the data are too few, or of a kind that the configuration cannot do with.
    """

    def __init__(self, config: RunConfig, data: DataSet, device: torch.device) -> None:
        require_augmentable(config, colour=data.is_colour)
        training, validation = split_for(config, data)
        self.labels = data.train_labels[training]
        self._labels = torch.from_numpy(self.labels).to(device)
        self._config, self._device = config, device
        self.data, self.learnt_from, self.validated_on = data, training, validation
        self._fronts: Fronts | None = None
        self._sought_fronts = False
        self.validation = (data.train_images[validation], data.train_labels[validation])

    @cached_property
    def _images(self) -> Callable[[Tensor], Tensor]:
        return _reader(self.data.train_images, self.learnt_from, self._config.input_size, self._device)

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
        fronts = self.fronts(learner)
        if fronts is not None:
            for place, indices in enumerate(batches[done:], start=done + 1):
                generator = generator_at(self._config.seed, epoch, place)
                yield (
                    learner.choose_fronts(fronts.at(self.learnt_from[indices.numpy()]), generator),
                    self._labels[indices],
                )
            return
        size = learner.batches_at_once
        for start in range(done - done % size, len(batches), size):
            group = batches[start : start + size]
            generators = [generator_at(self._config.seed, epoch, start + place) for place in range(1, len(group) + 1)]
            prepared = learner.prepare([self._images(indices) for indices in group], generators)
            labels = [self._labels[indices] for indices in group]
            yield from list(zip(prepared, labels, strict=True))[max(0, done - start) :]

    def validate(self, learner: Learner) -> Measured:
        """How the model does on the validation images."""
        images, labels = self.validation
        fronts = self.fronts(learner)
        if fronts is None:
            return measure(learner.result, images, labels, self._config)
        logs = log_probabilities_of_fronts(learner.result, fronts.at(self.validated_on), self._config)
        return measured(logs, labels)

    def fronts(self, learner: Learner) -> Fronts | None:
        """What the frozen layers of the learner's model make of all these images, if that is kept."""
        if not self._sought_fronts:
            needed = np.union1d(self.learnt_from, self.validated_on)
            self._fronts, self._sought_fronts = fronts_of(learner, self._config, self.data, needed), True
        return self._fronts

    def _dealt(self, epoch: int) -> list[Tensor]:
        order = torch.randperm(len(self._labels), generator=generator_at(self._config.seed, epoch))
        return list(order.split(self._config.batch_size))[: self.per_epoch]


def _reader(images: np.ndarray, chosen: np.ndarray, size: int, device: torch.device) -> Callable[[Tensor], Tensor]:
    """What returns the images at some places among the chosen ones, on the device.

    Resized once and kept where there is room for that, else kept as they are, else read from the disk each time.
    """
    channels = images[0, 0, 0].size
    if len(chosen) * size * size * channels <= MOST_KEPT_BYTES:
        resized = [
            resize(_taken(images, part), size) for part in np.split(chosen, range(_AT_ONCE, len(chosen), _AT_ONCE))
        ]
        return torch.cat(resized).to(device).__getitem__
    if len(chosen) * images[0].size <= MOST_KEPT_BYTES:
        return _taken(images, chosen).to(device).__getitem__
    return lambda places: _taken(images, chosen[places.numpy()]).to(device)


def _taken(images: np.ndarray, places: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(images[places]))
