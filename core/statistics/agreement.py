"""Two models on the same images: who is right where.

Answers may be given as probabilities (n, k) or as the labels predicted from them (n,).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics.metrics import Labels, predictions

Answers = NDArray[Any]

OUTCOMES = ("both right", "only A right", "only B right", "both wrong")


def predicted(answers: Answers) -> NDArray[Any]:
    """The predicted labels (n,) of answers in either form."""
    return predictions(answers) if answers.ndim == 2 else answers


def right(labels: Labels, answers: Answers) -> NDArray[np.bool_]:
    """Which images are predicted right, (n,); raises ValueError when the answers are not one for each label."""
    predicted_labels = predicted(answers)
    if predicted_labels.shape != labels.shape:
        raise ValueError(f"{len(predicted_labels)} answers do not belong to {len(labels)} labels")
    return np.asarray(predicted_labels == labels)


def outcomes(labels: Labels, answers_a: Answers, answers_b: Answers) -> NDArray[np.int64]:
    """For each image the place of its outcome in OUTCOMES, (n,), so that the images behind a count can be shown."""
    right_a, right_b = right(labels, answers_a), right(labels, answers_b)
    return np.select([right_a & right_b, right_a, right_b], [0, 1, 2], 3).astype(np.int64)
