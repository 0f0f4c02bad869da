"""Can a model's confidence be believed? Reliability, temperature, and accuracy against coverage.

Confidence is the probability of the predicted class. No figure is NaN; without images it is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.statistics import wording
from core.statistics.agreement import right
from core.statistics.intervals import accuracy_interval
from core.statistics.metrics import SMALLEST_PROBABILITY, Labels, Probabilities, brier_score, confidence, log_loss

BINS = 15
COVERAGES = tuple(percent / 100 for percent in range(1, 101))
COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True)
class ReliabilityBin:
    """The n images whose confidence is above `lower` and at most `upper`.

    `accuracy_low` to `accuracy_high` is the accuracy's 95 % interval, 0 to 1 for an empty bin.
    """

    lower: float
    upper: float
    n: int
    confidence: float | None
    accuracy: float | None
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Calibration:
    """How confidence and accuracy agree on n images."""

    n: int
    accuracy: float | None
    confidence: float | None
    expected_error: float | None
    log_loss: float | None
    brier_score: float | None
    bins: tuple[ReliabilityBin, ...]

    @property
    def sentence(self) -> str:
        """Whether the model believes too much or too little, and by how much."""
        if self.accuracy is None or self.confidence is None or self.expected_error is None:
            return "There are no images to judge the confidence by."
        excess = wording.points(abs(self.confidence - self.accuracy)).removeprefix("+")
        side = "over" if self.confidence > self.accuracy else "under"
        return (
            f"On average {side}confident by {excess}: confidence {wording.percent(self.confidence)}, accuracy "
            f"{wording.share_of(self.accuracy, self.n)}; "
            f"expected calibration error {wording.percent(self.expected_error)} "
            f"({len(self.bins)} bins of equal width)."
        )


@dataclass(frozen=True)
class Temperature:
    """What to divide the logits by (above 1: the model was too sure), and the log loss before and after, in nats.

    Where the images do not settle one, because every value or an ever more extreme one would do, it is 1.
    """

    value: float
    n: int
    log_loss_before: float | None
    log_loss_after: float | None
    settled: bool

    @property
    def sentence(self) -> str:
        """What the temperature says about the model."""
        images = wording.these(self.n, "image") if self.n else "no images"
        if not self.settled:
            return (
                f"No temperature between {COLDEST:g} and {HOTTEST:g} can be fitted on {images}; the probabilities "
                "stay as they are."
            )
        side = "overconfident" if self.value > 1 else "underconfident"
        return (
            f"The model was {side}: temperature {self.value:.2f} changes the log loss on {images} from "
            f"{self.log_loss_before:.4f} to {self.log_loss_after:.4f}."
        )


@dataclass(frozen=True)
class CoveragePoint:
    """Answering only where the confidence is at least `threshold`: n images, that share of all, and how many right."""

    coverage: float
    threshold: float
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float

    @property
    def sentence(self) -> str:
        """The point as a reader can quote it."""
        return (
            f"Predicts {100 * self.coverage:.0f} % of the images with {wording.percent(self.accuracy)} accuracy "
            f"({wording.percent_interval(self.accuracy_low, self.accuracy_high)}), at a confidence of at least "
            f"{wording.percent(self.threshold)}."
        )


def calibration(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> Calibration:
    """Reliability bins of equal width over (0, 1], expected calibration error, log loss and Brier score.

    The expected calibration error is the mean distance of accuracy and confidence of the bins, weighted by their
    images (Naeini, Cooper and Hauskrecht 2015), with 15 bins as in Guo and others (2017). It depends on the bins and
    comes out a little above 0 even for a perfect model.
    """
    confidences, correct = confidence(probabilities), right(labels, probabilities)
    rows = _bins(confidences, correct, bins)
    n = len(labels)
    gaps = [
        row.n * abs(row.accuracy - row.confidence)
        for row in rows
        if row.accuracy is not None and row.confidence is not None
    ]
    return Calibration(
        n=n,
        accuracy=float(correct.mean()) if n else None,
        confidence=float(confidences.mean()) if n else None,
        expected_error=sum(gaps) / n if n else None,
        log_loss=log_loss(labels, probabilities),
        brier_score=brier_score(labels, probabilities),
        bins=rows,
    )


def fit_temperature(labels: Labels, probabilities: Probabilities) -> Temperature:
    """The temperature that minimises the log loss (Guo and others 2017); fit it on validation, never on test images.

    Logits are known from probabilities up to a constant that softmax does not see. The loss has one minimum, which
    is looked for between COLDEST and HOTTEST.
    """
    n, before = len(labels), log_loss(labels, probabilities)
    if n == 0:
        return Temperature(1.0, n, before, before, settled=False)
    from scipy.optimize import minimize_scalar  # half a second that only fitting has to spend

    logits = _logits(probabilities)

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(n), labels]))

    edges = np.log([COLDEST, HOTTEST])
    minimum = minimize_scalar(loss, bounds=edges, method="bounded", options={"xatol": 1e-6})
    if minimum.fun > min(loss(edge) for edge in edges) - 1e-6:
        return Temperature(1.0, n, before, before, settled=False)
    return Temperature(float(np.exp(minimum.x)), n, before, float(minimum.fun), settled=True)


def with_temperature(probabilities: Probabilities, temperature: float) -> NDArray[np.float64]:
    """The probabilities (n, k) that the model would give with its logits divided by the temperature."""
    weights = np.exp(_logits(probabilities) / temperature)
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares


def accuracy_by_coverage(
    labels: Labels, probabilities: Probabilities, coverages: Sequence[float] = COVERAGES
) -> list[CoveragePoint]:
    """Accuracy on the most confident images, for shares of all images from 0 to 1; empty without images.

    Images of equal confidence are answered together, so that a point may cover more than was asked for, never less.
    """
    n = len(labels)
    if n == 0:
        return []
    confidences = confidence(probabilities)
    order = np.argsort(-confidences, kind="stable")
    falling = confidences[order]
    right_so_far = np.cumsum(right(labels, probabilities)[order])
    asked = np.clip(np.ceil(np.asarray(coverages) * n - 1e-9).astype(np.int64), 1, n)
    answered = np.searchsorted(-falling, -falling[asked - 1], side="right")
    return [_point(int(right_so_far[count - 1]), count, n, float(falling[count - 1])) for count in answered.tolist()]


def _point(correct: int, count: int, n: int, threshold: float) -> CoveragePoint:
    low, high = accuracy_interval(correct, count)
    return CoveragePoint(count / n, threshold, count, correct / count, low, high)


def _bins(confidences: NDArray[np.float64], correct: NDArray[np.bool_], bins: int) -> tuple[ReliabilityBin, ...]:
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidences, side="left")
    counts = np.bincount(place, minlength=bins).tolist()
    sums = np.bincount(place, weights=confidences, minlength=bins).tolist()
    hits = np.bincount(place, weights=correct, minlength=bins).astype(np.int64).tolist()
    return tuple(
        _bin(float(edges[row]), float(edges[row + 1]), counts[row], sums[row], hits[row]) for row in range(bins)
    )


def _bin(lower: float, upper: float, n: int, confidence_sum: float, hits: int) -> ReliabilityBin:
    low, high = accuracy_interval(hits, n)
    return ReliabilityBin(lower, upper, n, confidence_sum / n if n else None, hits / n if n else None, low, high)


def _logits(probabilities: Probabilities) -> NDArray[np.float64]:
    """Logarithms shifted so that each row's largest is 0, which keeps exponentials from overflowing."""
    logarithms = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST_PROBABILITY))
    shifted: NDArray[np.float64] = logarithms - logarithms.max(axis=1, keepdims=True)
    return shifted
