"""The map of the test images: areas are chosen by mouse, finger or keyboard, images opened by a click on a point."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import streamlit as st

from dashboard import page_wording
from dashboard.charts.embedding import Embedding
from dashboard.elements.sources import component

_map = component("embedding_map")


def show_embedding(
    shown: Embedding,
    *,
    key: str,
    about: str,
    on_area: Callable[[Sequence[Sequence[float]]], None],
    on_open: Callable[[int], None],
) -> None:
    """Show the map. `on_area(corners)`, in thousandths, none for the whole map, and `on_open(position)` are called
    before the page runs again. The picture that can be saved of it is named after `key` and what it is `about`.
    """

    def choose() -> None:
        on_area(st.session_state[key]["area"])

    def open_one() -> None:
        on_open(int(st.session_state[key]["opened"]))

    data = {**asdict(shown), "picture": page_wording.file_name(key, about)}
    _map(key=key, data=data, on_area_change=choose, on_opened_change=open_one)
