"""From when on a model's answers about photos can be relied on: the thresholds of its verdict, chosen when a run ends.

Nothing of the test images and no photo is used, but validation images, which the model did not learn from. Those of
Fashion-MNIST are changed as the augmentation for photos changes them, and pictures of nothing in particular are drawn.
Pictures of one's own are taken as they are, for so are the photos that such a model is asked about.
"""

from dataclasses import replace

import numpy as np
import torch
from scipy.special import softmax

from core.answers.class_sets import COVERAGE
from core.answers.non_items import draw_non_items
from core.answers.verdict import LEAST_IMAGES, Thresholds
from core.answers.voting import vote
from core.config import FASHION_MNIST, RunConfig
from core.learning.learner import generator_at
from core.learning.photo_augmentation import photograph
from core.models.staged import StagedModel
from core.statistics.calibration import fit_temperature
from core.statistics.conformal import set_threshold

DIMENSIONS = 64
"""Directions of the features that distances are measured in: those in which items differ most."""
LARGEST_ERROR = 0.02
"""Share of wrong answers among the sure ones. Photos are harder than the images it is chosen on: 5 % are asked for."""
LARGEST_ERROR_OF_OWN = 0.05
"""The same for pictures of one's own, one wrong answer more than was seen allowed for: a promise for a new picture
(Angelopoulos and others 2022, "Conformal risk control")."""
LARGEST_FALSE_SURE = 0.04
"""Share of pictures of nothing that may be called sure."""
PHOTO_LIKE_COVERAGE = 0.90
"""Share of the changed images whose set of classes holds the truth."""
NEAR, FAR = 0.95, 0.998
"""Shares of the items that are nearer than the two distances."""
MOST_IMAGES = 3000
LEAST_OF_A_CLASS = 20
LEAST_OF_OWN_CLASS = 2
_NEVER = 2.0
"""A confidence that no answer has."""
_CONFIDENCES = np.concatenate([np.arange(0.5, 0.95, 0.01), np.arange(0.95, 0.9995, 0.001)])
_AT_ONCE = 100
"""Images of one's own whose views are made together: those of 224 pixels in colour take 60 MB."""
_SHRINKAGE = 1e-3


