"""Predictions for a run's own images by models that did not learn from them, where validation images are few.

A linear layer on frozen features is learnt again in a second: five times, each time without a fifth of the images.
What the five predict of those tells how far the run itself can be relied on (cross-validation, Stone 1974; for sets of
classes Vovk 2015, "Cross-conformal predictors").
"""

from dataclasses import dataclass

import numpy as np
import torch

from core import architectures
from core.config import RunConfig
from core.data.data_set import DataSet
from core.data.splits import fold_split
from core.learning.batches import Batches
from core.learning.evaluation import log_probabilities_of_fronts
from core.learning.fronts import Fronts
from core.learning.learner import Learner, class_weights, generator_at
from core.machine.device import single_thread
from core.models.staged import StagedModel
from core.models.transfer import Transfer

FOLDS = 5
MOST_IMAGES = 2_000
"""Of more, a tenth is enough validation images to tell by."""


@dataclass(frozen=True)
class HeldOut:
    """Training images by their places (n,), and what is predicted of each by a model that did not learn from it.

    `logs` are logarithms of the probabilities, float32 (n, classes); `features` (n, d) are those of the run's model,
    `parts` (n,) the number of the model that predicted each.
    """

    places: np.ndarray
    logs: np.ndarray
    features: np.ndarray
    parts: np.ndarray


def held_out_of(config: RunConfig, batches: Batches, learner: Learner, model: StagedModel) -> HeldOut | None:
    """Of the images that a run learnt from, and was validated on unless that is its fold.

    None for models of which more than a linear layer learns, for more than MOST_IMAGES, and where the frozen layers'
    features are not kept.
    """
    data = batches.data
    places = batches.learnt_from if config.folds else np.union1d(batches.learnt_from, batches.validated_on)
    if not isinstance(model, Transfer) or len(places) > MOST_IMAGES:
        return None
    fronts = batches.fronts(learner)
    if fronts is None:
        return None
    labels = data.train_labels[places]
    groups = None if data.train_groups is None else data.train_groups[places]
    logs = np.full((len(places), len(data.classes)), -np.log(len(data.classes)), np.float32)
    parts = np.zeros(len(places), np.int64)
    for fold in range(1, FOLDS + 1):
        learnt, asked = fold_split(labels, config.seed, FOLDS, fold, None, groups)
        parts[asked] = fold
        if len(learnt) > 1 and len(asked):
            with single_thread():
                without = _learnt(config, data, fronts, places[learnt], learner.device)
            logs[asked] = log_probabilities_of_fronts(without, fronts.at(places[asked]), config)
    return HeldOut(places, logs, _features(config, model, fronts, places), parts)


def _learnt(config: RunConfig, data: DataSet, fronts: Fronts, places: np.ndarray, device: torch.device) -> StagedModel:
    """A model that learnt as the run did from the images at these places alone."""
    torch.manual_seed(config.seed)
    model = architectures.build(config, len(data.classes), colour=data.is_colour)
    labels = torch.from_numpy(data.train_labels[places]).to(device)
    weights = class_weights(config, data.train_labels[places], len(data.classes))
    learner = Learner(model, config, device, afresh=("fc",), class_weights=weights)
    for epoch in range(1, config.epochs + 1):
        learner.begin_epoch()
        order = torch.randperm(len(places), generator=generator_at(config.seed, epoch))
        batches = [batch for batch in order.split(config.batch_size) if len(batch) > 1]
        for number, batch in enumerate(batches):
            learner.set_rate(epoch, number / len(batches))
            views = learner.choose_fronts(
                fronts.at(places[batch.numpy()]), generator_at(config.seed, epoch, number + 1)
            )
            learner.step(views, labels[batch.to(device)])
    return learner.result.eval()


def _features(config: RunConfig, model: Transfer, fronts: Fronts, places: np.ndarray) -> np.ndarray:
    """What the model's last layer decides by (n, d): with test-time flips the mean of an image's and its mirror's."""
    views = fronts.at(places)
    votes = views if config.test_time_flips else views[:1]
    with torch.no_grad():
        features = torch.stack([model.to(votes.device).standardised(view).float() for view in votes]).mean(0)
    return np.asarray(features.cpu().numpy())
