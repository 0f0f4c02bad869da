"""What runs say of photos, as a table and as CSV: a row for each photo and run, or for a photo that cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from core.verdict import Judgement
from dashboard import wording


@dataclass(frozen=True)
class PhotoAnswer:
    """What one run says of one photo (ten probabilities), or why the photo has no answer."""

    file: str
    run: str = ""
    polarity: str = ""
    probabilities: NDArray[np.floating[Any]] | None = None
    error: str = ""
    verdict: str = ""
    truth: int | None = None
    """The label of the true class, None where nobody said it."""


def answer_table(answers: Sequence[PhotoAnswer]) -> pd.DataFrame:
    """For reading: file, run, the three most probable classes in words, or the error."""
    columns = ["File", "Run", "First", "Second", "Third"]
    if any(answer.verdict for answer in answers):
        columns.append("Verdict")
    if any(answer.truth is not None for answer in answers):
        columns.append("True class")
    if any(answer.error for answer in answers):
        columns.append("Error")
    return pd.DataFrame([_row(answer) for answer in answers], columns=columns)


def answer_csv(answers: Sequence[PhotoAnswer]) -> str:
    """For other programs: file, run, polarity, true class, predicted, confidence, verdict, each class, error."""
    return pd.DataFrame([_csv_row(answer) for answer in answers]).to_csv(index=False)


def verdict(answers: Sequence[PhotoAnswer]) -> str:
    """Whether the runs agree on one photo, in a sentence; empty without answers."""
    said = {answer.run: _predicted(answer) for answer in answers if answer.probabilities is not None}
    if len(said) < 2:
        return "".join(f"{run} says {name}." for run, name in said.items())
    if len(set(said.values())) == 1:
        return f"All {len(said)} runs say {next(iter(said.values()))}."
    return "The runs disagree: " + ", ".join(f"{run} says {name}" for run, name in said.items()) + "."


def verdict_words(judgement: Judgement) -> str:
    """Whether an answer can be relied on, and why: "Not sure: the two best are close."."""
    return f"{judgement.verdict.capitalize()}: {judgement.reason}" if judgement.verdict else judgement.reason


def _row(answer: PhotoAnswer) -> dict[str, str]:
    row = {"File": answer.file, "Run": answer.run, "Error": answer.error, "Verdict": answer.verdict.capitalize()}
    row["True class"] = _true_class(answer)
    if answer.probabilities is None:
        return row
    best = np.argsort(-answer.probabilities, kind="stable")[:3]
    places = zip(("First", "Second", "Third"), best, strict=True)
    return row | {
        place: f"{CLASS_NAMES[label]} {wording.share(float(answer.probabilities[label]), 1)}" for place, label in places
    }


def _csv_row(answer: PhotoAnswer) -> dict[str, Any]:
    row: dict[str, Any] = {"file": answer.file, "run": answer.run, "polarity": answer.polarity}
    row["true class"] = _true_class(answer)
    shares = [None] * len(CLASS_NAMES) if answer.probabilities is None else answer.probabilities.tolist()
    return (
        row
        | {
            "predicted": "" if answer.probabilities is None else _predicted(answer),
            "confidence": None if answer.probabilities is None else float(answer.probabilities.max()),
            "verdict": answer.verdict,
        }
        | dict(zip(CLASS_NAMES, shares, strict=True))
        | {"error": answer.error}
    )


def _true_class(answer: PhotoAnswer) -> str:
    return "" if answer.truth is None else CLASS_NAMES[answer.truth]


def _predicted(answer: PhotoAnswer) -> str:
    return "" if answer.probabilities is None else CLASS_NAMES[int(answer.probabilities.argmax())]
