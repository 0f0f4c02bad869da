"""Probabilities as bars in an HTML table, which reads well aloud and needs no chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.style import RunStyle, css
from jobs.reports.html import words

MOST_BARS = 20


@dataclass(frozen=True)
class Answer:
    """What one run says of one image: probabilities (c,) that sum to 1, of these classes."""

    name: str
    probabilities: NDArray[np.floating[Any]]
    style: RunStyle
    classes: Sequence[str]


def probability_bars(
    answers: Sequence[Answer], caption: str, *, top: int | None = None, truth: int | None = None
) -> str:
    """A table with a row per class and a bar per answer: every class by label, or the first answer's `top` by rank.

    The answers are about the same classes. Of more than MOST_BARS classes the likeliest are shown, and the true one.
    """
    ranked = np.argsort(-answers[0].probabilities, kind="stable")
    labels = ranked[:top] if top else _worth_showing(ranked, truth)
    rows = "".join(_row(int(label), answers, truth) for label in labels)
    return f'<table class="answers"><caption>{caption}</caption><tbody>{rows}</tbody></table>'


def _worth_showing(ranked: NDArray[np.integer[Any]], truth: int | None) -> Sequence[int]:
    if len(ranked) <= MOST_BARS:
        return range(len(ranked))
    likeliest = ranked[:MOST_BARS].tolist()
    return likeliest if truth is None or truth in likeliest else [*likeliest, truth]


def legend(answers: Sequence[Answer]) -> str:
    """Which bars belong to which run, by sign and colour."""
    entries = (
        f'<span class="run"><span aria-hidden="true" {css(colour=answer.style.colour)}>{answer.style.sign}</span> '
        f"{words(answer.name)}</span>"
        for answer in answers
    )
    return "".join(entries)


def _row(label: int, answers: Sequence[Answer], truth: int | None) -> str:
    name = words(answers[0].classes[label])
    if label == truth:
        name = f"<b>{name} ✓</b>"
    bars = "".join(_bar(float(answer.probabilities[label]), answer) for answer in answers)
    return f'<tr><th scope="row">{name}</th><td>{bars}</td></tr>'


def _bar(share: float, answer: Answer) -> str:
    drawn = css(share=f"{100 * share:.2f}%", colour=answer.style.colour)
    return f'<div class="answer"><div class="bar" {drawn}></div><span>{100 * share:.1f} %</span></div>'
