"""Which test images a gallery shows and in what order. Pure: no Streamlit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.statistics.agreement import outcomes
from core.statistics.metrics import confidence, margin, true_class_loss
from jobs.store.records import Predictions, Run

ALL, WRONG, RIGHT = "all", "wrong", "right"
ONLY_RUN, ONLY_AGAINST, BOTH_WRONG, BOTH_RIGHT = "only-run", "only-against", "both-wrong", "both-right"
RUN_SAYS, AGAINST_SAYS = "run-says", "against-says"
"""Images that the two answer differently, by the answer of the one and of the other."""
OUTCOMES = (ALL, WRONG, RIGHT)
AGREEMENT = (ONLY_RUN, ONLY_AGAINST, BOTH_WRONG, BOTH_RIGHT)
PAIRED_OUTCOMES = (*AGREEMENT, RUN_SAYS, AGAINST_SAYS)

LOSS, CONFIDENCE, MARGIN = "loss", "confidence", "margin"
_QUOTE_THE_OTHER = (ONLY_RUN, AGAINST_SAYS)
"""Where the run alone is right its answers say nothing, and where the other alone says so it is the other's."""
_ORDERS = {LOSS: "highest loss first", CONFIDENCE: "most confident first", MARGIN: "smallest margin first"}

Indices = NDArray[np.integer]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Wanted:
    """What a gallery asks for; None means any class, or no cap."""

    show: str = WRONG
    true: int | None = None
    predicted: int | None = None
    sort: str = LOSS
    cap: int | None = None
    """At most this many images of each pair of true and predicted class, so that one pair does not fill the page."""


@dataclass(frozen=True)
class Pair:
    """A run with what it said of the test images, and perhaps another to hold against it."""

    run: Run
    answers: Predictions
    against: Run | None = None
    other: Predictions | None = None

    def quoted(self, show: str) -> Predictions:
        """Whose answers captions and columns quote: the run's, but the other's where that is the one to look at."""
        return self.other if self.other is not None and show in _QUOTE_THE_OTHER else self.answers

    def quoted_name(self, show: str) -> str:
        """The name of the run that is quoted."""
        return self.against.name if self.against is not None and show in _QUOTE_THE_OTHER else self.run.name

    def among(self, show: str) -> Mask:
        """Which images have the outcome `show`, (n,); outcomes of two runs need the second."""
        return among(self.answers, self.other, show)

    def counted(self, show: str) -> Mask:
        """Which images a matrix counts: all of them, or those with an outcome of two runs."""
        return self.among(show if show in PAIRED_OUTCOMES else ALL)


def among(run: Predictions, against: Predictions | None, show: str) -> Mask:
    """Which images have the outcome `show`, (n,); outcomes of two runs need the second."""
    right = run.predicted == run.labels
    if against is None or show in OUTCOMES:
        return {WRONG: ~right, RIGHT: right}.get(show, np.ones_like(right))
    if show in (RUN_SAYS, AGAINST_SAYS):
        return np.asarray(run.predicted != against.predicted)
    place = (BOTH_RIGHT, ONLY_RUN, ONLY_AGAINST, BOTH_WRONG).index(show)
    return np.asarray(outcomes(run.labels, run.predicted, against.predicted) == place)


def changed(difference: int) -> str:
    """The images to look at where a run gives an answer so many times more, or fewer, than the one held against it."""
    return RUN_SAYS if difference >= 0 else AGAINST_SAYS


def pick_images(answers: Predictions, mask: Mask, wanted: Wanted) -> Indices:
    """Positions in the data set of the images of a mask that are wanted, in the order wanted.

    Loss and confidence come highest first, margin smallest first; of equals the earlier image comes first.
    """
    if wanted.true is not None:
        mask = mask & (answers.labels == wanted.true)
    if wanted.predicted is not None:
        mask = mask & (answers.predicted == wanted.predicted)
    positions = np.flatnonzero(mask)
    ordered = positions[np.argsort(_rank(answers, positions, wanted.sort), kind="stable")]
    return ordered if wanted.cap is None else ordered[_first_of_each_pair(answers, ordered, wanted.cap)]


def outcome_words(run: str, against: str | None) -> dict[str, str]:
    """What each outcome is called for a run and perhaps another, both by name."""
    words = {ALL: "All", WRONG: "Misclassified", RIGHT: "Right"}
    if against is None:
        return words
    return words | {
        ONLY_RUN: f"{run} right, {against} wrong",
        ONLY_AGAINST: f"{against} right, {run} wrong",
        BOTH_WRONG: "Both wrong",
        BOTH_RIGHT: "Both right",
        RUN_SAYS: f"Only {run} predicts this",
        AGAINST_SAYS: f"Only {against} predicts this",
    }


def describe(
    wanted: Wanted, classes: Sequence[str], run: str, against: str | None, *, within_area: bool = False
) -> str:
    """What a gallery shows in words: "Misclassified, true Coat; highest loss first."."""
    asker = against if against and wanted.show in _QUOTE_THE_OTHER else run
    parts = [outcome_words(run, against)[wanted.show]]
    if wanted.true is not None:
        parts.append(f"true {classes[wanted.true]}")
    if wanted.predicted is not None:
        parts.append(f"predicted {classes[wanted.predicted]}")
    if wanted.cap is not None:
        parts.append(f"at most {wanted.cap} per class pair")
    if within_area:
        parts.append("within the map area")
    return f"{', '.join(parts)}; {_ORDERS[wanted.sort]}. Captions: true class → prediction of {asker}."


def _rank(answers: Predictions, positions: Indices, sort: str) -> NDArray[np.floating[Any]]:
    probabilities = answers.probabilities[positions]
    if sort == CONFIDENCE:
        return -confidence(probabilities)
    if sort == MARGIN:
        return margin(probabilities)
    return -true_class_loss(answers.labels[positions], probabilities)


def _first_of_each_pair(answers: Predictions, ordered: Indices, cap: int) -> Mask:
    """Which of the images are among the first `cap` of their pair of true and predicted class."""
    pairs = answers.labels[ordered] * len(answers.classes) + answers.predicted[ordered]
    by_pair = np.argsort(pairs, kind="stable")
    sorted_pairs = pairs[by_pair]
    place = np.arange(len(pairs)) - np.searchsorted(sorted_pairs, sorted_pairs)
    kept = np.zeros(len(pairs), dtype=bool)
    kept[by_pair[place < cap]] = True
    return kept
