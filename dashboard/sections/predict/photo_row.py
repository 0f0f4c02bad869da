"""One photo on the page Predict: the stages to what the model sees, what can be corrected, and the runs' answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.photos.model_view import ModelView, Polarity, RelativeBox
from dashboard import page
from dashboard.charts import bars, images
from dashboard.charts.bars import Answer
from dashboard.queries.corrections import TURNS, WHOLE, Corrections
from dashboard.style import css

_POLARITIES: dict[Polarity, str] = {
    "auto": "As detected",
    "dark-on-light": "Invert",
    "light-on-dark": "Keep",
}
_EDGES = {"across": "Left and right edge, % of the width", "down": "Top and bottom edge, % of the height"}
_STAGE_SIDE = 104
_MODEL_SIDE = 28


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


@dataclass(frozen=True)
class Shown:
    """An answer, what it rests on, what it promises, and what its model sees where that is not the cut-out."""

    answer: Answer
    words: str
    promise: str
    seen: NDArray[np.uint8] | None = None


def show_photo(photo: str, name: str, view: ModelView, answers: Sequence[Shown], verdict: str, truth: str) -> None:
    """The row of a photo; `photo` is a key of its own for its controls."""
    st.subheader(page.plain(name), anchor=False)
    known = f" True class: {truth}." if truth else ""
    st.markdown(f"**{page.plain(verdict + known)}**")
    stages, bars_of_runs = st.columns([3, 2], gap="large")
    with stages:
        figures = [_figure(name, stage, picture, view.frame) for stage, picture in view.stages.items()]
        st.html(f'<div class="stages">{images.figure_row([*figures, _own_size(name, view.image)])}</div>')
        st.caption("; ".join(view.notes).capitalize() + ".")
        _show_controls(photo)
    with bars_of_runs:
        for shown in answers:
            answer = shown.answer
            if shown.seen is not None:
                alt = f"{name}: what {answer.name} sees"
                st.html(
                    images.figure(images.enlarged(shown.seen, alt, _STAGE_SIDE), "What the model sees", _STAGE_SIDE)
                )
            label = list(answer.classes).index(truth) if truth in answer.classes else None
            st.html(bars.probability_bars([answer], bars.legend([answer]), top=3, truth=label))
            if shown.promise:
                st.markdown(page.plain(shown.promise))
            st.caption(page.plain(shown.words))


def _show_controls(photo: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Polarity",
            list(_POLARITIES),
            key=f"polarity_{photo}",
            default="auto",
            format_func=_POLARITIES.__getitem__,
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


def _figure(name: str, stage: str, picture: NDArray[np.uint8], frame: RelativeBox) -> str:
    small = images.shrunk(picture, 2 * _STAGE_SIDE)
    shown = images.enlarged(small, f"{name}: {stage}", _STAGE_SIDE)
    if stage == "original":
        width = _STAGE_SIDE * picture.shape[1] / max(picture.shape[:2])
        shown = f'<div class="framed" {css(width=f"{width:.0f}px")}>{shown}<div {_framed(frame)}></div></div>'
    return images.figure(shown, escape(stage.capitalize()), _STAGE_SIDE)


def _own_size(name: str, image: NDArray[np.uint8]) -> str:
    shown = images.enlarged(image, f"{name}: at actual size", _MODEL_SIDE)
    return images.figure(shown, "Own size", _STAGE_SIDE)


def _framed(frame: RelativeBox) -> str:
    """Where on the original the model looks, for style.css; what lies beyond the photo is cut off."""
    left, top, right, bottom = (100 * min(max(edge, 0.0), 1.0) for edge in frame)
    sides = {"left": left, "top": top, "width": right - left, "height": bottom - top}
    return css(**{name: f"{side:.1f}%" for name, side in sides.items()})
