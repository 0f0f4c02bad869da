"""Where each model finds in a photo what speaks for its answer."""

from collections.abc import Mapping
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from dashboard.charts import images
from dashboard.charts.saliency import overlay, where

_SIDE = 132
_FIGURE = f"margin:0;width:{_SIDE}px"


def show_saliency(photo: str, image: NDArray[np.uint8], found: Mapping[str, tuple[int, NDArray[np.float32]]]) -> None:
    """What a model sees (28, 28), with what speaks for the answer of each run; `found` is (label, saliency) by name."""
    figures = "".join(_figure(photo, image, name, label, salient) for name, (label, salient) in found.items())
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.75rem">{figures}</div>')


def _figure(photo: str, image: NDArray[np.uint8], name: str, label: int, salient: NDArray[np.float32]) -> str:
    words = f"{photo}: what speaks for {CLASS_NAMES[label]} to {name}, {where(salient)}"
    caption = f"{escape(name)}: for <b>{CLASS_NAMES[label]}</b>, {where(salient)}"
    return (
        f'<figure style="{_FIGURE}">{images.enlarged(overlay(image, salient), words, _SIDE)}'
        f'<figcaption style="font-size:0.8125rem;padding-top:0.25rem">{caption}</figcaption></figure>'
    )
