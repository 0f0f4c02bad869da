"""Predictions of a finished run on photo files: the same for the page and the command line. Imports torch."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from core.answers.class_sets import COVERAGE, SetCalibration
from core.answers.prediction import Answer, Predictor, predict_photos, rank
from core.answers.verdict import Judgement
from core.classes import CLASS_NAMES
from core.datasets import versions
from core.datasets.duplicates import shown_again
from core.datasets.health import TEST
from core.datasets.opening import read_content
from core.datasets.pixels.decoding import Square, decoded
from core.datasets.versions import Version
from core.errors import CheckpointError
from core.labelling.photo_labels import PhotoLabels
from core.machine.threads import in_order
from core.photos.model_view import ModelView, to_model_view
from core.photos.photo_files import PhotoFile
from jobs.results import photo_sets
from jobs.results.comparisons import LeftOut
from jobs.results.data_users import data_behind
from jobs.results.photo_calibration import calibration_of
from jobs.results.photo_sets import KeptPhoto, PhotoSet
from jobs.settings import settings
from jobs.store import run_files
from jobs.store.queries import NotPossible
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store

_COMPARED_AT_ONCE = 256


def predictor_of(store: Store, run: Run) -> Predictor:
    """The predictor of a finished run; raise NotPossible or CheckpointError."""
    if run.status != RunStatus.FINISHED:
        raise NotPossible(
            f"Run {run.name} is {run.state}, so it has no model to predict with.", "Wait until it has finished."
        )
    return Predictor.load(run_files.files_of(store, run.id).model)


def predict_files(
    store: Store, run: Run, files: Iterable[PhotoFile], labels: PhotoLabels | None = None
) -> Iterator[dict[str, Any]]:
    """For each file {file, predicted, confidence, top3, verdict, reason, set, ..., probabilities} or {file, error}.

    In the order given, each as soon as it is there; `top3` holds {class, probability}, the most probable first;
    `verdict` is "sure", "not sure", "none of these", or None for a model without one. `set` holds the names of the
    classes in the set with the coverage `set_coverage`, a share, calibrated on `set_calibrated_on`; it is empty where
    the verdict is "none of these", and all three are None for a run without sets. With labels each has its true class
    too, as {label, label_reason}: a label, or None and the reason why it has none.
    Raises NotPossible, CheckpointError.
    """
    predictor = predictor_of(store, run)
    calibration = calibration_of(store, run.id, predictor.set_calibration)
    if labels is not None:
        _require_known_classes(run)
    return (
        {"file": answer.file.name} | _truth(answer.file, labels) | _as_data(answer, predictor.classes, calibration)
        for answer in predict_photos(predictor, files)
    )


def measure(
    store: Store,
    photo_set: PhotoSet,
    runs: Sequence[Run],
    *,
    again: bool = False,
    left_out: list[LeftOut] | None = None,
) -> Iterator[int]:
    """Store what runs say of a photo set: those that have not been asked as photos are read now, or all `again`.

    Yields how many photos are done. Raises NotPossible, also where a run learnt some of them, and CheckpointError; with
    `left_out` such runs are added to it, and the others are measured all the same. Raises UnreadablePhoto where a
    picture is gone, or PhotoSetNotFound where the set is.
    """
    learners = _learners(store, runs, photo_set)
    old = photo_sets.outdated(store, photo_set)
    known = [] if again else [run_id for run_id in photo_sets.answered_by(store, photo_set) if run_id not in old]
    predictors: dict[str, Predictor] = {}
    for run in runs:
        try:
            _require_measurable(run, learners)
            if run.id not in known:
                predictors[run.id] = predictor_of(store, run)
        except (NotPossible, CheckpointError) as error:
            if left_out is None:
                raise
            left_out.append(LeftOut(run, str(error)))
    judgements: dict[str, list[Judgement]] = {run_id: [] for run_id in predictors}
    photos = photo_sets.photos_of(store, photo_set) if predictors else []
    for done, view in enumerate(in_order(_view, photos), start=1):
        for run_id, predictor in predictors.items():
            judgements[run_id].append(predictor.judge(view))
        yield done
    for run_id, judged in judgements.items():
        photo_sets.store_answers(store, photo_set, run_id, judged)


def _view(photo: KeptPhoto) -> ModelView:
    return to_model_view(photo.load())


def _learners(store: Store, runs: Sequence[Run], photo_set: PhotoSet) -> Collection[str]:
    """The ids of the runs that learnt photos of a set, or build on one that did."""
    behind = data_behind(store)
    unknown = frozenset[str]().union(*(behind[run.id] for run in runs))
    unknown -= {version.pinned for version in photo_sets.versions_of(store, photo_set)}
    for version in versions.list_versions(settings().data):
        if version.pinned in unknown and not version.is_built_in and _has_learnt(version, store, photo_set):
            photo_sets.note_version(store, photo_set, version)
    return photo_sets.learners_of(store, photo_set)


def _require_measurable(run: Run, learners: Collection[str]) -> None:
    if run.id in learners:
        raise NotPossible(
            f"Run {run.name} learnt from these photos, or builds on a run that did: what runs of folds predict of "
            "held-out photos is on their pages.",
            "Measure it on another photo set.",
        )
    _require_known_classes(run)


def _has_learnt(version: Version, store: Store, photo_set: PhotoSet) -> bool:
    """Whether a photo of a set is among the images of a version that are not its test images."""
    content = read_content(settings().data, version)
    learnt = content.rows.reordered(np.flatnonzero(content.splits != TEST))
    files = (photo.file.read_bytes() for photo in photo_sets.photos_of(store, photo_set) if photo.file.is_file())
    squares = (outcome.pixels for outcome in decoded(files, version.form) if isinstance(outcome, Square))
    while batch := list(islice(squares, _COMPARED_AT_ONCE)):
        if shown_again(learnt, np.stack(batch).reshape(-1, *learnt.shape[1:])).any():
            return True
    return False


def _require_known_classes(run: Run) -> None:
    if run.classes != CLASS_NAMES:
        raise NotPossible(
            f"Run {run.name} tells other classes apart than those that the labels of photos are known of.",
            "Name a run of Fashion-MNIST, or predict without labels.",
        )


def _truth(file: PhotoFile, labels: PhotoLabels | None) -> dict[str, Any]:
    if labels is None:
        return {}
    true = labels.of(file)
    return {"label": None if true.label is None else CLASS_NAMES[true.label], "label_reason": true.reason or None}


def _as_data(answer: Answer, classes: Sequence[str], calibration: SetCalibration | None) -> dict[str, Any]:
    if answer.judgement is None:
        return {"error": str(answer.error)}
    shares = answer.judgement.probabilities
    ranked = rank(shares, 3, classes)
    return {
        "predicted": ranked[0].name,
        "confidence": ranked[0].probability,
        "top3": [{"class": place.name, "probability": place.probability} for place in ranked],
        "verdict": answer.judgement.verdict,
        "reason": answer.judgement.reason,
        "set": calibration and calibration.names(answer.judgement, classes),
        "set_coverage": calibration and COVERAGE,
        "set_calibrated_on": calibration and calibration.images,
        "probabilities": dict(zip(classes, map(float, shares), strict=True)),
    }
