"""Suspect labels: as cleanlab finds them, and planted errors are found."""

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from core.statistics.label_errors import NO_CLASS, confident_class, label_quality
from core.statistics.metrics import confusion_matrix
from tests import stores

TRUTH = stores.labels()


def probabilities_of(seed: int) -> np.ndarray:
    """Probabilities (10,000, 10) as a CNN gives them."""
    return np.exp(stores.log_probabilities("cnn", seed, TRUTH).astype(np.float64))


def mislabelled(share: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share is drawn anew, never as the true one, and the mask of those."""
    random = np.random.default_rng(0)
    wrong = random.random(len(TRUTH)) < share
    return np.where(wrong, (TRUTH + random.integers(1, 10, len(TRUTH))) % 10, TRUTH), wrong


@pytest.mark.parametrize("seed", range(3))
def test_suspects_confident_joint_and_scores_are_those_of_cleanlab(seed: int) -> None:
    labels, probabilities = mislabelled(0.02)[0], probabilities_of(seed)
    quality = label_quality(labels, probabilities)
    expected = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    assert np.array_equal(quality.suspect, expected)
    counted = confident_class(labels, probabilities)
    joint = confusion_matrix(labels[counted != NO_CLASS], counted[counted != NO_CLASS], probabilities.shape[1])
    assert np.array_equal(joint, compute_confident_joint(labels, probabilities, calibrate=False))
    for method, ours in (("normalized_margin", quality.trust), ("self_confidence", quality.self_confidence)):
        assert ours == pytest.approx(get_label_quality_scores(labels, probabilities, method=method))


def test_the_order_is_that_of_cleanlab() -> None:
    labels, probabilities = mislabelled(0.02)[0], probabilities_of(0)
    expected = find_label_issues(
        labels,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,
    )
    assert np.array_equal(label_quality(labels, probabilities).ranked, expected)


def test_most_planted_label_errors_are_found_with_the_class_that_they_had() -> None:
    labels, wrong = mislabelled(0.03)
    before = label_quality(TRUTH, probabilities_of(0)).suspect
    quality = label_quality(labels, probabilities_of(0))
    recall = np.mean(quality.suspect[wrong])
    precision = np.mean(wrong[quality.suspect & ~before])
    first = np.mean(wrong[quality.ranked[: np.count_nonzero(wrong)]])
    assert recall > 0.7
    assert precision > 0.85
    assert first > 0.6
    assert np.mean(quality.suggested[wrong & quality.suspect] == TRUTH[wrong & quality.suspect]) > 0.95


def test_a_label_that_the_model_prefers_is_never_suspect() -> None:
    quality = label_quality(TRUTH, probabilities_of(1))
    assert quality.trust[quality.suspect].max() < 0.5
    assert np.array_equal(quality.suggested == NO_CLASS, ~quality.suspect)


def test_where_the_model_is_certain_and_agrees_nothing_is_suspect() -> None:
    labels = np.arange(10)
    quality = label_quality(labels, np.eye(10))
    assert not quality.suspect.any()
    assert quality.trust.tolist() == [1.0] * 10


def test_probabilities_that_are_all_equal_accuse_nobody() -> None:
    quality = label_quality(np.arange(30) % 10, np.full((30, 10), 0.1))
    assert quality.trust.tolist() == [0.5] * 30
    assert np.count_nonzero(quality.suspect) == 0


def test_classes_without_images_and_no_images_at_all_are_no_trouble() -> None:
    two = label_quality(np.array([0, 0, 1]), np.eye(10)[[0, 1, 1]])
    assert two.suspect.tolist() == [False, True, False]
    assert label_quality(np.zeros(0, np.int64), np.zeros((0, 10))).ranked.tolist() == []
