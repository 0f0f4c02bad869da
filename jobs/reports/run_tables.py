"""The tables of one run in words, composed once for pages, reports and the command line."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.config import RunConfig
from core.errors import ConfigurationError
from core.presets import config_of
from core.statistics import metrics, wording
from core.statistics.bootstrap import Interval, balanced_accuracy_interval, macro_f1_interval
from core.statistics.calibration import Calibration, CoveragePoint
from core.statistics.metrics import ClassFigures
from jobs.reports.document import Table
from jobs.results import run_wording
from jobs.results.description import device_of
from jobs.store.records import Attempt, Epoch, Predictions, Run, RunStatus

CONFUSIONS_LISTED = 10
SHARES_ANSWERED = (1.0, 0.95, 0.9, 0.8, 0.7)
_BY_MACHINE = ("preset", "threads", "memory_mb")
"""Settings that are fixed when a run is launched, as many as the machine has: not what somebody chose."""
_Moment = Callable[[float | None], str]


def facts(run: Run) -> Table:
    """What the run is and how it went."""
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
        ("Tags", ", ".join(run.tags) or wording.NOTHING),
        ("Note", run.note or wording.NOTHING),
    )
    return Table("", ("Fact", "Value"), rows, figures_from=None)


def per_class(figures: Sequence[ClassFigures]) -> Table:
    """The figures of each class."""
    rows = tuple(
        (
            each.name,
            wording.percent(each.precision),
            wording.share_of(each.recall, each.support),
            wording.percent(each.f1),
            wording.count(each.support),
        )
        for each in figures
    )
    header = ("Class", "Precision", "Recall (95 % interval)", "F1", "Support")
    return Table("Precision, recall and F1 of each class on the test images", header, rows)


def overall(tested: Predictions) -> Table:
    """Figures of the whole test set besides the accuracy."""
    labels, probabilities = tested.labels, tested.probabilities
    classes = metrics.per_class(tested.matrix, tested.classes)
    macro, images = metrics.macro(classes), metrics.images_of_mean_recall(classes)
    balanced = balanced_accuracy_interval(tested.matrix)
    recall = wording.share_of(macro.recall, images) if images else _with_interval(balanced)
    rows = (
        ("Macro F1", _with_interval(macro_f1_interval(tested.matrix))),
        ("Macro precision", wording.percent(macro.precision)),
        ("Macro recall", recall),
        ("Top-2 accuracy", wording.share_of(metrics.top_k_accuracy(labels, probabilities), len(labels))),
        ("ROC-AUC", wording.number(metrics.roc_auc(labels, probabilities))),
        ("Log loss in nats", wording.number(metrics.log_loss(labels, probabilities))),
        ("Brier score (0 to 2)", wording.number(metrics.brier_score(labels, probabilities))),
    )
    caption = "All test images, with 95 % intervals; macro averages and ROC-AUC are means over the classes"
    return Table(caption, ("Metric", "Value"), rows)


def _with_interval(mean: Interval) -> str:
    """A mean over classes with its 95 % interval over the images: "91.20 % (90.63 to 91.74)"."""
    if mean.value is None or mean.low is None or mean.high is None:
        return wording.percent(mean.value)
    return f"{wording.percent(mean.value)} ({wording.percent_interval(mean.low, mean.high)})"


def confusions(tested: Predictions) -> Table:
    """The most frequent errors."""
    matrix, classes = tested.matrix, tested.classes
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    support = matrix.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS_LISTED]
    pairs = [divmod(int(place), len(matrix)) for place in order]
    rows = tuple(
        (
            classes[true],
            classes[predicted],
            wording.count(int(wrong[true, predicted])),
            wording.percent(wrong[true, predicted] / support[true]),
        )
        for true, predicted in pairs
        if wrong[true, predicted]
    )
    header = ("True", "Predicted", "Images", "Share of the true class")
    return Table("The most frequent confusions", header, rows, figures_from=2)


def coverage(points: Sequence[CoveragePoint]) -> Table:
    """What leaving the least confident images to a person would gain."""
    rows = tuple(
        (f"{100 * point.coverage:.1f} %", wording.percent(point.threshold), wording.share_of(point.accuracy, point.n))
        for point in points
    )
    header = ("Coverage", "Confidence from", "Accuracy (95 % interval)")
    return Table("Predicting only the images with the highest confidence", header, rows, figures_from=0)


def reliability(calibration: Calibration) -> Table:
    """The bins behind the chart, empty ones left out."""
    rows = tuple(
        (
            f"{100 * row.lower:.1f} to {100 * row.upper:.1f}",
            wording.count(row.n),
            wording.percent(row.confidence),
            wording.share_of(row.accuracy, row.n),
        )
        for row in calibration.bins
        if row.n
    )
    header = ("Confidence in %", "Images", "Mean confidence", "Accuracy (95 % interval)")
    return Table("Accuracy by confidence", header, rows)


def epochs(done: Sequence[Epoch], run: Run) -> Table:
    """Every complete epoch of the run."""
    validation_images = run_wording.validation_count(run)
    rows = tuple(
        (
            str(epoch.epoch),
            wording.number(epoch.train_loss),
            wording.number(epoch.val_loss),
            wording.percent(epoch.train_accuracy),
            wording.share_of(epoch.val_accuracy, validation_images),
            f"{epoch.learning_rate:g}",
            wording.duration(epoch.duration_s),
        )
        for epoch in done
    )
    header = (
        *("Epoch", "Training loss", "Validation loss", "Training accuracy"),
        *("Validation accuracy (95 % interval)", "Learning rate", "Time"),
    )
    caption = "Every epoch; the training accuracy is that of images just learnt from, so that no interval belongs to it"
    return Table(caption, header, rows, figures_from=0)


def config(run: Run, *, places: bool = False) -> Table:
    """Every setting, what the preset would have had instead, and what it does.

    Of a weights file the name alone is told unless `places` are: a report is read where its path says too much.
    """
    fields, usual = RunConfig.model_fields, preset_values(run)
    rows = tuple(
        (name, setting_words(run, name, places=places), usual.get(name, ""), fields[name].description or "")
        for name in fields
    )
    header = ("Setting", "Value", "Preset has", "What it does")
    return Table("The configuration, frozen when the run was launched", header, rows, figures_from=None)


def setting_words(run: Run, name: str, *, places: bool = False) -> str:
    """The value of a setting in words, with the path of a weights file if `places` are told, else its name."""
    value = getattr(run.config, name)
    return Path(value).name if name == "weights_file" and value and not places else wording.setting(value)


def preset_values(run: Run) -> dict[str, str]:
    """What the run's preset has where the run has something else; nothing where there is no such preset any more."""
    try:
        usual = config_of(run.preset)
    except ConfigurationError:
        return {}
    return {
        name: wording.setting(value)
        for name, value in usual
        if name not in _BY_MACHINE and value != getattr(run.config, name)
    }


