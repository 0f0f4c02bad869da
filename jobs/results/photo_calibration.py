"""Sets of classes of a run: which photos they are calibrated on, and how well they do on a photo set."""

from dataclasses import dataclass

from core.answers.class_sets import COVERAGE, SetCalibration
from core.statistics.conformal import SetMeasures, class_sets, left_out_sets, measured, set_threshold
from core.statistics.wording import counted
from jobs.results import photo_sets
from jobs.results.photo_sets import PhotoSet
from jobs.store.records import Predictions
from jobs.store.store import Store

BY_ITSELF = "this set, each photo by all others"


@dataclass(frozen=True)
class SetResult:
    """How well a run's sets of classes do on labelled photos, and what they were calibrated on, in words.

    Where that is BY_ITSELF the coverage is as promised whatever the run predicts, and only the size tells something.
    """

    measures: SetMeasures
    images: str


def calibration_of(store: Store, run_id: str, by_validation: SetCalibration | None) -> SetCalibration | None:
    """How a run's sets are formed: by the largest photo set that it was measured on as photos are read now.

    By its validation images, or not at all, where no such set has enough photos. Raise StoreDamaged.
    """
    by_photos = _by_photos(store, run_id)
    return by_validation if by_photos is None else by_photos[1]


def sets_by(calibration: SetCalibration, answers: Predictions) -> SetResult:
    """How well sets do on photos that did not calibrate them."""
    sets = class_sets(answers.probabilities, calibration.threshold)
    return SetResult(measured(answers.labels, sets), calibration.images)


def sets_on(store: Store, photo_set: PhotoSet, run_id: str) -> SetResult | None:
    """How well a run's sets do on a photo set that it was measured on, as photos calibrate them; None where none do.

    The set that calibrates is measured by itself. Raise StoreDamaged.
    """
    by_photos = _by_photos(store, run_id)
    if by_photos is None:
        return None
    answers, (calibrating, calibration) = photo_sets.answers_of(store, photo_set, run_id), by_photos
    if calibrating.id != photo_set.id:
        return sets_by(calibration, answers)
    sets = left_out_sets(answers.labels, answers.probabilities, COVERAGE)
    return None if sets is None else SetResult(measured(answers.labels, sets), BY_ITSELF)


def _by_photos(store: Store, run_id: str) -> tuple[PhotoSet, SetCalibration] | None:
    """The largest photo set that suffices for a threshold, and the calibration by it."""
    for photo_set in photo_sets.measured_on(store, run_id):
        answers = photo_sets.answers_of(store, photo_set, run_id)
        threshold = set_threshold(answers.labels, answers.probabilities, COVERAGE)
        if threshold is not None:
            images = f"{counted(len(answers.labels), 'photo')} of {photo_set.name}"
            return photo_set, SetCalibration(threshold, images)
    return None
