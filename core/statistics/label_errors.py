"""Suspect labels by confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty
in Dataset Labels", Journal of Artificial Intelligence Research 70).

It needs probabilities by a model that did not learn from these labels, and asks of each image: is there another class
of which the model is as sure as it is, on average, of the images that are labelled so? Such an image is suspect, not
wrong: the model may err. It takes a person to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.statistics.metrics import Labels, Probabilities, self_confidence

NO_CLASS = -1


@dataclass(frozen=True)
class LabelQuality:
    """What a model's probabilities say of n labels; every array has the shape (n,)."""

    suspect: NDArray[np.bool_]
    suggested: NDArray[np.int64]
    """The class that a suspect image may be instead, NO_CLASS for the others."""
    self_confidence: NDArray[np.float64]
    """The probability of the label, 0 to 1: low where the model finds the label improbable."""
    trust: NDArray[np.float64]
    """Trustworthiness of the label, 0 to 1: half of one plus the label's probability less that of the most probable
    other class (the normalised margin); under 0.5 the model prefers another class."""

    @property
    def ranked(self) -> NDArray[np.int64]:
        """The positions of the suspect images, the least trustworthy first."""
        return self.order(self.trust)

    def order(self, score: NDArray[np.float64]) -> NDArray[np.int64]:
        """The positions of the suspect images, those with the lowest score first; of equals the earlier one."""
        positions = np.flatnonzero(self.suspect)
        return positions[np.argsort(score[positions], kind="stable")]


@dataclass(frozen=True)
class LabelTrust:
    """How far the label of one image can be trusted, by models that did not learn from it."""

    label: int
    score: float
    """0 to 1, as LabelQuality.trust; the mean over the judges."""
    lower_share: float
    """Share of all images whose label is less trustworthy, 0 to 1."""
    judges: tuple[str, ...]
    suggested_by: Mapping[str, int]
    """The class that each judge to whom the label is suspect finds instead."""
    classes: Sequence[str]

    @property
    def sentence(self) -> str:
        """What a reader is told, with who says so."""
        place = f"{100 * self.lower_share:.1f} % of the labels have a lower one"
        start = f"The label {self.classes[self.label]} has a label quality of {self.score:.2f} out of 1 ({place})"
        if not self.suggested_by:
            return f"{start}; it is not flagged by {' or '.join(self.judges)}."
        others = " and ".join(f"{name} ({self.classes[label]})" for name, label in self.suggested_by.items())
        return f"{start}; it is flagged by {others}."


def label_quality(labels: Labels, probabilities: Probabilities) -> LabelQuality:
    """Judge labels (n,) by out-of-sample probabilities (n, k).

    An image is suspect if its label is not the most probable class, and it is counted off the diagonal of the confident
    joint. Raises ValueError when the two do not fit together.
    """
    counted = confident_class(labels, probabilities)
    labels = np.asarray(labels, dtype=np.int64)
    suspect = (counted != NO_CLASS) & (counted != labels) & (probabilities.argmax(axis=1) != labels)
    confidences = self_confidence(labels, probabilities)
    return LabelQuality(
        suspect=suspect,
        suggested=np.where(suspect, counted, NO_CLASS),
        self_confidence=confidences,
        trust=0.5 + (confidences - _highest_other(labels, probabilities)) / 2,
    )


def agreed(judged: Sequence[LabelQuality]) -> LabelQuality:
    """What several models, at least one, say together: suspect where all find the image suspect, for the same class.

    Scores are their means.
    """
    first = judged[0]
    suspect = np.all([quality.suspect & (quality.suggested == first.suggested) for quality in judged], axis=0)
    return LabelQuality(
        suspect=suspect,
        suggested=np.where(suspect, first.suggested, NO_CLASS),
        self_confidence=np.mean([quality.self_confidence for quality in judged], axis=0),
        trust=np.mean([quality.trust for quality in judged], axis=0),
    )


def label_trust(position: int, label: int, judged: Mapping[str, LabelQuality], classes: Sequence[str]) -> LabelTrust:
    """The trustworthiness of one image's label, by what models, at least one, say of all labels, by their names."""
    together = agreed(list(judged.values()))
    against = {name: int(quality.suggested[position]) for name, quality in judged.items() if quality.suspect[position]}
    return LabelTrust(
        label=label,
        score=float(together.trust[position]),
        lower_share=float(np.mean(together.trust < together.trust[position])),
        judges=tuple(judged),
        suggested_by=against,
        classes=classes,
    )


def confident_class(labels: Labels, probabilities: Probabilities) -> NDArray[np.int64]:
    """The class that each image is counted for in the confident joint, NO_CLASS where there is none; shape (n,).

    The most probable of the classes that are at least as probable as their threshold (equation 1 of the paper).
    """
    reached = probabilities >= class_thresholds(labels, probabilities)
    best: NDArray[np.int64] = np.where(reached, probabilities, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), best, NO_CLASS)


def class_thresholds(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """How sure the model is, on average, of the images labelled so (equation 2); above 1 for a class without images."""
    confidences = self_confidence(labels, probabilities)
    class_count = probabilities.shape[1]
    members = np.bincount(labels, minlength=class_count)
    sums = np.bincount(labels, weights=confidences, minlength=class_count)
    thresholds: NDArray[np.float64] = np.where(members > 0, sums / np.maximum(members, 1), 2.0)
    return thresholds


def _highest_other(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    others = np.array(probabilities, dtype=np.float64)
    others[np.arange(len(labels)), labels] = 0.0
    highest: NDArray[np.float64] = others.max(axis=1)
    return highest
