"""What a trained model says about images: log-probabilities, loss and accuracy."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.classes import CLASS_COUNT
from core.config import RunConfig
from core.precision import arithmetic
from core.preprocessing import to_input

BATCH_SIZE = 500


def log_probabilities(
    model: nn.Module, images: np.ndarray, config: RunConfig, batch_size: int = BATCH_SIZE
) -> np.ndarray:
    """Natural logarithms of the ten probabilities, float32 (n, 10), of the grey images uint8 (n, 28, 28).

    Afterwards the model is in the mode (training or evaluation) that it was in before.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            starts = range(0, len(images), batch_size)
            results = [_log_probabilities(model, images[start : start + batch_size], config) for start in starts]
    finally:
        model.train(was_training)
    return np.concatenate(results) if results else np.empty((0, CLASS_COUNT), np.float32)


def _log_probabilities(model: nn.Module, images: np.ndarray, config: RunConfig) -> np.ndarray:
    device = next(model.parameters()).device
    inputs = to_input(torch.from_numpy(np.array(images)).to(device), config)
    with arithmetic(config, device):
        logits = answer(model, inputs, config)
    return F.log_softmax(logits, dim=1).cpu().numpy()


def answer(model: nn.Module, inputs: Tensor, config: RunConfig) -> Tensor:
    """The logits, float32 (n, 10), that a run of this configuration says of inputs (n, c, s, s).

    The model is called once: with test-time flips with the inputs and after them their mirror images.
    """
    if not config.test_time_flips:
        return model(inputs).float()
    return mean_of_flips(model(torch.cat((inputs, inputs.flip(-1)))).float())


def mean_of_flips(values: Tensor) -> Tensor:
    """The mean (n, d) of values for n images and, after them, for their mirror images (2 n, d)."""
    return values.unflatten(0, (2, -1)).mean(0)


def loss_and_accuracy(
    model: nn.Module, images: np.ndarray, labels: np.ndarray, config: RunConfig, batch_size: int = BATCH_SIZE
) -> tuple[float, float]:
    """Mean cross-entropy (nats) and share of right answers over the images (n, 28, 28) with labels (n,)."""
    logs = log_probabilities(model, images, config, batch_size)
    loss = -logs[np.arange(len(labels)), labels].mean(dtype=np.float64)
    return float(loss), float((logs.argmax(1) == labels).mean())
