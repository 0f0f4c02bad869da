"""Predictions of a finished run on photo files: the same for the page and the command line. Imports torch."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.classes import CLASS_NAMES
from core.metrics import SMALLEST_PROBABILITY
from core.photo_files import PhotoFile, gather
from core.photo_labels import FolderLabels, Labels
from core.photos import to_model_view
from core.prediction import Answer, Predictor, predict_photo
from jobs import artifacts, photo_sets
from jobs.photo_sets import PhotoSet
from jobs.records import FINISHED, Run
from jobs.runs import NotPossible
from jobs.store import Store


def predictor_of(store: Store, run: Run) -> Predictor:
    """The predictor of a finished run; raise NotPossible or CheckpointError."""
    if run.status != FINISHED:
        raise NotPossible(f"Run {run.name} is {run.state}, so it has no model to predict with.", "Let it finish first.")
    return Predictor.load(artifacts.files_of(store, run.id).model)


def predict_files(
    store: Store, run: Run, paths: Sequence[Path], labels: Labels | FolderLabels | None = None
) -> list[dict[str, Any]]:
    """For each file, also those in folders and zips, {file, predicted, confidence, probabilities} or {file, error}.

    In the order given. With labels each has its true class too, as {label}, None where it is not known.
    """
    predictor = predictor_of(store, run)
    return [_as_data(answer, labels) for answer in _answers(predictor, gather(paths))]


def measure(store: Store, photo_set: PhotoSet, runs: Sequence[Run], *, again: bool = False) -> Iterator[int]:
    """Store what runs say of a photo set, those only that have not been asked unless `again`.

    Yields how many photos are done. Raises NotPossible, CheckpointError, or UnreadablePhoto where a picture is gone.
    """
    known = [] if again else photo_sets.answered_by(store, photo_set)
    predictors = {run.id: predictor_of(store, run) for run in runs if run.id not in known}
    said: dict[str, list[np.ndarray]] = {run_id: [] for run_id in predictors}
    for done, photo in enumerate(photo_sets.photos_of(store, photo_set) if predictors else [], start=1):
        view = to_model_view(photo.load())
        for run_id, predictor in predictors.items():
            said[run_id].append(predictor.judge(view).probabilities)
        yield done
    for run_id, shares in said.items():
        photo_sets.store_answers(store, photo_set, run_id, np.log(np.maximum(shares, SMALLEST_PROBABILITY)))


def _answers(predictor: Predictor, files: Iterable[PhotoFile]) -> Iterable[Answer]:
    for file in files:
        yield Answer(file.name, error=file.error) if file.error else predict_photo(predictor, file.name, file.content)


def _as_data(answer: Answer, labels: Labels | FolderLabels | None) -> dict[str, Any]:
    data: dict[str, Any] = {"file": answer.name}
    if labels is not None:
        label = labels.of(answer.name)
        data["label"] = None if label is None else CLASS_NAMES[label]
    if answer.probabilities is None:
        return data | {"error": str(answer.error)}
    best = int(answer.probabilities.argmax())
    return data | {
        "predicted": CLASS_NAMES[best],
        "confidence": float(answer.probabilities[best]),
        "probabilities": dict(zip(CLASS_NAMES, map(float, answer.probabilities), strict=True)),
    }
