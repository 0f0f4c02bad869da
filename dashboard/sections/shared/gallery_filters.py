"""What a gallery of test images shows, chosen by controls that live in the URL."""

from collections.abc import Collection, Sequence

import streamlit as st

from dashboard import page_wording, pickers
from dashboard.charts import galleries
from dashboard.charts.galleries import Wanted

CLOSED = ("page", "image")
"""Parameters of the URL that belong to the gallery as it was before a new choice."""

_WIDTH = 160
"""Pixels of a control: two stand beside each other on a phone."""

_NAME_ROOM = 16
"""Characters of a name in it: it holds two beside a few words."""

_ANY = ""
_CAPS = {_ANY: "All"} | {count: f"At most {count}" for count in ("1", "3", "6")}
_SORTS = {
    galleries.LOSS: "Loss, highest first",
    galleries.CONFIDENCE: "Confidence, highest first",
    galleries.MARGIN: "Margin, smallest first",
}


def class_choices(classes: Sequence[str]) -> dict[str, str]:
    """The classes to choose one of, by label, or any."""
    return {_ANY: "Any class"} | {str(label): name for label, name in enumerate(classes)}


def gallery_filters(classes: Sequence[str], run: str, against: str | None) -> Wanted:
    """The controls, for a run and perhaps another, by name; without a cell or an area they begin with the errors."""
    choices = class_choices(classes)
    with st.container(horizontal=True):
        shown = st.container(width=_WIDTH if against is None else 2 * _WIDTH + 16)
        others = [st.container(width=_WIDTH) for _ in range(4)]
        with others[0]:
            true = pickers.pick_one("True class", choices, "true", clears=CLOSED)
        with others[1]:
            predicted = pickers.pick_one("Predicted class", choices, "predicted", clears=CLOSED)
        with others[2]:
            sort = pickers.pick_one("Sort by", _SORTS, "sort", clears=CLOSED)
        with others[3]:
            cap = pickers.pick_one("Per class pair", _CAPS, "cap", clears=CLOSED)
        short = page_wording.shortened([run] if against is None else [run, against], _NAME_ROOM)
        words = galleries.outcome_words(short[run], None if against is None else short[against])
        first = galleries.ALL if true and predicted or pickers.in_url("area") else galleries.WRONG
        with shown:
            show = pickers.pick_one("Show", {first: words[first], **words}, "show", clears=CLOSED)
    return Wanted(show, _number(true), _number(predicted), sort, _number(cap))


def filters_in_url(classes: Sequence[str], paired: bool) -> Wanted:
    """What the controls would give, read from the URL where they are not shown."""
    true, predicted = (_read(name, class_choices(classes)) for name in ("true", "predicted"))
    first = galleries.ALL if true and predicted or pickers.in_url("area") else galleries.WRONG
    shows = (first, *galleries.OUTCOMES, *(galleries.PAIRED_OUTCOMES if paired else ()))
    sort, cap = _read("sort", _SORTS), _read("cap", _CAPS)
    return Wanted(_read("show", shows), _number(true), _number(predicted), sort, _number(cap))


def _read(name: str, options: Collection[str]) -> str:
    """The option that the URL names, the first if it names none."""
    return next((value for value in pickers.in_url(name) if value in options), next(iter(options)))


def choose_cell(true: int, predicted: int, show: str | None = None) -> None:
    """Put a cell of the matrix in the URL; without `show` an outcome of two runs stays, so that the count holds."""
    kept = [outcome for outcome in pickers.in_url("show") if outcome in galleries.PAIRED_OUTCOMES]
    closed = dict.fromkeys((*CLOSED, "cap"))
    pickers.change_url({**closed, "show": show or kept, "true": str(true), "predicted": str(predicted)})


def _number(option: str) -> int | None:
    return int(option) if option else None
