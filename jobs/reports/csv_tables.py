"""Tables of runs and of their comparison as CSV with a header line, figures in full and shares as fractions of 1."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics import metrics, wording
from core.statistics.breakdown import ClassDifference
from core.statistics.calibration import Calibration, CoveragePoint, ReliabilityBin
from core.statistics.comparison import Comparison
from core.statistics.recipes import RecipeComparison
from core.statistics.subsets import Subset
from jobs.reports.csv_writer import written
from jobs.results.description import interval_of, summarise
from jobs.results.flagged_rows import DUPLICATE_COLUMNS, MARK_COLUMNS, SUSPECT_COLUMNS
from jobs.results.seed_groups import Group
from jobs.store.records import Epoch, Predictions, Run
from jobs.team.change_record import Change


def per_class(tested: Predictions) -> str:
    """A line per class: precision, recall with its 95 % interval, F1, images; empty where nothing is defined."""
    header = ("label", "class", "precision", "recall", "recall_low", "recall_high", "f1", "images")
    lines = (
        (
            *(each.label, each.name, each.precision, each.recall),
            *(*_interval(each.recall, each.support), each.f1, each.support),
        )
        for each in metrics.per_class(tested.matrix, tested.classes)
    )
    return written(header, lines)


def confusion_matrix(tested: Predictions) -> str:
    """A line per true class, a column per predicted class, counts of images."""
    return matrix(tested.matrix, tested.classes)


def matrix(counts: NDArray[np.integer[Any]], classes: Sequence[str]) -> str:
    """A confusion matrix (c, c), or the difference of two: a line per true class, a column per predicted class."""
    lines = ((name, *row) for name, row in zip(classes, counts.tolist(), strict=True))
    return written(("true", *classes), lines)


def epochs(done: Sequence[Epoch]) -> str:
    """A line per complete epoch; losses in nats, durations in seconds."""
    header = (
        *("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"),
        *("learning_rate", "duration_s"),
    )
    return written(header, ([getattr(epoch, name) for name in header] for epoch in done))


def predictions(tested: Predictions) -> str:
    """A line per image in the order of the data set: label, prediction, loss in nats, the probability of each class."""
    classes, probabilities = tested.classes, tested.probabilities
    losses = metrics.true_class_loss(tested.labels, probabilities)
    lines = zip(tested.labels.tolist(), tested.predicted.tolist(), losses.tolist(), probabilities.tolist(), strict=True)
    header = ("image", "label", "class", "predicted", "predicted_class", "right", "loss", *classes)
    return written(
        header,
        (
            [
                *(image, label, classes[label], predicted, classes[predicted], int(label == predicted)),
                *(f"{value:.7g}" for value in (loss, *shares)),
            ]
            for image, (label, predicted, loss, shares) in enumerate(lines)
        ),
    )


def reliability(calibration: Calibration) -> str:
    """A line per bin of confidence, empty bins included; the accuracy with its 95 % interval."""
    return _of(calibration.bins)


def calibrations(by_name: Mapping[str, Calibration]) -> str:
    """A line per calibration, by name: how far confidence and accuracy agree, and the accuracy's 95 % interval."""
    header = ("name", "n", "accuracy", "low", "high", "confidence", "expected_error", "log_loss", "brier_score")
    lines = (
        (
            *(name, each.n, each.accuracy, *_interval(each.accuracy, each.n)),
            *(each.confidence, each.expected_error, each.log_loss, each.brier_score),
        )
        for name, each in by_name.items()
    )
    return written(header, lines)


def coverage(points: Sequence[CoveragePoint]) -> str:
    """A line per share of images answered, with the accuracy on them and its 95 % interval."""
    return _of(points)


def coverages(by_name: Mapping[str, Sequence[CoveragePoint]]) -> str:
    """The same of several models, each line with the name of its model."""
    header = ("name", *(field.name for field in fields(CoveragePoint)))
    return written(header, ((name, *astuple(point)) for name, points in by_name.items() for point in points))


def runs(listed: Sequence[Run]) -> str:
    """A line per run: what it is and how it did, then every setting of its config."""
    rows = [
        {
            **_flat(summarise(run)),
            "parameters": run.parameters_total,
            "parameters_trained": run.parameters_trained,
            "prediction_images_per_s": run.prediction_images_per_s,
            **{f"config_{name}": wording.setting(value) for name, value in run.config},
        }
        for run in listed
    ]
    return written(list(rows[0]) if rows else [], (list(row.values()) for row in rows))


