"""A page of small pictures, each a link with its own address that opens in place."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import streamlit as st

from dashboard.charts.gallery_pictures import Picture
from dashboard.elements.sources import component

_gallery = component("gallery", html="<ul></ul>")


def gallery(pictures: Sequence[Picture], label: str, *, key: str, on_open: Callable[[int], None] | None = None) -> None:
    """Show the pictures as a list named `label`; `on_open(position)` is called before the page runs again.

    Without `on_open` an address is opened as the browser opens any link; a picture without one cannot be opened.
    """

    def open_one() -> None:
        if on_open:
            on_open(int(st.session_state[key]["opened"]))

    _gallery(
        key=key,
        data={"label": label, "pictures": [asdict(picture) for picture in pictures], "in_place": on_open is not None},
        on_opened_change=open_one,
    )
