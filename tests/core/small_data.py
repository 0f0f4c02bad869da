"""A small Fashion-MNIST for tests: ten patterns that a model can learn, with noise."""

import numpy as np

from core.classes import CLASS_NAMES
from core.config import FASHION_MNIST
from core.data.data_set import DataSet


def small_data(train: int = 1200, test: int = 200) -> DataSet:
    """As many training and test images, classes in equal parts, always the same."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 200, (10, 7, 7))
    patterns = coarse.repeat(4, axis=1).repeat(4, axis=2)

    def images(labels: np.ndarray) -> np.ndarray:
        noisy = patterns[labels] + random.integers(-40, 56, (len(labels), 28, 28))
        return noisy.clip(0, 255).astype(np.uint8)

    train_labels, test_labels = np.arange(train) % 10, np.arange(test) % 10
    return DataSet(
        FASHION_MNIST,
        "Fashion-MNIST",
        CLASS_NAMES,
        images(train_labels),
        train_labels,
        images(test_labels),
        test_labels,
    )
