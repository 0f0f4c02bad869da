"""Where each model finds what speaks for its answer and for the true class, side by side."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import LookbookError
from dashboard import page, pickers
from dashboard.charts import images
from dashboard.charts.bars import Answer
from dashboard.charts.saliency import overlay, where
from dashboard.queries import model_queries
from jobs.store.records import Run

_SIDE = 152


def show_saliency(image: NDArray[np.uint8], position: int, label: int, answers: Sequence[tuple[Run, Answer]]) -> None:
    """Grad-CAM of each model for the class that it says and for the true one, when it is asked for.

    Only then: loading a model the first time takes seconds.
    """
    st.subheader("Grad-CAM", anchor=False)
    if not pickers.switch("Show Grad-CAM heat maps", "saliency"):
        return
    columns = st.columns(max(len(answers), 2), gap="large")
    for column, (run, answer) in zip(columns, answers, strict=False):
        with column:
            try:
                _show_model(image, position, label, run, answer)
            except LookbookError as error:
                page.say(error)
    st.caption(
        "Orange: regions that raise the logit of the class, seen from the last layer with spatial feature maps "
        "(Selvaraju et al. 2017). Each heat map has its own scale. It shows roughly where, not why."
    )


def _show_model(image: NDArray[np.uint8], position: int, label: int, run: Run, answer: Answer) -> None:
    predicted = int(answer.probabilities.argmax())
    roles = {predicted: "its prediction, wrong", label: "the true class"}
    if predicted == label:
        roles = {label: "its prediction, right"}
    maps = {each: model_queries.saliency(run.id, position, each) for each in roles}
    st.markdown(f"{answer.style.sign} **{page.plain(answer.name)}**")
    st.html(
        images.figure_row(_figure(image, maps[each], answer.classes[each], roles[each], answer.name) for each in roles)
    )


def _figure(image: NDArray[np.uint8], salient: NDArray[np.float32], label: str, role: str, name: str) -> str:
    words = f"Grad-CAM heat map of {name} for {label}: {where(salient)}"
    shown = images.enlarged(overlay(image, salient), words, _SIDE)
    caption = f"for <b>{escape(label)}</b>, {escape(role)}<br>{where(salient)}"
    return images.figure(shown, caption, _SIDE)
