"""Probabilities as bars in an HTML table, which reads well aloud and needs no chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from dashboard.style import RunStyle, css
from jobs.reports.html import words


@dataclass(frozen=True)
class Answer:
    """What one run says of one image: ten probabilities that sum to 1."""

    name: str
    probabilities: NDArray[np.floating[Any]]
    style: RunStyle


def probability_bars(
    answers: Sequence[Answer], caption: str, *, top: int | None = None, truth: int | None = None
) -> str:
    """A table with a row per class and a bar per answer: every class by label, or the first answer's `top` by rank."""
    labels = np.argsort(-answers[0].probabilities, kind="stable")[:top] if top else range(len(CLASS_NAMES))
    rows = "".join(_row(int(label), answers, truth) for label in labels)
    return f'<table class="answers"><caption>{caption}</caption><tbody>{rows}</tbody></table>'


def legend(answers: Sequence[Answer]) -> str:
    """Which bars belong to which run, by sign and colour."""
    entries = (
        f'<span class="run"><span aria-hidden="true" {css(colour=answer.style.colour)}>{answer.style.sign}</span> '
        f"{words(answer.name)}</span>"
        for answer in answers
    )
    return "".join(entries)


def _row(label: int, answers: Sequence[Answer], truth: int | None) -> str:
    name = f"<b>{CLASS_NAMES[label]} ✓</b>" if label == truth else CLASS_NAMES[label]
    bars = "".join(_bar(float(answer.probabilities[label]), answer) for answer in answers)
    return f'<tr><th scope="row">{name}</th><td>{bars}</td></tr>'


def _bar(share: float, answer: Answer) -> str:
    drawn = css(share=f"{100 * share:.2f}%", colour=answer.style.colour)
    return f'<div class="answer"><div class="bar" {drawn}></div><span>{100 * share:.1f} %</span></div>'