def changes(listed: Sequence[Change]) -> str:
    """A line per change of the record: when in seconds since 1970 (UTC), who, what, before and after as JSON."""
    header = ("id", "at", "person", "person_name", "action", "run", "subject", "before", "after")
    lines = (
        (
            *(change.id, change.at, change.person, change.person_name, change.action, change.run_id, change.subject),
            *(None if value is None else json.dumps(value, default=str) for value in (change.before, change.after)),
        )
        for change in listed
    )
    return written(header, lines)


def comparisons(made: Sequence[Comparison]) -> str:
    """A line per run compared with the baseline: counts of images, accuracies, difference, tests."""
    rows = [{**asdict(each), "shown": each.shown, "better": each.better} for each in made]
    header = [name for name in rows[0] if name not in ("classes", "pairs")] if rows else []
    return written(header, ([row[name] for name in header] for row in rows))


def classes(comparison: Comparison) -> str:
    """A line per class: two models on its images, difference B less A with its 95 % interval, tests."""
    return _of(comparison.classes)


def pairs(comparison: Comparison) -> str:
    """A line per confusion: how often each of two models takes the one class for the other, tests."""
    names = [each.name for each in comparison.classes]
    rows = [
        {"true_class": names[pair.true], "predicted_class": names[pair.predicted], **asdict(pair)}
        for pair in comparison.pairs
    ]
    return written(list(rows[0]) if rows else [], (list(row.values()) for row in rows))


def split_counts(classes: Sequence[str], counts: Mapping[str, Sequence[int]]) -> str:
    """A line per class, a column per split by name: how many images of the class it has."""
    return written(("class", *counts), zip(classes, *counts.values(), strict=True))


def groups(listed: Sequence[Group], against: Sequence[RecipeComparison] = ()) -> str:
    """A line per group of seeds: how many runs, and the accuracy over those that have finished.

    With `against`, each group but the first compared with the first, the difference from it, and what it shows.
    """
    header = ["group", "name", "runs", "finished", "mean", "sd", "low", "high", "run_ids", "unfinished_run_ids"]
    rows = [_group_cells(group) for group in listed]
    if against:
        header += ["difference", "difference_low", "difference_high", "p", "p_adjusted", "verdict"]
        tests: list[list[object]] = [[*[None] * 5, "baseline"]]
        tests += [[each.difference, each.low, each.high, each.p, each.p_adjusted, each.verdict] for each in against]
        rows = [[*row, *cells] for row, cells in zip(rows, tests, strict=True)]
    return written(header, rows)


def subsets(measured: Sequence[Subset]) -> str:
    """A line per set of test images and model: how many images, how many right, the accuracy with its interval."""
    header = ("images", "name", "n", "right", "accuracy", "low", "high")
    lines = (
        (subset.name, name, subset.n, right, subset.accuracy(name), *_interval(subset.accuracy(name), subset.n))
        for subset in measured
        for name, right in subset.right.items()
    )
    return written(header, lines)


def suspects(rows: Sequence[Mapping[str, object]]) -> str:
    """A line per suspect image, from jobs.results.flagged_rows."""
    return written(SUSPECT_COLUMNS, (list(row.values()) for row in rows))


def near_duplicates(rows: Sequence[Mapping[str, object]]) -> str:
    """A line per pair of near-duplicates, from jobs.results.flagged_rows."""
    return written(DUPLICATE_COLUMNS, (list(row.values()) for row in rows))


def marks(rows: Sequence[Mapping[str, object]]) -> str:
    """A line per mark of a label, from jobs.results.flagged_rows."""
    return written(MARK_COLUMNS, (list(row.values()) for row in rows))


def _flat(summary: dict[str, Any]) -> dict[str, Any]:
    bounds = {}
    for name in ("best_val_accuracy", "test_accuracy"):
        bounds[f"{name}_low"], bounds[f"{name}_high"] = summary.pop(f"{name}_interval") or (None, None)
    return {**summary, **bounds, "tags": " ".join(summary["tags"])}


def _of(rows: Sequence[ReliabilityBin] | Sequence[CoveragePoint] | Sequence[ClassDifference]) -> str:
    header = [field.name for field in fields(rows[0])] if rows else []
    return written(header, ([getattr(row, name) for name in header] for row in rows))


def _group_cells(group: Group) -> list[object]:
    accuracy, done = group.figures.accuracy, {run.id for run in group.finished}
    ids = [run.id for run in group.runs]
    figures = (accuracy.mean, accuracy.sd, accuracy.low, accuracy.high)
    unfinished = " ".join(run_id for run_id in ids if run_id not in done)
    return [group.id, group.name, len(ids), len(done), *figures, " ".join(ids), unfinished]


def _interval(share: float | None, count: int) -> Sequence[float | None]:
    return interval_of(share, count) or (None, None)
