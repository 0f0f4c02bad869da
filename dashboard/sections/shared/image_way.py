"""The image of a gallery that is open, in the URL, and the way from it to the next."""

import streamlit as st

from core.statistics import wording
from dashboard import pickers
from dashboard.charts.galleries import Indices


def image_in_url(count: int) -> int | None:
    """The image `?image=` of so many; None if the URL names none of them."""
    asked = pickers.number_in_url("image")
    return asked if asked is not None and asked < count else None


def open_image(position: int | None) -> None:
    """Put an image in the URL, or take it out."""
    pickers.put_in_url("image", None if position is None else str(position))


def show_way(position: int, order: Indices) -> None:
    """Back, on, and where this image stands in its gallery; the arrow keys do the same."""
    place = list(order).index(position) if position in order else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back to the gallery", key="image_close", on_click=open_image, args=(None,), icon="↩")
        if place is None:
            st.caption("This image is not in the gallery with the current filters.")
            return
        for name, step, arrow in (("Previous", -1, "Left"), ("Next", 1, "Right")):
            there = 0 <= place + step < len(order)
            aim = int(order[place + step]) if there else None
            st.button(name, key=f"image_{name}", on_click=open_image, args=(aim,), disabled=not there, shortcut=arrow)
        st.caption(f"{place + 1:,} of {wording.counted(len(order), 'image')}")
