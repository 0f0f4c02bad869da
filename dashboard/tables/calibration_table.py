"""How far confidence can be believed, in figures: as trained and with a temperature, and what coverage costs."""

from collections.abc import Mapping, Sequence

import pandas as pd

from core.statistics import wording
from core.statistics.calibration import Calibration, CoveragePoint

ERROR = "Expected calibration error"
FIGURES = (ERROR, "Brier score (0 to 2)", "Log loss (nats)", "Mean confidence", "Accuracy (95 % interval)")


def calibration_table(columns: Mapping[str, Calibration]) -> pd.DataFrame:
    """A row per figure, a column per calibration by name."""
    return pd.DataFrame({name: _figures(calibration) for name, calibration in columns.items()}, index=list(FIGURES))


def coverage_table(columns: Mapping[str, Sequence[CoveragePoint]], asked: Sequence[float]) -> pd.DataFrame:
    """A row per share of images answered, a column per model by name: the accuracy reached on them."""
    rows = {
        (f"{100 * share:.0f} % coverage"): [_accuracy_at(points, share) for points in columns.values()]
        for share in asked
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns))


def point_at(points: Sequence[CoveragePoint], share: float) -> CoveragePoint | None:
    """The point that covers at least this share with the fewest images; None without images."""
    return next((point for point in points if point.coverage >= share - 1e-9), None)


def _figures(calibration: Calibration) -> dict[str, str]:
    values = (
        wording.percent(calibration.expected_error),
        wording.number(calibration.brier_score),
        wording.number(calibration.log_loss),
        wording.percent(calibration.confidence),
        wording.share_of(calibration.accuracy, calibration.n),
    )
    return dict(zip(FIGURES, values, strict=True))


def _accuracy_at(points: Sequence[CoveragePoint], share: float) -> str:
    point = point_at(points, share)
    if point is None:
        return wording.NOTHING
    reached = wording.share_of(point.accuracy, point.n)
    # Images of equal confidence are answered together.
    return reached if point.coverage - share < 0.005 else f"{reached} on {100 * point.coverage:.0f} %"
