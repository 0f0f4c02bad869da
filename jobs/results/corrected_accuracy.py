"""The accuracy of runs on the test labels that they were tested by, and on those of a version that corrects them."""

from collections.abc import Mapping

import numpy as np

from core.datasets.health import TEST
from core.datasets.storing import Content
from core.statistics.subsets import Subset
from jobs.store.records import Predictions


def old_and_corrected(
    answers: Mapping[str, Predictions],
    labels: tuple[str, str],
    contents: tuple[Content, Content],
    pairs: np.ndarray,
) -> list[Subset]:
    """Runs by name on all test images of a version, and on those that a corrected version keeps, by both their labels.

    `labels` say what the two versions are called, `contents` what they hold; `pairs` (m, 2) are the places of each
    image that is in both, as of differing.matched. Nothing of the runs changes.
    """
    old, new = contents
    learnt = int(np.count_nonzero(old.splits != TEST))
    places = pairs[(old.splits[pairs[:, 0]] == TEST) & (new.splits[pairs[:, 1]] == TEST)]
    stay, corrected = places[:, 0] - learnt, new.labels[places[:, 1]]
    truth = old.labels[learnt:]
    return [
        Subset(f"All, labels of {labels[0]}", len(truth), _right(answers, np.arange(len(truth)), truth)),
        Subset(f"Those that stay, labels of {labels[0]}", len(stay), _right(answers, stay, truth[stay])),
        Subset(f"Those that stay, labels of {labels[1]}", len(stay), _right(answers, stay, corrected)),
    ]


def _right(answers: Mapping[str, Predictions], places: np.ndarray, labels: np.ndarray) -> dict[str, int]:
    return {name: int(np.count_nonzero(tested.predicted[places] == labels)) for name, tested in answers.items()}
