"""One photo on the page Predict: the stages to what the model sees, what can be corrected, and the runs' answers."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from core.photos.model_view import Box, ModelView, Polarity
from dashboard import page
from dashboard.charts import bars, images
from dashboard.charts.bars import Answer
from dashboard.queries.corrections import TURNS, WHOLE, Corrections

_POLARITIES: dict[Polarity, str] = {
    "auto": "As detected",
    "dark-on-light": "Invert",
    "light-on-dark": "Keep",
}
_EDGES = {"across": "Left and right edge, % of the width", "down": "Top and bottom edge, % of the height"}
_STAGE_SIDE = 104
_MODEL_SIDE = 28
_FIGURE = f"margin:0;max-width:{_STAGE_SIDE}px;display:flex;flex-direction:column;justify-content:flex-end"
_CAPTION = "font-size:0.8125rem;line-height:1.4;min-height:2.8em;padding-top:0.25rem"
"""Room for two lines below each picture, so that all of them stand on one line."""
_AROUND = "position:relative;overflow:hidden"
_FRAME = (
    "position:absolute;left:{left:.1f}%;top:{top:.1f}%;width:{width:.1f}%;height:{height:.1f}%;"
    "outline:2px solid #2b7cb5;box-shadow:0 0 0 3px rgba(255,255,255,0.7)"
)


def chosen_corrections(photo: str) -> Corrections:
    """What was chosen for the photo of this key, everything as found until then."""
    state = st.session_state
    return Corrections(
        polarity=state.get(f"polarity_{photo}") or "auto",
        turn=state.get(f"turn_{photo}") or 0,
        across=tuple(state.get(f"across_{photo}", WHOLE)),
        down=tuple(state.get(f"down_{photo}", WHOLE)),
        cut_out=state.get(f"cut_out_{photo}", True),
    )


def show_photo(
    photo: str, name: str, view: ModelView, answers: Sequence[tuple[Answer, str]], verdict: str, truth: int | None
) -> None:
    """The row of a photo; `photo` is a key of its own for its controls, each answer comes with what it rests on."""
    st.subheader(page.plain(name), anchor=False)
    known = "" if truth is None else f" True class: {CLASS_NAMES[truth]}."
    st.markdown(f"**{page.plain(verdict + known)}**")
    stages, said = st.columns([3, 2], gap="large")
    with stages:
        figures = "".join(_figure(name, stage, picture, view.frame) for stage, picture in view.stages.items())
        st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.75rem">{figures}{_own_size(name, view.image)}</div>')
        st.caption("; ".join(view.notes).capitalize() + ".")
        _show_controls(photo)
    with said:
        for answer, words in answers:
            st.html(bars.probability_bars([answer], bars.legend([answer]), top=3, truth=truth))
            st.caption(page.plain(words))


def _show_controls(photo: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Polarity",
            list(_POLARITIES),
            key=f"polarity_{photo}",
            default="auto",
            format_func=_POLARITIES.get,
            required=True,
            persist_state="session",
        )
        st.segmented_control(
            "Rotate",
            TURNS,
            key=f"turn_{photo}",
            default=0,
            format_func=lambda degrees: f"{degrees}°",
            required=True,
            persist_state="session",
        )
        st.toggle("Cut out the item", key=f"cut_out_{photo}", value=True, persist_state="session")
    with st.expander("Crop"):
        for edges, label in _EDGES.items():
            st.slider(label, 0, 100, WHOLE, key=f"{edges}_{photo}", persist_state="session")


def _figure(name: str, stage: str, picture: NDArray[np.uint8], frame: Box) -> str:
    small = images.shrunk(picture, 2 * _STAGE_SIDE)
    shown = images.enlarged(small, f"{name}: {stage}", _STAGE_SIDE)
    if stage == "original":
        width = _STAGE_SIDE * picture.shape[1] / max(picture.shape[:2])
        shown = f'<div style="{_AROUND};width:{width:.0f}px">{shown}<div style="{_framed(frame)}"></div></div>'
    return f'<figure style="{_FIGURE}">{shown}{_caption(stage)}</figure>'


def _own_size(name: str, image: NDArray[np.uint8]) -> str:
    shown = images.enlarged(image, f"{name}: at actual size", _MODEL_SIDE)
    return f'<figure style="{_FIGURE}">{shown}{_caption("actual size")}</figure>'


def _caption(words: str) -> str:
    return f'<figcaption style="{_CAPTION}">{escape(words.capitalize())}</figcaption>'


def _framed(frame: Box) -> str:
    """Where on the original the model looks, in CSS; what lies beyond the photo is cut off."""
    left, top, right, bottom = (100 * min(max(edge, 0.0), 1.0) for edge in frame)
    return _FRAME.format(left=left, top=top, width=right - left, height=bottom - top)
