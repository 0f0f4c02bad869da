"""What runs say of photos, as a table and as CSV: a row for each photo and run, or for a photo that cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.answers.class_sets import COVERAGE, set_sentence, set_words
from core.answers.verdict import Judgement, Verdict
from core.statistics import wording
from jobs.reports.csv_writer import written

SET_COLUMN = f"Set of classes, {100 * COVERAGE:.0f} %"
_NONE: Verdict = "none of these"


@dataclass(frozen=True)
class PhotoAnswer:
    """What one run says of one photo (probabilities of its classes), or why the photo has no answer."""

    file: str
    run: str = ""
    polarity: str = ""
    probabilities: NDArray[np.floating[Any]] | None = None
    error: str = ""
    verdict: str = ""
    truth: str = ""
    """The true class, empty where nobody said it."""
    classes: Sequence[str] = ()
    set_names: Sequence[str] = ()
    """The classes in the set, the most probable first; none without a calibration, or where it is none of them."""
    set_images: str = ""
    """What sets are calibrated on, empty for a run without sets."""

    @property
    def promise(self) -> str:
        """The set of classes with its promised coverage, in a sentence; empty without a set."""
        return set_sentence(self.set_names, self.set_images) if self.set_names else ""


def answer_table(answers: Sequence[PhotoAnswer]) -> pd.DataFrame:
    """For reading: file, run, the three most probable classes in words, or the error."""
    columns = ["File", "Run", "First", "Second", "Third"]
    if any(answer.verdict for answer in answers):
        columns.append("Verdict")
    if any(answer.set_names for answer in answers):
        columns.append(SET_COLUMN)
    if any(answer.truth for answer in answers):
        columns.append("True class")
    if any(answer.error for answer in answers):
        columns.append("Error")
    return pd.DataFrame([_row(answer) for answer in answers], columns=columns)


def answer_csv(answers: Sequence[PhotoAnswer]) -> str:
    """For other programs: file, run, polarity, true class, predicted, confidence, verdict, set, each class, error."""
    classes = list(dict.fromkeys(name for answer in answers for name in answer.classes))
    rows = [_csv_row(answer, classes) for answer in answers]
    return written(list(rows[0]) if rows else [], (list(row.values()) for row in rows))


def verdict(answers: Sequence[PhotoAnswer]) -> str:
    """What all runs together say of one photo, the verdict first, in a sentence; empty without answers."""
    given = [answer for answer in answers if answer.probabilities is not None]
    if not given:
        return ""
    phrases = {answer.run: _phrase(answer) for answer in given}
    if len(given) == 1:
        (phrase,) = phrases.values()
        return f"{phrase}." if given[0].verdict else f"{given[0].run} predicts {phrase}."
    if len(set(phrases.values())) == 1:
        return f"{_all(len(given))}: {_lowered(phrases[given[0].run], given[0])}."
    first = {_predicted(answer) for answer in given if answer.verdict != _NONE}
    if len(first) == 1 and not any(answer.verdict == _NONE for answer in given):
        sure = sum(answer.verdict == "sure" for answer in given)
        return f"{_all(len(given))} predict {first.pop()}; {sure} of them {('is' if sure == 1 else 'are')} sure."
    told = (f"{answer.run}: {_lowered(phrases[answer.run], answer)}" for answer in given)
    return f"The runs disagree: {', '.join(told)}."


def verdict_words(judgement: Judgement) -> str:
    """Whether an answer can be relied on, and why: "Not sure: the two best are close."."""
    return f"{judgement.verdict.capitalize()}: {judgement.reason}" if judgement.verdict else judgement.reason


def _phrase(answer: PhotoAnswer) -> str:
    """ "Sure: Bag", "Not sure: Bag or Shirt", "None of these", or the class alone of a run without verdicts."""
    assert answer.probabilities is not None
    first, second = (answer.classes[label] for label in np.argsort(-answer.probabilities, kind="stable")[:2])
    if answer.verdict == _NONE:
        return "None of these"
    if not answer.verdict:
        return first
    return f"Sure: {first}" if answer.verdict == "sure" else f"Not sure: {first} or {second}"


def _all(runs: int) -> str:
    return "Both runs" if runs == 2 else f"All {runs} runs"


def _lowered(phrase: str, answer: PhotoAnswer) -> str:
    """The phrase within a sentence; names of classes keep their capital."""
    return phrase if phrase in answer.classes else phrase[0].lower() + phrase[1:]


def _row(answer: PhotoAnswer) -> dict[str, str]:
    row = {"File": answer.file, "Run": answer.run, "Error": answer.error, "Verdict": answer.verdict.capitalize()}
    row |= {"True class": answer.truth, SET_COLUMN: set_words(answer.set_names)}
    if answer.probabilities is None:
        return row
    best = np.argsort(-answer.probabilities, kind="stable")[:3]
    places = zip(("First", "Second", "Third"), best, strict=False)
    return row | {
        place: f"{answer.classes[label]} {wording.percent(float(answer.probabilities[label]), 1)}"
        for place, label in places
    }


def _csv_row(answer: PhotoAnswer, classes: Sequence[str]) -> dict[str, Any]:
    """The cells of an answer; a class that its run does not know has none."""
    row: dict[str, Any] = {"file": answer.file, "run": answer.run, "polarity": answer.polarity}
    row["true class"] = answer.truth
    given = [] if answer.probabilities is None else answer.probabilities.tolist()
    shares = dict(zip(answer.classes, given, strict=answer.probabilities is not None))
    return (
        row
        | {
            "predicted": "" if answer.probabilities is None else _predicted(answer),
            "confidence": None if answer.probabilities is None else float(answer.probabilities.max()),
            "verdict": answer.verdict,
            "set": "; ".join(answer.set_names),
            "set coverage": COVERAGE if answer.set_names else None,
            "set calibrated on": answer.set_images,
        }
        | {name: shares.get(name) for name in classes}
        | {"error": answer.error}
    )


def _predicted(answer: PhotoAnswer) -> str:
    return "" if answer.probabilities is None else answer.classes[int(answer.probabilities.argmax())]
