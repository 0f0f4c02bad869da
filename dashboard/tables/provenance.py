"""Where a run comes from: code, machine, times, weights, and each trainer that had it."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd

from core.statistics import wording
from jobs.store.records import FINISHED, Attempt, Run


def facts(run: Run, where: tzinfo) -> pd.DataFrame:
    """One row per fact that is needed to repeat the run."""
    environment = run.environment
    libraries = ", ".join(f"{name} {version}" for name, version in environment.get("libraries", {}).items())
    rows = {
        "launched": wording.moment_anywhere(run.created_at, where),
        "started": wording.moment_anywhere(run.started_at, where),
        "ended": wording.moment_anywhere(run.ended_at, where),
        "host": run.host or environment.get("host") or wording.NOTHING,
        "processor": environment.get("processor", wording.NOTHING),
        "system": environment.get("system", wording.NOTHING),
        "device": environment.get("device_name") or run.device or wording.NOTHING,
        "threads": wording.count(run.threads),
        # Before there was a choice all runs computed in float32.
        "precision": environment.get("precision") or ("float32" if run.device else wording.NOTHING),
        "code": environment.get("code", wording.NOTHING),
        "Python": environment.get("python", wording.NOTHING),
        "libraries": libraries or wording.NOTHING,
        "parameters": f"{wording.count(run.parameters_total)}, trained {wording.count(run.parameters_trained)}",
        "pretrained weights": _weights(run.pretrained),
        "prediction": _prediction(run),
        "test loss": wording.number(run.test_loss),
    }
    return pd.DataFrame({"fact": list(rows), "value": list(rows.values())})


def attempt_table(attempts: Sequence[Attempt], where: tzinfo, now: float) -> pd.DataFrame:
    """One row per trainer process that had the run."""
    return pd.DataFrame(
        {
            "attempt": one.attempt,
            "host": one.host,
            "started": wording.moment(one.started_at, where),
            "lasted": wording.duration((one.ended_at or now) - one.started_at),
            "began at": f"epoch {one.start_epoch}, step {one.start_batch}",
            "outcome": one.outcome or "running",
        }
        for one in attempts
    )


def _prediction(run: Run) -> str:
    if run.prediction_images_per_s is None:
        return "not recorded" if run.status == FINISHED else wording.NOTHING
    each = 1000 / run.prediction_images_per_s
    flips = " and its mirror image" if run.answers_with_flips else ""
    return f"{each:.2f} ms per image{flips} ({run.prediction_images_per_s:,.0f} test images/s, preprocessing included)"


def _weights(report: dict[str, Any] | None) -> str:
    if not report:
        return "none: trained from scratch"
    fresh = ", ".join(report.get("initialised_afresh", ()))
    words = f"{report.get('source')} (SHA-256 {str(report.get('sha256'))[:12]}…)"
    return f"{words}; initialised afresh: {fresh}" if fresh else words