def fit_thresholds(
    model: StagedModel, config: RunConfig, images: np.ndarray, labels: np.ndarray, classes: int
) -> Thresholds | None:
    """The thresholds by at most MOST_IMAGES of the validation images uint8 (n, s, s) with labels (n,).

    Half of them say where the classes lie, the rest where the thresholds do; None if they are too few to tell. Images
    of one's own may be in colour, (n, s, s, 3).
    """
    chosen = torch.randperm(len(labels), generator=generator_at(config.seed, 0, 3)).numpy()[:MOST_IMAGES]
    images, labels = images[chosen], labels[chosen]
    placing, judging = slice(0, len(labels) // 2), slice(len(labels) // 2, None)
    members = np.bincount(labels[placing], minlength=classes)
    if config.data != FASHION_MNIST:
        enough = len(labels) >= LEAST_IMAGES and members.min() >= LEAST_OF_OWN_CLASS
        return _fit_to_pictures(model, config, images, labels) if enough else None
    if members.min() < LEAST_OF_A_CLASS:
        return None
    changed = photograph(torch.from_numpy(np.array(images)), generator_at(config.seed, 0, 1)).numpy()
    logs, features = vote(model, changed, config)
    centre, projection, means = _class_places(features[placing], labels[placing])
    nothing = draw_non_items(torch.from_numpy(np.array(images[judging])), generator_at(config.seed, 0, 2)).numpy()
    said_of_nothing, seen_of_nothing = vote(model, nothing, config)
    leaning = _leaning(said_of_nothing, config)
    unset = Thresholds(1.0, centre, projection, means, least_confidence=_NEVER, near=0.0, far=0.0, leaning=leaning)
    upright = unset.calibrated(logs[judging])
    unset = replace(unset, temperature=fit_temperature(labels[judging], upright).value)
    near, far = np.quantile(unset.distances(features[judging]), [NEAR, FAR])
    items = _confidences(unset, logs[judging], features[judging], near)
    others = _confidences(unset, said_of_nothing, seen_of_nothing, near)
    right = upright.argmax(axis=1) == labels[judging]
    return replace(
        unset,
        least_confidence=_least_confidence(items, right, others),
        near=float(near),
        far=float(far),
        set_threshold=set_threshold(labels[judging], unset.calibrated(logs[judging]), PHOTO_LIKE_COVERAGE),
    )


def _fit_to_pictures(model: StagedModel, config: RunConfig, images: np.ndarray, labels: np.ndarray) -> Thresholds:
    """The thresholds by images as they are, with the promise of LARGEST_ERROR_OF_OWN."""
    parts = [vote(model, images[start : start + _AT_ONCE], config) for start in range(0, len(images), _AT_ONCE)]
    logs, features = map(np.concatenate, zip(*parts, strict=True))
    half = len(labels) // 2
    centre, projection, means = _class_places(features[:half], labels[:half])
    logs, features, labels = logs[half:], features[half:], labels[half:]
    leaning = np.zeros(logs.shape[1], np.float32)
    unset = Thresholds(1.0, centre, projection, means, least_confidence=_NEVER, near=0.0, far=0.0, leaning=leaning)
    unset = replace(unset, temperature=fit_temperature(labels, unset.calibrated(logs)).value)
    near, far = np.quantile(unset.distances(features), [NEAR, FAR])
    items = _confidences(unset, logs, features, near)
    wrong = logs.argmax(axis=1) != labels
    kept = (c for c in _CONFIDENCES if _keeps_promise(wrong[items >= c]))
    return replace(
        unset,
        least_confidence=float(next(kept, _NEVER)),
        near=float(near),
        far=float(far),
        set_threshold=set_threshold(labels, unset.calibrated(logs), COVERAGE),
    )


def _keeps_promise(wrong: np.ndarray) -> bool:
    """Whether answers (n,), which are wrong or not, say that a new one like them is right often enough."""
    return bool(np.count_nonzero(wrong) + 1 <= LARGEST_ERROR_OF_OWN * (len(wrong) + 1))


def _leaning(said_of_nothing: np.ndarray, config: RunConfig) -> np.ndarray:
    """Logarithms (classes,) of the mean probabilities given to pictures of nothing, by their logarithms (n, classes).

    0 for a model that has not learnt what photos bring: to it most photos are strange, and clear ones would suffer.
    """
    if config.augmentation != "photo":
        return np.zeros(said_of_nothing.shape[1], np.float32)
    return np.log(softmax(said_of_nothing, axis=1).mean(axis=0))


def _class_places(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre (d,), projection (d, k) and class means (classes, k) such that each class spreads by 1 in all directions.

    Principal components first, then whitened by the covariance within the classes (Lee and others 2018).
    """
    # Takes a second to import, and no page needs it.
    from sklearn.decomposition import PCA

    axes = PCA(min(DIMENSIONS, *features.shape), svd_solver="covariance_eigh").fit(features)
    places = axes.transform(features)
    means = np.stack([places[labels == label].mean(axis=0) for label in range(int(labels.max()) + 1)])
    within = np.cov((places - means[labels]).T) + _SHRINKAGE * np.eye(places.shape[1])
    whitening = np.linalg.inv(np.linalg.cholesky(within)).T
    projection = axes.components_.T @ whitening
    return axes.mean_, projection.astype(np.float32), (means @ whitening).astype(np.float32)


def _confidences(thresholds: Thresholds, logs: np.ndarray, features: np.ndarray, near: float) -> np.ndarray:
    """Confidence (n,) of each answer, 0 for what is too far from every class to be sure about."""
    confidence = thresholds.calibrated(logs).max(axis=1)
    return np.where(thresholds.distances(features) <= near, confidence, 0.0)


def _least_confidence(items: np.ndarray, right: np.ndarray, others: np.ndarray) -> float:
    """The smallest confidence that keeps both promises; above 1, so that nothing is sure, where none does."""
    for confidence in _CONFIDENCES:
        sure = items >= confidence
        if (
            (others >= confidence).mean() <= LARGEST_FALSE_SURE
            and sure.any()
            and (~right[sure]).mean() <= LARGEST_ERROR
        ):
            return float(confidence)
    return _NEVER
