"""Parts that several reports share: what a run is, how it fares class by class, where it errs, what it ran on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from core.classes import CLASS_NAMES
from core.config import TEST_IMAGES, RunConfig
from core.statistics import metrics, wording
from core.statistics.calibration import Calibration, accuracy_by_coverage
from core.statistics.intervals import accuracy_interval
from jobs.reports import report_charts
from jobs.reports.document import Items, Pictures, Section, Table
from jobs.results import run_wording
from jobs.store.records import Attempt, Epoch, Predictions, Run

CONFUSIONS_LISTED = 10
PICTURES_SHOWN = 16

Images = npt.NDArray[np.uint8]


def facts(run: Run) -> Table:
    """What the run is and how it went."""
    trained = wording.count(run.parameters_trained)
    rows = (
        ("Id", run.id),
        ("State", run_wording.state(run)),
        ("Model", f"{run_wording.model(run)}, preset {run.preset}"),
        ("Seed", str(run.seed)),
        ("Epochs", f"{run.epoch} of at most {run.epochs}"),
        ("Best validation accuracy", run_wording.best_validation(run)),
        ("Test accuracy (95 % interval)", run_wording.accuracy(run)),
        ("Test loss (cross-entropy in nats)", wording.number(run.test_loss)),
        ("Training time", wording.duration(run.work_s)),
        ("Parameters", f"{wording.count(run.parameters_total)}, of which {trained} trained"),
        ("Ended", wording.moment_anywhere(run.ended_at)),
        ("Tags", ", ".join(run.tags) or wording.NOTHING),
        ("Note", run.note or wording.NOTHING),
    )
    return Table("", ("Fact", "Value"), rows, figures_from=None)


def data_sentence(run: Run) -> str:
    """Which images the run learnt from, and which it was tested on."""
    config = RunConfig.model_construct(**run.config)
    which = f" (fold {config.fold} of {config.folds})" if config.folds else ""
    return (
        f"Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), grey images of 28x28 pixels in ten classes: "
        f"{wording.count(config.training_images)} training images, {config.validation_images:,} validation images"
        f"{which} that decide when to stop and which epoch is kept, both from the 60,000 of the training set, split by "
        f"the seed; and the {TEST_IMAGES:,} test images, used once, for the figures of this report."
    )


def per_class(tested: Predictions) -> Table:
    """Each class in the order of the labels, and the unweighted means."""
    figures = metrics.per_class(metrics.confusion_matrix(tested.labels, tested.predicted))
    mean = metrics.macro(figures)
    rows = [
        (
            one.name,
            wording.percent(one.precision),
            wording.share_of(one.recall, one.support),
            wording.percent(one.f1),
            wording.count(one.support),
        )
        for one in figures
    ]
    images = metrics.images_of_mean_recall(figures)
    recall = wording.share_of(mean.recall, images)
    means = (wording.percent(mean.precision), recall, wording.percent(mean.f1))
    rows.append(("Macro average", *means, wording.count(len(tested.labels))))
    header = ("Class", "Precision", "Recall (95 % interval)", "F1", "Support")
    return Table("Precision, recall and F1 of each class on the test images", header, tuple(rows))


def overall(tested: Predictions) -> Table:
    """Figures of the whole test set besides the accuracy."""
    labels, probabilities = tested.labels, tested.probabilities
    top_two = metrics.top_k_accuracy(labels, probabilities)
    rows = (
        ("Top-2 accuracy (95 % interval)", wording.share_of(top_two, len(labels))),
        ("ROC-AUC, one class against the rest, mean", wording.number(metrics.roc_auc(labels, probabilities))),
        ("Log loss in nats", wording.number(metrics.log_loss(labels, probabilities))),
        ("Brier score (0 to 2)", wording.number(metrics.brier_score(labels, probabilities))),
    )
    return Table("All test images", ("Figure", "Value"), rows)


def confusions(matrix: npt.NDArray[np.int64]) -> Table:
    """The most frequent errors."""
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    support = matrix.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS_LISTED]
    pairs = [divmod(int(place), len(matrix)) for place in order]
    rows = tuple(
        (
            CLASS_NAMES[true],
            CLASS_NAMES[predicted],
            wording.count(int(wrong[true, predicted])),
            wording.percent(wrong[true, predicted] / support[true]),
        )
        for true, predicted in pairs
        if wrong[true, predicted]
    )
    header = ("True", "Predicted", "Images", "Share of the true class")
    return Table("Most frequent confusions", header, rows, figures_from=2)


def coverage(tested: Predictions) -> Table:
    """What leaving the least confident images to a person would gain."""
    points = accuracy_by_coverage(tested.labels, tested.probabilities, (1.0, 0.95, 0.9, 0.8, 0.7))
    rows = tuple(
        (
            f"{100 * one.coverage:.1f} %",
            wording.percent(one.threshold),
            wording.share_of(one.accuracy, one.n),
        )
        for one in points
    )
    return Table("Accuracy on the most confident images", ("Answered", "Confidence from", "Accuracy"), rows, 0)


def reliability_table(calibration: Calibration) -> Table:
    """The bins behind the chart, empty ones left out."""
    rows = tuple(
        (
            f"{100 * one.lower:.1f} to {100 * one.upper:.1f}",
            wording.count(one.n),
            wording.percent(one.confidence),
            wording.share_of(one.accuracy, one.n),
        )
        for one in calibration.bins
        if one.n
    )
    header = ("Confidence in %", "Images", "Mean confidence", "Accuracy (95 % interval)")
    return Table("Accuracy by confidence", header, rows)


def surest_errors(tested: Predictions, images: Images) -> Pictures:
    """The wrong answers that the model was surest of."""
    sure = metrics.confidence(tested.probabilities)
    wrong = np.flatnonzero(tested.predicted != tested.labels)
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")][:PICTURES_SHOWN]
    shown = tuple(report_charts.picture(images[place], _answer(tested, place)) for place in chosen.tolist())
    return Pictures("Wrong predictions with the highest confidence", shown)


def only_one_right(right: Predictions, wrong: Predictions, images: Images, caption: str) -> Pictures:
    """Images that one run has right and the other wrong, those first that the other was surest of."""
    sure = metrics.confidence(wrong.probabilities)
    places = np.flatnonzero((right.predicted == right.labels) & (wrong.predicted != wrong.labels))
    chosen = places[np.argsort(-sure[places], kind="stable")][:PICTURES_SHOWN]
    return Pictures(
        caption, tuple(report_charts.picture(images[place], _answer(wrong, place)) for place in chosen.tolist())
    )


def config(run: Run) -> Table:
    """Every setting with what it does."""
    fields = RunConfig.model_fields
    rows = tuple(
        (name, wording.setting(value), (fields[name].description or "") if name in fields else "")
        for name, value in run.config.items()
    )
    return Table(
        "The configuration, frozen when the run was launched", ("Setting", "Value", "What it does"), rows, None
    )


def environment(names: Mapping[str, str], runs: Sequence[Run]) -> Table:
    """What each run, named by its id, ran on."""
    columns = [_environment(run) for run in runs]
    facts_known = dict.fromkeys(fact for column in columns for fact in column)
    rows = tuple((fact, *(column.get(fact) or wording.NOTHING for column in columns)) for fact in facts_known)
    return Table("", ("Fact", *(names[run.id] for run in runs)), rows, figures_from=None)


def attempts(made: Sequence[Attempt]) -> Table:
    """Each trainer process that had the run."""
    rows = tuple(
        (
            str(one.attempt),
            one.host,
            wording.moment_anywhere(one.started_at),
            f"epoch {one.start_epoch}, step {one.start_batch}",
            one.outcome or "running",
        )
        for one in made
    )
    header = ("Attempt", "Host", "Started", "Began at", "Outcome")
    return Table("Attempts: trainer processes that had this run", header, rows, figures_from=None)


def epochs(done: Sequence[Epoch], run: Run) -> Table:
    """Every complete epoch of the run."""
    count = run_wording.validation_count(run)
    rows = tuple(
        (
            str(one.epoch),
            f"{one.train_loss:.4f}",
            f"{one.val_loss:.4f}",
            wording.percent(one.train_accuracy),
            wording.share_of(one.val_accuracy, count),
            f"{one.learning_rate:g}",
            wording.duration(one.duration_s),
        )
        for one in done
    )
    header = (
        *("Epoch", "Training loss", "Validation loss", "Training accuracy"),
        *("Validation accuracy (95 % interval)", "Learning rate", "Time"),
    )
    caption = "Every epoch; training accuracy is measured on images just trained on, so it has no interval"
    return Table(caption, header, rows, figures_from=0)


def method(*sentences: str) -> Section:
    """How the figures were computed; the first sentences are the same in every report."""
    shared = (
        "Intervals of an accuracy or a recall are Wilson's 95 % score intervals: they cover the choice of test "
        "images, not another seed.",
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


def _answer(tested: Predictions, place: int) -> str:
    true, predicted = int(tested.labels[place]), int(tested.predicted[place])
    sure = wording.percent(float(tested.probabilities[place, predicted]))
    return f"{CLASS_NAMES[true]} classified as {CLASS_NAMES[predicted]} ({sure}), image {place}"


def _environment(run: Run) -> dict[str, str]:
    known = run.environment
    return {
        "Code": known.get("code", ""),
        "Python": known.get("python", ""),
        **known.get("libraries", {}),
        "Host": run.host or known.get("host", ""),
        "System": known.get("system", ""),
        "Processor": known.get("processor", ""),
        "Device": known.get("device_name") or run.device or "",
        "Threads": wording.count(run.threads),
        "Precision": known.get("precision", ""),
        "Training images per second": wording.number(run.images_per_s, 0),
        "Test images predicted per second": wording.number(run.prediction_images_per_s, 0),
        "Pretrained weights": _weights(run),
    }


def _weights(run: Run) -> str:
    if not run.pretrained:
        return "none: trained from scratch"
    return f"{run.pretrained.get('source')} (SHA-256 {run.pretrained.get('sha256')})"
