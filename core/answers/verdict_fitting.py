"""From when on a model's answers about photos can be relied on: the thresholds of its verdict, chosen when a run ends.

Nothing of the test images and no photo is used, but validation images, which the model did not learn from. Those of
Fashion-MNIST are changed as the augmentation for photos changes them, and pictures of nothing in particular are drawn.
Pictures of one's own are taken as they are, for so are the photos that such a model is asked about.
"""

from dataclasses import replace

import numpy as np
import torch
from scipy.special import softmax

from core.answers.answering import Answering
from core.answers.class_sets import COVERAGE
from core.answers.non_items import draw_non_items
from core.answers.verdict import LEAST_IMAGES, Thresholds
from core.config import RunConfig
from core.learning.learner import generator_at
from core.learning.photo_augmentation import photograph
from core.statistics.calibration import fit_temperature
from core.statistics.conformal import set_threshold

DIMENSIONS = 64
"""Directions of the features that distances are measured in: those in which items differ most."""
LARGEST_ERROR = 0.02
"""Share of wrong answers among the sure ones. Photos are harder than the images it is chosen on: 5 % are asked for."""
LARGEST_ERROR_OF_OWN = 0.025
"""The same for pictures of one's own, one wrong answer more than was seen allowed for: a promise for a new picture
(Angelopoulos and others 2022, "Conformal risk control")."""
LARGEST_FALSE_SURE = 0.04
"""Share of pictures of nothing that may be called sure."""
PHOTO_LIKE_COVERAGE = 0.94
"""Share of the changed images whose set of classes holds the truth; of labelled photos, which are harder, 89 % do then
(docs/measured.md)."""
NEAR, FAR = 0.95, 0.998
FAR_OF_OWN = 0.99
"""Shares of the items that are nearer than the two distances; the last of pictures of one's own: beyond it lay 3 % of
459 photos of clothes from sources that were held out, and 63 % of 81 pictures of other things (docs/measured.md)."""
PHOTO_ODDS = (0.4, 0.05, 0.5, -0.1, -0.7, 0.3, -0.1, 0.05, -0.85, 0.4)
"""Logarithms of odds, by class, that real photos have beyond what models say that learnt from imitated ones: these call
too much Coat or Bag, and too little Pullover, T-shirt or ankle boot. The mean fit of one constant a class to seven
models of three architectures; chosen by folds of sources of 480 labelled photos (docs/measured.md)."""
MOST_IMAGES = 3000
LEAST_OF_A_CLASS = 20
LEAST_OF_OWN_CLASS = 2
_NEVER = 2.0
"""A confidence that no answer has."""
_CONFIDENCES = np.concatenate([np.arange(0.5, 0.95, 0.01), np.arange(0.95, 0.9995, 0.001)])
_SHRINKAGE = 1e-3


def fit_thresholds(answering: Answering, images: np.ndarray, labels: np.ndarray, classes: int) -> Thresholds | None:
    """The thresholds by at most MOST_IMAGES of Fashion-MNIST's validation images uint8 (n, 28, 28) with labels (n,).

    Half of them say where the classes lie, the rest where the thresholds do; None if they are too few to tell.
    """
    seed = answering.config.seed
    chosen = _shuffled(len(labels), seed)[:MOST_IMAGES]
    images, labels = images[chosen], labels[chosen]
    placing, judging = slice(0, len(labels) // 2), slice(len(labels) // 2, None)
    if np.bincount(labels[placing], minlength=classes).min() < LEAST_OF_A_CLASS:
        return None
    changed = photograph(torch.from_numpy(np.array(images)), generator_at(seed, 0, 1)).numpy()
    logs, features = answering.of_views(changed, changed)
    nothing = draw_non_items(torch.from_numpy(np.array(images[judging])), generator_at(seed, 0, 2)).numpy()
    said_of_nothing, seen_of_nothing = answering.of_views(nothing, nothing)
    leaning = _leaning(said_of_nothing, answering.config)
    unset = _unset(features[placing], labels[placing], leaning)
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
        photo_odds=_photo_odds(answering.config),
    )


def fit_to_pictures(logs: np.ndarray, features: np.ndarray, labels: np.ndarray, parts: np.ndarray) -> Thresholds | None:
    """The thresholds for pictures of one's own, with the promise of LARGEST_ERROR_OF_OWN.

    By logarithms of probabilities (n, classes), features (n, d) and labels (n,) of images that were not learnt from;
    how far one of a part (n,) may be from the classes is told by where the others of each class are that are not of
    that part. None if they are too few to tell.
    """
    classes = logs.shape[1]
    others = [np.bincount(labels[parts != part], minlength=classes) for part in np.unique(parts)]
    if len(labels) < LEAST_IMAGES or np.min(others) < LEAST_OF_OWN_CLASS:
        return None
    level = np.zeros(classes, np.float32)
    distances = np.empty(len(labels))
    for part in np.unique(parts):
        rest, asked = parts != part, parts == part
        distances[asked] = _unset(features[rest], labels[rest], level).distances(features[asked])
    near, far = np.quantile(distances, [NEAR, FAR_OF_OWN])
    unset = _unset(features, labels, level)
    unset = replace(unset, temperature=fit_temperature(labels, unset.calibrated(logs)).value)
    items = np.where(distances <= near, unset.calibrated(logs).max(axis=1), 0.0)
    wrong = logs.argmax(axis=1) != labels
    kept = (c for c in _CONFIDENCES if _keeps_promise(wrong[items >= c]))
    return replace(
        unset,
        least_confidence=float(next(kept, _NEVER)),
        near=float(near),
        far=float(far),
        set_threshold=set_threshold(labels, unset.calibrated(logs), COVERAGE),
    )


def _shuffled(count: int, seed: int) -> np.ndarray:
    return torch.randperm(count, generator=generator_at(seed, 0, 3)).numpy()


def _unset(features: np.ndarray, labels: np.ndarray, leaning: np.ndarray) -> Thresholds:
    """Where the classes lie by features (n, d) with labels (n,), without a threshold yet."""
    centre, projection, means = _class_places(features, labels)
    return Thresholds(1.0, centre, projection, means, least_confidence=_NEVER, near=0.0, far=0.0, leaning=leaning)


def _keeps_promise(wrong: np.ndarray) -> bool:
    """Whether answers (n,), which are wrong or not, say that a new one like them is right often enough."""
    return bool(np.count_nonzero(wrong) + 1 <= LARGEST_ERROR_OF_OWN * (len(wrong) + 1))


def _photo_odds(config: RunConfig) -> np.ndarray:
    """PHOTO_ODDS for a model that has learnt what photos bring; none for others, which err in other ways."""
    return np.array(PHOTO_ODDS if config.augmentation == "photo" else 0, np.float32)


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

    # The covariance of more features than images is much the larger matrix.
    solver = "covariance_eigh" if features.shape[0] >= features.shape[1] else "full"
    axes = PCA(min(DIMENSIONS, *features.shape), svd_solver=solver).fit(features)
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
