"""What a trained run predicts with from now on: its best weights, its companions, and the thresholds of its verdict."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.answers.answering import Answering
from core.answers.companions import Companions, best_share, mixed
from core.answers.item_views import training_views
from core.answers.verdict import Thresholds
from core.answers.verdict_fitting import fit_thresholds, fit_to_pictures
from core.config import FASHION_MNIST, RunConfig
from core.learning.cross_fitting import held_out_of
from core.learning.training import Training

_AT_ONCE = 100
"""Images of one's own whose views are made together: those of 224 pixels in colour take 60 MB."""


def end_of(
    training: Training, config: RunConfig, companion_files: Sequence[Path]
) -> tuple[Answering, Thresholds | None]:
    """How a run answers that is trained, with companions of these model files, and its thresholds if they can be told.

    For pictures of one's own the share of the companions is the one that is best for images that were held out.
    Raise CheckpointError where a file is gone or damaged, or the classes are not those that companions know.
    """
    data = training.batches.data
    companions = Companions.of_files(companion_files, data.classes) if companion_files else None
    answering = Answering(training.load_best(), config, companions)
    if config.data == FASHION_MNIST:
        return answering, fit_thresholds(answering, *training.validation, len(data.classes))
    places, logs, features, parts = _held_out(training, answering)
    labels = data.train_labels[places]
    if companions is not None:
        theirs = companions.of_photos(training_views(data)[places], calibrated=True)
        share = best_share(logs, theirs, labels)
        answering = replace(answering, companions=replace(companions, share=share))
        logs = mixed(logs, theirs, share)
    return answering, fit_to_pictures(logs, features, labels, parts)


def _held_out(training: Training, answering: Answering) -> tuple[np.ndarray, ...]:
    """Places of training images that were not learnt from, the model's own logarithms and features of them, and parts.

    Each part was held out together; validation images are halved in the order of their classes.
    """
    held_out = held_out_of(answering.config, training.batches, training.learner, answering.model)
    if held_out is not None:
        return held_out.places, held_out.logs, held_out.features, held_out.parts
    alone = replace(answering, companions=None)
    images, labels = training.validation
    pieces = [images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE)]
    answers = [alone.of_views(piece, piece) for piece in pieces]
    logs, features = map(np.concatenate, zip(*answers, strict=True))
    parts = np.empty(len(labels), np.int64)
    parts[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % 2
    return training.batches.validated_on, logs, features, parts
