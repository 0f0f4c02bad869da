"""Probabilities as bars in an HTML table, which reads well aloud and needs no chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from dashboard.style import RunStyle
from jobs.reports.html import words

_TRACK = "rgba(128,138,148,0.18)"


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
    return (
        '<table style="width:100%;max-width:34rem;border-collapse:collapse;font-size:0.875rem;'
        f'font-variant-numeric:tabular-nums"><caption style="text-align:start;padding:0 0 0.375rem;caption-side:top">'
        f"{caption}</caption><tbody>{rows}</tbody></table>"
    )


def legend(answers: Sequence[Answer]) -> str:
    """Which bars belong to which run, by sign and colour."""
    entries = (
        f'<span style="overflow-wrap:anywhere;margin-right:1rem"><span aria-hidden="true" '
        f'style="color:{answer.style.colour}">{answer.style.sign}</span> {words(answer.name)}</span>'
        for answer in answers
    )
    return "".join(entries)


def _row(label: int, answers: Sequence[Answer], truth: int | None) -> str:
    weight = "700" if label == truth else "400"
    mark = " ✓" if label == truth else ""
    bars = "".join(_bar(float(answer.probabilities[label]), answer) for answer in answers)
    return (
        f'<tr><th scope="row" style="width:7.25rem;padding:0.2rem 0.5rem 0.2rem 0;text-align:start;white-space:nowrap;'
        f'font-weight:{weight}">{CLASS_NAMES[label]}{mark}</th><td style="padding:0.2rem 0">{bars}</td></tr>'
    )


def _bar(share: float, answer: Answer) -> str:
    return (
        '<div style="display:flex;align-items:center;gap:0.5rem;line-height:1.25rem">'
        f'<div style="flex:1;height:0.625rem;background:{_TRACK};border-radius:2px;overflow:hidden">'
        f'<div style="width:{100 * share:.2f}%;height:100%;background:{answer.style.colour}"></div></div>'
        f'<span style="width:3.75rem;text-align:end">{100 * share:.1f} %</span></div>'
    )
