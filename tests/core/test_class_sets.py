"""A set of classes: which they are, and what is promised of them."""

import numpy as np
import pytest

from core.answers.class_sets import SetCalibration, set_sentence, set_words, without_sets
from core.answers.verdict import Judgement, Verdict
from core.classes import CLASS_NAMES

NAMES = ("Coat", "Pullover", "Shirt", "Dress")
CALIBRATION = SetCalibration(0.75, "480 photos of office")
SHARES = np.array([0.25, 0.45, 0.2, 0.1], np.float32)


def test_the_most_probable_class_comes_first() -> None:
    assert CALIBRATION.labels(SHARES) == (1, 0)
    assert SetCalibration(0.1, "").labels(SHARES) == (1,)


@pytest.mark.parametrize("verdict", ["sure", "not sure", None])
def test_a_set_does_not_depend_on_the_verdict(verdict: Verdict | None) -> None:
    assert CALIBRATION.names(Judgement(SHARES, verdict, ""), NAMES) == ["Pullover", "Coat"]


def test_a_photo_of_none_of_the_classes_has_no_set() -> None:
    assert CALIBRATION.names(Judgement(SHARES, "none of these", ""), NAMES) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "a"),
        (2, "a or b"),
        (3, "a, b or c"),
        (6, "a, b, c, d, e or f"),
        (26, "a, b, c, d, e or 21 more"),
    ],
)
def test_classes_are_listed_and_of_many_the_first_five(count: int, words: str) -> None:
    assert set_words("abcdefghijklmnopqrstuvwxyz"[:count]) == words


def test_a_run_without_sets_says_why_and_what_would_give_it_some() -> None:
    assert "or measure it on a photo set of at least 50 photos" in without_sets("one", CLASS_NAMES)
    told = without_sets("pets", ("cat", "dog"))
    assert told.startswith("pets predicts no sets of classes")
    assert told.endswith("Train it again with at least 200 validation images.")


def test_the_promise_says_what_it_rests_on() -> None:
    assert set_sentence(["Coat", "Pullover"], "480 photos of office") == (
        "Coat or Pullover: 9 in 10 such answers hold the truth (calibrated on 480 photos of office)."
    )