def environment(
    names: Mapping[str, str], runs: Sequence[Run], moment: _Moment = wording.moment_anywhere, *, places: bool = False
) -> Table:
    """When and on what each run, named by its id, was trained: all that is needed to repeat it.

    The machine is named, and the path of a weights file, only if `places` are told.
    """
    columns = [_environment(run, moment, places) for run in runs]
    known = dict.fromkeys(name for column in columns for name in column)
    rows = tuple((name, *(column.get(name) or wording.NOTHING for column in columns)) for name in known)
    return Table("", ("Fact", *(names[run.id] for run in runs)), rows, figures_from=None)


def attempts(made: Sequence[Attempt], moment: _Moment = wording.moment_anywhere, *, places: bool = False) -> Table:
    """Each trainer process that had the run, with the name of its machine if `places` are told."""
    rows = tuple(
        (
            str(attempt.attempt),
            *([attempt.host] if places else []),
            moment(attempt.started_at),
            wording.duration((attempt.ended_at or time.time()) - attempt.started_at),
            f"epoch {attempt.start_epoch}, step {attempt.start_batch}",
            attempt.outcome or "running",
        )
        for attempt in made
    )
    header = ("Attempt", *(["Host"] if places else []), "Started", "Lasted", "Began at", "Outcome")
    return Table("Trainer processes that had this run", header, rows, figures_from=None)


def _environment(run: Run, moment: _Moment, places: bool) -> dict[str, str]:
    known = run.environment
    machine = {"Host": run.host or known.get("host", "")} if places else {}
    return {
        "Launched": moment(run.created_at),
        "Started": moment(run.started_at),
        "Ended": moment(run.ended_at),
        **machine,
        "Processor": known.get("processor", ""),
        "System": known.get("system", ""),
        "Device": device_of(run),
        "Threads": wording.count(run.threads),
        # Before there was a choice all runs computed in float32.
        "Precision": known.get("precision") or ("float32" if run.device else ""),
        "Code": known.get("code", ""),
        "Python": known.get("python", ""),
        **known.get("libraries", {}),
        "Parameters": f"{run.parameters_total:,}, of which {run.parameters_trained:,} trained"
        if run.parameters_total and run.parameters_trained
        else "",
        "Pretrained weights": _weights(run.pretrained, places) if run.device else "",
        "Training images per second": wording.number(run.images_per_s, 0),
        "Prediction": _prediction(run),
    }


def _prediction(run: Run) -> str:
    if run.prediction_images_per_s is None:
        return "not recorded" if run.status == RunStatus.FINISHED else ""
    flips = " and its mirror image" if run.answers_with_flips else ""
    milliseconds = 1000 / run.prediction_images_per_s
    return (
        f"{milliseconds:.2f} ms an image{flips} ({run.prediction_images_per_s:,.0f} test images/s, preprocessing "
        "included)"
    )


def _weights(pretrained: dict[str, Any] | None, places: bool) -> str:
    """Where the pretrained weights are from, and which layers do not have them."""
    if not pretrained:
        return "none: trained from scratch"
    source = str(pretrained.get("source"))
    named = source if places or not source.startswith("/") else Path(source).name
    words = f"{named} (SHA-256 {pretrained.get('sha256')})"
    afresh = ", ".join(pretrained.get("initialised_afresh", ()))
    return f"{words}; initialised afresh: {afresh}" if afresh else words
