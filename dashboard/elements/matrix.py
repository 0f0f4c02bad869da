"""A confusion matrix whose cells are real buttons: chosen by mouse, finger or keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import streamlit as st

from core.classes import short_names
from dashboard import page_wording
from dashboard.charts.confusion import Cell
from dashboard.elements.sources import component

_matrix = component("matrix")


def show_matrix(
    cells: Sequence[Cell],
    classes: Sequence[str],
    caption: str,
    *,
    key: str,
    hint: str = "",
    about: str = "",
    chosen: tuple[int, int] | None = None,
    on_choice: Callable[[int, int], None] | None = None,
) -> tuple[int, int] | None:
    """Show the cells and return (true, predicted) of the one that was chosen just now, if any.

    Classes without cells are left out; those with cells come in the order of these.

    `on_choice(true, predicted)` is called before the page runs again: the place to put the choice in the URL. The
    picture that can be saved of it has the caption without the `hint`, and is named after `key` and what it is `about`.
    """

    labels = list(dict.fromkeys(cell.row for cell in cells))
    place = {label: position for position, label in enumerate(labels)}
    names = [classes[label] for label in labels]

    def choose() -> None:
        row, column = st.session_state[key]["chosen"]
        if on_choice:
            on_choice(labels[int(row)], labels[int(column)])

    result = _matrix(
        key=key,
        data={
            "caption": caption,
            "hint": hint,
            "names": names,
            "short": short_names(names),
            "cells": [{**asdict(cell), "row": place[cell.row], "column": place[cell.column]} for cell in cells],
            "chosen": [place[label] for label in chosen] if chosen and place.keys() >= set(chosen) else None,
            "picture": page_wording.file_name(key, about),
        },
        on_chosen_change=choose,
    )
    return (labels[int(result.chosen[0])], labels[int(result.chosen[1])]) if result.chosen else None
