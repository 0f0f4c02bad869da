"""Who judges the test labels that a run is measured by: other runs, never the run itself."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data import fashion_mnist
from core.statistics.label_errors import LabelQuality, agreed, label_quality
from core.statistics.subsets import Subset, accuracy_without
from jobs.results.comparisons import LeftOut, NotComparable, comparable, other_images
from jobs.results.duplicate_search import NearDuplicates
from jobs.settings import settings
from jobs.store.filters import Filter
from jobs.store.queries import known_models, list_runs
from jobs.store.records import Predictions, Run, RunStatus
from jobs.store.store import Store

SUSPECT = "label issues"
LEAKED = "near-duplicates of training images"
OTHER_TEST_IMAGES = (
    "Near-duplicates are left out: they are those of the data folder, and these runs were not tested on its images."
)
_NO_DIFFERENCE = ("preset", "threads", "memory_mb", "device")
"""Settings in which two runs of otherwise equal configs come to the same model, or nearly so."""
_MOST_TWINS = 50
"""More runs than this one never has to look at to find one that is not measured and no twin."""


def judges_of(store: Store, measured: Sequence[Run]) -> list[Run]:
    """The most accurate finished run of each model on the data of the first measured run, without their twins.

    Twins have equal configs; the measured runs are left out too. A run must not choose the images that it is measured
    on: it would set aside its own errors. Empty if there is no other run.
    """
    best = (_best_other(store, model, measured) for model in known_models(store))
    return sorted((run for run in best if run), key=lambda run: -(run.test_accuracy or 0))


def held_together(
    store: Store, measured: Sequence[Run], read: Callable[[str], Predictions]
) -> tuple[dict[str, Predictions], list[Run], list[LeftOut]]:
    """What the measured runs said, by id; their judges; and who of both is left out and why.

    All answered the images of the first measured run that has predictions. Raise NotComparable if none has.
    """
    answers, left_out = comparable(measured, read)
    if not answers:
        raise NotComparable(" ".join(run.sentence for run in left_out), "Wait until they have finished.")
    first = next(run for run in measured if run.id in answers)
    judges = judges_of(store, measured)
    known, unfit = comparable([first, *judges], read)
    return answers, [judge for judge in judges if judge.id in known], [*left_out, *unfit]


def leaked_images(near_duplicates: NearDuplicates | None, tested: Predictions) -> NDArray[np.bool_] | None:
    """Which test images the training set nearly holds.

    None before near-duplicates are searched, and where a run was not tested on the images of the data folder.
    """
    folder = settings().data
    if (
        near_duplicates is None
        or not fashion_mnist.is_present(folder)
        or other_images(tested, fashion_mnist.load(folder).test_labels)
    ):
        return None
    return near_duplicates.leaked()


def flagged_images(judged: Sequence[LabelQuality], leaked: NDArray[np.bool_] | None) -> dict[str, NDArray[np.bool_]]:
    """The masks of flagged test images by name: suspect to all judges, and with a near-duplicate in the training set.

    Without judges, or before near-duplicates are searched, there is no such mask.
    """
    masks = {SUSPECT: agreed(judged).suspect} if judged else {}
    return masks if leaked is None else masks | {LEAKED: leaked}


def measured_without(
    answers: Mapping[str, Predictions], judged: Sequence[LabelQuality], leaked: NDArray[np.bool_] | None
) -> list[Subset]:
    """Runs by name on all test images, and without the flagged ones; all of one length and order, as held_together."""
    labels = next(iter(answers.values())).labels
    predicted = {name: tested.predicted for name, tested in answers.items()}
    return accuracy_without(labels, predicted, flagged_images(judged, leaked))


def quality_of(tested: Predictions) -> LabelQuality:
    """What a run's probabilities say of the labels."""
    return label_quality(tested.labels, tested.probabilities)


def _best_other(store: Store, model: str, measured: Sequence[Run]) -> Run | None:
    recipes = [_recipe(run) for run in measured]
    wanted = Filter(models=(model,), statuses=(RunStatus.FINISHED,), data=measured[0].config.data)
    best = list_runs(store, wanted, order="test accuracy", limit=_MOST_TWINS)
    return next((run for run in best if _recipe(run) not in recipes), None)


def _recipe(run: Run) -> dict[str, object]:
    return {name: value for name, value in run.config if name not in _NO_DIFFERENCE}
