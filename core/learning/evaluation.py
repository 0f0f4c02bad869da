"""What a trained model says about images: log-probabilities, loss and accuracy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.class_means import balanced_accuracy, macro_f1
from core.config import RunConfig
from core.data.preprocessing import images_at_once, to_input
from core.machine.precision import arithmetic

BATCH_SIZE = 500


@dataclass(frozen=True)
class Measured:
    """How a model does on labelled images: mean cross-entropy in nats, the others from 0 to 1."""

    loss: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float


def log_probabilities(
    model: nn.Module, images: np.ndarray, config: RunConfig, batch_size: int = BATCH_SIZE
) -> np.ndarray:
    """Natural logarithms of the probabilities, float32 (n, classes), of images uint8 (n, h, h) or (n, h, h, 3)."""

    def ask(inputs: Tensor) -> tuple[Tensor]:
        return (log_softmax(answer(model, inputs, config)),)

    (logs,) = in_batches(ask, model, images, config, batch_size)
    return logs


def log_probabilities_of_fronts(model: nn.Module, fronts: Tensor, config: RunConfig) -> np.ndarray:
    """The same of what frozen layers make of images and, with test-time flips, of mirror images (v, n, ...)."""
    votes = fronts if config.test_time_flips else fronts[:1]
    rest = cast(Callable[[Tensor], Tensor], model.rest)
    with torch.no_grad(), _evaluating(model), arithmetic(config, fronts.device):
        logits = torch.stack([rest(view).float() for view in votes]).mean(0)
    return np.asarray(log_softmax(logits).cpu().numpy())


def in_batches(
    ask: Callable[[Tensor], tuple[Tensor, ...]], model: nn.Module, images: np.ndarray, config: RunConfig, size: int
) -> tuple[np.ndarray, ...]:
    """What `ask` returns for the inputs (size, c, s, s) of images uint8 (n, h, h) or (n, h, h, 3), joined to (n, ...).

    The model is in evaluation mode meanwhile, and afterwards in the mode that it was in before.
    """
    if not len(images):
        # Asked about a blank image, so that the parts have the shapes that they have of others.
        blank = np.zeros((1, *images.shape[1:]), np.uint8)
        return tuple(part[:0] for part in in_batches(ask, model, blank, config, size))
    device, size = device_of(model), images_at_once(config, size)
    results = []
    with torch.no_grad(), _evaluating(model):
        for start in range(0, len(images), size):
            inputs = to_input(torch.from_numpy(np.array(images[start : start + size])).to(device), config)
            with arithmetic(config, device):
                results.append([part.cpu().numpy() for part in ask(inputs)])
    return tuple(map(np.concatenate, zip(*results, strict=True)))


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Nothing is set in a model that is in evaluation mode already: other threads may be asking it."""
    if not model.training:
        yield
        return
    model.eval()
    try:
        yield
    finally:
        model.train()


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are."""
    return next(model.parameters()).device


def log_softmax(logits: Tensor) -> Tensor:
    """Natural logarithms of the probabilities (n, classes) of logits (n, classes), in float32."""
    return F.log_softmax(logits.float(), dim=1)


def answer(model: nn.Module, inputs: Tensor, config: RunConfig) -> Tensor:
    """The logits, float32 (n, classes), that a run of this configuration says of inputs (n, c, s, s).

    The model is called once: with test-time flips with the inputs and after them their mirror images.
    """
    logits = model(with_flips(inputs, config)).float()
    return mean_of_flips(logits) if config.test_time_flips else logits


def with_flips(inputs: Tensor, config: RunConfig) -> Tensor:
    """The inputs (n, c, s, s) and, with test-time flips, after them their mirror images (2 n, c, s, s)."""
    return torch.cat((inputs, inputs.flip(-1))) if config.test_time_flips else inputs


def mean_of_flips(values: Tensor) -> Tensor:
    """The mean (n, d) of values for n images and, after them, for their mirror images (2 n, d)."""
    return values.unflatten(0, (2, -1)).mean(0)


def measure(
    model: nn.Module, images: np.ndarray, labels: np.ndarray, config: RunConfig, batch_size: int = BATCH_SIZE
) -> Measured:
    """How the model does on the images uint8 (n, h, h) or (n, h, h, 3) with labels (n,); n is at least 1."""
    return measured(log_probabilities(model, images, config, batch_size), labels)


def measured(logs: np.ndarray, labels: np.ndarray) -> Measured:
    """How right log-probabilities (n, classes) are where the labels are these (n,); n is at least 1."""
    loss = -logs[np.arange(len(labels)), labels].mean(dtype=np.float64)
    predicted = logs.argmax(1)
    classes = logs.shape[1]
    matrix = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    return Measured(
        float(loss), float((predicted == labels).mean()), balanced_accuracy(matrix) or 0.0, macro_f1(matrix) or 0.0
    )
