"""Parts that several reports share: the data, the method, the settings that differ, the images of errors."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from core.config import FASHION_MNIST, RunConfig
from core.data.data_facts import DataFacts
from core.statistics import metrics, wording
from core.statistics.intervals import accuracy_interval
from jobs.reports import comparison_tables, report_charts
from jobs.reports.document import Block, Items, Paragraph, Pictures, Section
from jobs.store.records import Predictions, Run

PICTURES_SHOWN = 16

Images = npt.NDArray[np.uint8]


def data_sentence(run: Run) -> str:
    """Which images the run learnt from, and which it was tested on."""
    config, data = run.config, run.data
    if data is None:
        return "It has not begun, so that nothing is known of its data yet."
    which = f" (fold {config.fold} of {config.folds})" if config.folds else ""
    whole = "both from the 60,000 of the training set, split by the seed" if _is_fashion_mnist(data) else "all its own"
    return (
        f"{_source(data)}: "
        f"{wording.count(data.training_images)} training images, {data.validation_images:,} validation images"
        f"{which} that decide when to stop and which epoch is kept, {whole}; "
        f"and the {data.test_images:,} test images, used once, for the metrics of this report."
    )


def _is_fashion_mnist(data: DataFacts) -> bool:
    return data.id == FASHION_MNIST


def _source(data: DataFacts) -> str:
    """The data set, its images and its classes."""
    if _is_fashion_mnist(data):
        return "Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), grey images of 28x28 pixels in ten classes"
    kind = "colour" if data.colour else "grey"
    size = f"{data.side}x{data.side} pixels"
    return f"{data.name} (version {data.id[:12]}), {kind} images of {size} in {len(data.classes):,} classes"


def surest_errors(tested: Predictions, images: Images) -> Pictures:
    """The wrong answers that the model was surest of."""
    wrong = tested.predicted != tested.labels
    return _surest(tested, wrong, images, "The wrong answers with the highest confidence")


def only_one_right(right: Predictions, wrong: Predictions, images: Images, caption: str) -> Pictures:
    """Images that one run has right and the other wrong, those first that the other was surest of."""
    parted = (right.predicted == right.labels) & (wrong.predicted != wrong.labels)
    return _surest(wrong, parted, images, caption)


def differing_settings(configs: Mapping[str, RunConfig], without: str = "") -> Block:
    """In which settings configs, by the names of their runs, differ, or that they do not; but for one setting."""
    table = comparison_tables.settings(configs, without=without)
    return table if table.rows else Paragraph("Every setting is the same.")


def method(*sentences: str) -> Section:
    """How the figures were computed; the first sentences are the same in every report."""
    shared = (
        "Intervals of an accuracy or a recall are Wilson's 95 % score intervals: they cover the choice of test "
        "images, not another seed. That of a macro average is the bootstrap's over the same images.",
        "Confidence is the probability of the predicted class. The expected calibration error is the mean distance of "
        "accuracy and confidence over 15 bins of equal width, weighted by their images.",
        "The labels are those of the data set, some of which are wrong; no image was left out.",
    )
    return Section("How to read this", (Items((*sentences, *shared)),))


def accuracy_sentence(run: Run, tested: Predictions) -> str:
    """What a reader may quote of one run."""
    right = int(np.count_nonzero(tested.predicted == tested.labels))
    images = wording.these(len(tested.labels), "test image")
    if not len(tested.labels):
        return f"{run.name} was tested on no image."
    low, high = accuracy_interval(right, len(tested.labels))
    flips = "with test-time flips, " if run.answers_with_flips else ""
    return (
        f"{run.name} predicts {wording.percent(right / len(tested.labels))} of {images} right "
        f"({flips}95 % interval {wording.percent_interval(low, high)})."
    )


def _surest(tested: Predictions, shown: npt.NDArray[np.bool_], images: Images, caption: str) -> Pictures:
    """Of the images (n,) to be shown those that the model was surest of."""
    places, sure = np.flatnonzero(shown), metrics.confidence(tested.probabilities)
    chosen = places[np.argsort(-sure[places], kind="stable")][:PICTURES_SHOWN].tolist()
    return Pictures(caption, tuple(report_charts.picture(images[place], _answer(tested, place)) for place in chosen))


def _answer(tested: Predictions, place: int) -> str:
    true, predicted = int(tested.labels[place]), int(tested.predicted[place])
    sure = wording.percent(float(tested.probabilities[place, predicted]))
    return f"{tested.classes[true]} taken for {tested.classes[predicted]} ({sure}), image {place}"
