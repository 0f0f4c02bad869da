"""A run as plain data for scripts and reports: everything that is known of it, derived from what is stored."""

from dataclasses import asdict
from typing import Any

from core.statistics import metrics
from core.statistics.bootstrap import balanced_accuracy_interval, macro_f1_interval
from core.statistics.intervals import accuracy_interval
from jobs.results import run_wording
from jobs.store.queries import get_predictions, list_attempts, list_epochs
from jobs.store.records import Predictions, Run, RunStatus
from jobs.store.store import Store

_FIGURES = (
    *("confusion_matrix", "per_class", "macro_average"),
    *("balanced_accuracy", "balanced_accuracy_interval", "macro_f1", "macro_f1_interval"),
    *("top2_accuracy", "top2_accuracy_interval", "roc_auc"),
)


def summarise(run: Run) -> dict[str, Any]:
    """What a list of runs says of one; times in seconds since 1970 (UTC), durations in seconds."""
    return {
        "id": run.id,
        "name": run.name,
        "status": run.state,
        "status_since": run.status_since,
        "model": run.model,
        "preset": run.preset,
        "owner": run.owner,
        "seed": run.seed,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_s": run.work_s,
        "queued_s": run.queued_s,
        "epoch": run.epoch,
        "epochs_planned": run.epochs,
        "best_epoch": run.best_epoch,
        "best_val_accuracy": run.best_val_accuracy,
        "best_val_accuracy_interval": interval_of(run.best_val_accuracy, run_wording.validation_count(run)),
        "test_loss": run.test_loss,
        "test_accuracy": run.test_accuracy,
        "test_accuracy_interval": interval_of(run.test_accuracy, run.test_count),
        "tags": list(run.tags),
        "note": run.note,
        "pinned": run.pinned,
        "review": run.review,
        "archived": run.archived_at is not None,
        "group": run.group_id,
        "error": run.error_message,
    }


def describe(store: Store, run: Run) -> dict[str, Any]:
    """Everything of a run: config, environment, epochs, attempts and, once finished, the figures of the test set."""
    tested = get_predictions(store, run.id) if run.status == RunStatus.FINISHED else None
    return {
        **summarise(run),
        "config": run.config.model_dump(mode="json"),
        "data_set": run.data.model_dump(mode="json") if run.data else None,
        "environment": run.environment,
        "device": run.device,
        "device_name": device_of(run) or None,
        "threads": run.threads,
        "parameters_total": run.parameters_total,
        "parameters_trained": run.parameters_trained,
        "pretrained": run.pretrained,
        "images_per_s": run.images_per_s,
        "prediction_images_per_s": run.prediction_images_per_s,
        "best_val_loss": run.best_val_loss,
        "epochs": [_without_run(asdict(epoch)) for epoch in list_epochs(store, [run.id])[run.id]],
        "attempts": [_without_run(asdict(attempt)) for attempt in list_attempts(store, run.id)],
        "inexact_because": run.inexact_because,
        "warning": run.warning,
        "error_kind": run.error_kind,
        "error_advice": run.error_advice,
        **_figures(tested),
    }


def interval_of(share: float | None, count: int | None) -> list[float] | None:
    """The 95 % interval of a share of so many images; None of nothing."""
    if share is None or not count:
        return None
    return list(accuracy_interval(round(share * count), count))


def device_of(run: Run) -> str:
    """What the device calls itself, or its kind for a run older than that figure; empty before the first start."""
    return str(run.environment.get("device_name") or run.device or "")


def _figures(tested: Predictions | None) -> dict[str, Any]:
    if tested is None:
        return dict.fromkeys(_FIGURES)
    classes = metrics.per_class(tested.matrix, tested.classes)
    balanced, f1 = balanced_accuracy_interval(tested.matrix), macro_f1_interval(tested.matrix)
    top_two = metrics.top_k_accuracy(tested.labels, tested.probabilities, 2)
    return {
        "confusion_matrix": tested.matrix.tolist(),
        "per_class": [
            {**asdict(figures), "recall_interval": interval_of(figures.recall, figures.support)} for figures in classes
        ],
        "balanced_accuracy": balanced.value,
        "balanced_accuracy_interval": [balanced.low, balanced.high],
        "macro_f1": f1.value,
        "macro_f1_interval": [f1.low, f1.high],
        "macro_average": asdict(metrics.macro(classes)),
        "top2_accuracy": top_two,
        "top2_accuracy_interval": interval_of(top_two, len(tested.labels)),
        "roc_auc": metrics.roc_auc(tested.labels, tested.probabilities),
    }


def _without_run(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "run_id"}
