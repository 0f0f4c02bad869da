"""Sets of classes of a run: which photos they are calibrated on, and how well they do on a photo set."""

from dataclasses import dataclass

from core.answers.class_sets import COVERAGE, SetCalibration
from core.statistics.conformal import LEAST_IMAGES, SetMeasures, class_sets, left_out_sets, measured, set_threshold
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

    By its validation images, or not at all, where no such set has LEAST_IMAGES photos. Raise StoreDamaged.
    """
    photo_set = _calibrating(store, run_id)
    if photo_set is None:
        return by_validation
    answers = photo_sets.answers_of(store, photo_set, run_id)
    threshold = set_threshold(answers.labels, answers.probabilities, COVERAGE)
    assert threshold is not None, "as many photos suffice"
    return SetCalibration(threshold, f"{counted(photo_set.count, 'photo')} of {photo_set.name}")


def sets_by(calibration: SetCalibration, answers: Predictions) -> SetResult:
    """How well sets do on photos that did not calibrate them."""
    sets = class_sets(answers.probabilities, calibration.threshold)
    return SetResult(measured(answers.labels, sets), calibration.images)


def sets_on(store: Store, photo_set: PhotoSet, run_id: str) -> SetResult | None:
    """How well a run's sets do on a photo set that it was measured on, as photos calibrate them; None where none do.

    The set that calibrates is measured by itself. Raise StoreDamaged.
    """
    answers = photo_sets.answers_of(store, photo_set, run_id)
    if _calibrating(store, run_id) == photo_set:
        sets = left_out_sets(answers.labels, answers.probabilities, COVERAGE)
        return None if sets is None else SetResult(measured(answers.labels, sets), BY_ITSELF)
    calibration = calibration_of(store, run_id, by_validation=None)
    return None if calibration is None else sets_by(calibration, answers)


def _calibrating(store: Store, run_id: str) -> PhotoSet | None:
    """The largest photo set with answers of the run, if it is large enough."""
    return next((kept for kept in photo_sets.measured_on(store, run_id) if kept.count >= LEAST_IMAGES), None)
